"""What a model costs: parameters, MACs, FLOPs, memory; by op and by module."""
