"""The inspector: what is selected, and how its tags are known."""
