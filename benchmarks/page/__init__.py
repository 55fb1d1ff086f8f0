"""How fast the page is: `make bench-page` and `make bench-view`."""
