"""The dialog of timings: its fixed parts, and what they say of the open model."""
