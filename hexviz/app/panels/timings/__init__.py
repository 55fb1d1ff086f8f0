"""The performance tab: its fixed parts, and what they say of the open model."""
