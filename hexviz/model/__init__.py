"""Reading and writing ONNX; ops, the module tree, the tagged graph."""
