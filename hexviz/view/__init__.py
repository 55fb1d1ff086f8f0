"""What a tagged graph looks like: a pure function from a state to elements.

::

    TaggedGraph ─ build_index ─→ Index ─┐
                     ViewState ─────────┼─ render ─→ Rendered.elements → Cytoscape
              theme, LayoutCache ───────┘                         └→ to_svg → a file
"""
