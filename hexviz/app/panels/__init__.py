"""What stands beside the graph or in its place: one file or folder for each panel."""
