"""Measuring hexviz: accuracy against known truth."""
