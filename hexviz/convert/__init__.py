"""A tagged graph as files of other tools: Model Explorer, networkx, yEd, Graphviz, tables.

Each writer is a function from a graph and :class:`~hexviz.convert.options.Options` to the bytes of
a file; :mod:`hexviz.convert.formats` knows which suffix means which.
"""
