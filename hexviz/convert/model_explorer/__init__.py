"""Model Explorer (ai-edge-model-explorer): its graph JSON, its node data, and an extension of it.

``model-explorer model.onnx --extensions=hexviz.convert.model_explorer`` loads :mod:`.main`, the
only file here that imports Model Explorer.
"""
