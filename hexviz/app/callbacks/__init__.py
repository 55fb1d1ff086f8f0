"""Thin adapters from what happens in the browser to pure functions, one file per concern."""
