"""What happens in the graph: an event, the next page state, its picture."""
