"""``hexviz view --watch``: files that are written anew, read again while people look at them."""
