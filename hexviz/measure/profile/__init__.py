"""Where the time of a run goes: nodes as a runtime ran them, led back to modules."""
