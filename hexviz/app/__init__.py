"""The page: the only floor that knows Dash."""
