"""The measure tab: figures by module beside the graph, and what they are made from."""
