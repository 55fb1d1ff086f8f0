"""Blocks that nobody named: found by what a graph repeats, and named by what they are made of."""
