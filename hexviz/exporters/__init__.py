"""From a SOURCE to an ONNX model: open it, run one of PyTorch's exporters, keep what torch knows.

Importing this package, or :mod:`hexviz.exporters.model_source`, does not import
torch; :mod:`hexviz.exporters.export` does.
"""
