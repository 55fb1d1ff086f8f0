"""The models that are open: in memory, on disk, edited, and where they came from."""
