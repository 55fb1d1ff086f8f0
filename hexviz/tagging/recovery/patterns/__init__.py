"""What the op structure of a graph proves: attention, feed-forward parts, norms, residual sums."""
