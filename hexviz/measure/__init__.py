"""Figures by module: what a graph costs, how long it takes, where its numbers go wrong."""
