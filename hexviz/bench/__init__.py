"""Measuring hexviz: accuracy against known truth, speed and memory beside parsing."""
