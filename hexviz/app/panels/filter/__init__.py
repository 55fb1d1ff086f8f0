"""The filter's tab: what a person wants kept, what that means for the model, and how it leaves."""
