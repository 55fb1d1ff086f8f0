"""Pictures as SVG files, drawn from the elements and the stylesheet that Cytoscape gets."""

from hexviz.view.svg.picture import to_svg

__all__ = ["to_svg"]
