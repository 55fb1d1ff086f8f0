"""Two graphs of one model: which op of one is which of the other."""
