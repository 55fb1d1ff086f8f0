"""Studies of hexviz on models of known truth, and tools that measure it: `make bench-…`."""
