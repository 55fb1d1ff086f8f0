"""The worst files that somebody could think of, each with a name; see docs/hostile.md."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

Maker = Callable[[Path], Path]

CHEAP: dict[str, Maker] = {}
"""Cases that take a moment: name → writes the files into a folder, returns the path to open."""

COSTLY: dict[str, Maker] = {}
"""Cases of hundreds of megabytes, or of millions of parts."""

FLOAT = TensorProto.FLOAT


def model(nodes: Iterable[NodeProto] = ()) -> ModelProto:
    """A model with one input ``x``, whose output is the last node's."""
    made = ModelProto(ir_version=10)
    made.opset_import.add(domain="", version=21)
    made.opset_import.add(domain="local", version=1)
    made.graph.name = "hostile"
    made.graph.node.extend(nodes)
    value(made.graph.input, "x")
    last = made.graph.node[-1].output[0] if made.graph.node else "x"
    value(made.graph.output, last)
    return made


def value(where: object, name: str, dims: Iterable[int] = (2, 2)) -> None:
    told = where.add(name=name)  # type: ignore[attr-defined] # a repeated field
    told.type.tensor_type.elem_type = FLOAT
    for dim in dims:
        told.type.tensor_type.shape.dim.add(dim_value=dim)


def node(op: str, inputs: str, outputs: str, name: str = "", domain: str = "") -> NodeProto:
    return NodeProto(
        op_type=op, name=name, domain=domain, input=inputs.split(), output=outputs.split()
    )


def note(one: NodeProto | ModelProto, key: str, text: str) -> None:
    one.metadata_props.add(key=key, value=text)


def weight(made: ModelProto, name: str, dims: Iterable[int] = (2, 2), raw: bytes = b"") -> None:
    made.graph.initializer.add(name=name, data_type=FLOAT, dims=dims, raw_data=raw or bytes(16))


def relus(count: int) -> list[NodeProto]:
    return [node("Relu", f"v{at - 1}" if at else "x", f"v{at}") for at in range(count)]


def cheap(make: Callable[[], ModelProto | bytes]) -> Callable[[], ModelProto | bytes]:
    return _register(CHEAP, make)


def costly(make: Callable[[], ModelProto | bytes]) -> Callable[[], ModelProto | bytes]:
    return _register(COSTLY, make)


def _register(
    where: dict[str, Maker], make: Callable[[], ModelProto | bytes]
) -> Callable[[], ModelProto | bytes]:
    def write(folder: Path) -> Path:
        made = make()
        path = folder / "model.onnx"
        path.write_bytes(made if isinstance(made, bytes) else made.SerializeToString())
        return path

    where[make.__name__.strip("_").replace("_", " ")] = write
    return make


def on_disk(make: Maker) -> Maker:
    CHEAP[make.__name__.replace("_", " ")] = make
    return make


# Depth.


@cheap
def scopes_5000_deep_in_a_name() -> ModelProto:
    return model([node("Relu", "x", "y", "/" + "/".join("s" for _ in range(5000)) + "/Relu")])


@cheap
def scopes_5000_deep_in_300_names() -> ModelProto:
    deep = "/".join(f"m{at}" for at in range(5000))
    return model([node("Relu", "x", f"y{at}", f"/{deep}/n{at}/Relu") for at in range(300)])


@cheap
def scopes_5000_deep_in_metadata() -> ModelProto:
    one = node("Relu", "x", "y")
    fqns = [".".join(["s"] * at) for at in range(5000)]
    note(one, "pkg.torch.onnx.name_scopes", repr([*fqns, "relu"]))
    note(one, "pkg.torch.onnx.class_hierarchy", repr([*["M"] * 5000, "aten.relu"]))
    return model([one])


@cheap
def a_scope_5000_deep_in_the_namespace() -> ModelProto:
    one = node("Relu", "x", "y")
    note(one, "namespace", "/".join(f"{'.'.join(['s'] * at)}: M" for at in range(3000)) + "/f: r")
    return model([one])


@cheap
def a_weight_5000_deep() -> ModelProto:
    made = model([node("MatMul", "x " + "m." * 5000 + "weight", "y")])
    weight(made, "m." * 5000 + "weight")
    return made


@cheap
def weights_900_deep_with_many_branches() -> ModelProto:
    names = [f"b{at}." + "m." * 900 + "weight" for at in range(500)]
    made = model([node("MatMul", f"x {name}", f"y{at}") for at, name in enumerate(names)])
    for name in names:
        weight(made, name)
    return made


@cheap
def a_tag_5000_deep() -> ModelProto:
    one = node("Relu", "x", "y")
    note(one, "winml.hierarchy.tag", "/" + "/".join(f"M{at}" for at in range(5000)))
    return model([one])


@cheap
def deep_modules_with_long_classes() -> ModelProto:
    made = model([node("Relu", "x", "y")])
    deep = {".".join(["a"] * at): {"class": "C" * 10_000} for at in range(1500)}
    note(made, "hexviz.modules", json.dumps(deep))
    return made


@cheap
def bodies_as_deep_as_a_file_can_hold() -> ModelProto:
    return model([_nested(30)])


def _nested(depth: int) -> NodeProto:
    inner = node("Relu", "x", "d0")
    for at in range(1, depth):
        body = GraphProto(name="b")
        body.node.append(inner)
        value(body.output, inner.output[0])
        inner = node("If", "x", f"d{at}")
        for branch in ("then_branch", "else_branch"):
            inner.attribute.add(name=branch, type=AttributeProto.GRAPH).g.CopyFrom(body)
            body = GraphProto(name="b")
            body.node.append(node("Relu", "x", f"e{at}"))
            value(body.output, f"e{at}")
    return inner


def _wrapped(tag: int, content: bytes) -> bytes:
    return bytes([tag << 3 | 2]) + _varint(len(content)) + content


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


@cheap
def bodies_100000_deep() -> bytes:
    content = b""
    for _ in range(30_000):  # a graph in an attribute in a node in a graph
        content = _wrapped(1, _wrapped(5, _wrapped(6, content)))
        if len(content) > 3_000_000:
            break
    return b"\x08\x0a" + _wrapped(7, content)


@cheap
def sequences_of_sequences() -> ModelProto:
    made = model([node("Identity", "x", "y")])
    told = made.graph.input[0].type
    told.Clear()
    for _ in range(40):
        told = told.sequence_type.elem_type
    told.tensor_type.elem_type = FLOAT
    return made


@cheap
def a_list_nested_in_metadata() -> ModelProto:
    one = node("Relu", "x", "y")
    note(one, "pkg.torch.onnx.name_scopes", "[" * 100_000)
    note(one, "pkg.torch.onnx.class_hierarchy", "(" * 100_000 + ")" * 100_000)
    other = node("Relu", "y", "z")
    note(other, "pkg.torch.onnx.name_scopes", "-" * 500_000 + "1")
    note(other, "hexviz.module", "m")
    note(other, "hexviz.origin", "declared")
    note(other, "hexviz.rule", "metadata")
    note(other, "hexviz.evidence", "[" * 200_000)
    made = model([one, other])
    note(made, "hexviz.modules", '{"a":' * 100_000)
    return made


# Functions.


def _function(made: ModelProto, name: str, nodes: Iterable[NodeProto]) -> None:
    one = made.functions.add(name=name, domain="local", input=["a"], output=["b"])
    one.opset_import.add(domain="", version=21)
    one.opset_import.add(domain="local", version=1)
    one.node.extend(nodes)


@cheap
def a_function_that_calls_itself() -> ModelProto:
    made = model([node("f", "x", "y", domain="local")])
    _function(made, "f", [node("f", "a", "b", domain="local")])
    return made


@cheap
def functions_that_call_each_other() -> ModelProto:
    made = model([node("f", "x", "y", domain="local")])
    _function(made, "f", [node("g", "a", "b", domain="local")])
    _function(made, "g", [node("f", "a", "b", domain="local")])
    return made


@cheap
def functions_5000_deep() -> ModelProto:
    made = model([node("f0", "x", "y", domain="local")])
    for at in range(5000):
        _function(made, f"f{at}", [node(f"f{at + 1}", "a", "b", domain="local")])
    _function(made, "f5000", [node("Relu", "a", "b")])
    return made


@cheap
def functions_that_double_40_times() -> ModelProto:
    made = model([node("f0", "x", "y", domain="local")])
    for at in range(40):
        calls = [node(f"f{at + 1}", "a", "m", domain="local")]
        calls.append(node(f"f{at + 1}", "m", "b", domain="local"))
        _function(made, f"f{at}", calls)
    _function(made, "f40", [node("Relu", "a", "b")])
    return made


@cheap
def functions_of_one_name() -> ModelProto:
    made = model([node("f", "x", "y", domain="local")])
    for _ in range(200):
        _function(made, "f", [node("Relu", "a", "b")])
    return made


@cheap
def a_function_called_10000_times() -> ModelProto:
    made = model(
        [node("f", f"v{at - 1}" if at else "x", f"v{at}", domain="local") for at in range(10_000)]
    )
    _function(
        made, "f", [node("Relu", "a" if not at else f"r{at - 1}", f"r{at}") for at in range(99)]
    )
    made.functions[0].node.append(node("Relu", "r98", "b"))
    return made


# Structure.


@cheap
def a_cycle() -> ModelProto:
    return model([node("Add", "x b", "a"), node("Relu", "a", "b")])


@cheap
def an_op_that_reads_itself() -> ModelProto:
    return model([node("Add", "x a", "a")])


@cheap
def a_cycle_of_50000_ops() -> ModelProto:
    made = model(relus(50_000))
    made.graph.node[0].input[0] = "v49999"
    return made


@cheap
def a_chain_of_50000_ops_backwards() -> ModelProto:
    return model(relus(50_000)[::-1])


@cheap
def one_output_made_twice() -> ModelProto:
    return model([node("Relu", "x", "y"), node("Relu", "x", "y")])


@cheap
def a_name_of_megabytes_made_twice() -> ModelProto:
    name = "n\n" * 1_000_000
    return model([NodeProto(op_type="Relu", input=["x"], output=[name]) for _ in range(2)])


@cheap
def a_name_of_megabytes_in_a_cycle() -> ModelProto:
    name = "n\n\x1b[31m" * 1_000_000
    return model([NodeProto(op_type="Relu", input=[name], output=[name])])


@cheap
def dangling_inputs() -> ModelProto:
    return model([node("Add", f"nothing{at} neither{at}", f"v{at}") for at in range(1000)])


@cheap
def ops_without_outputs_or_names() -> ModelProto:
    made = model(relus(1))
    made.graph.node.extend(NodeProto() for _ in range(20_000))
    return made


@cheap
def values_named_like_ids_of_others() -> ModelProto:
    nodes = relus(1) + [NodeProto() for _ in range(2000)]
    nodes += [node("Relu", "x", f"#{at}") for at in range(2000)]
    nodes += [node("Relu", "x", "~".join(["#1"] * at)) for at in range(2, 1000)]
    return model(nodes)


@cheap
def functions_whose_values_clash_with_others() -> ModelProto:
    made = model([node("Relu", "x", f"function:local::f/b{'~2' * at}") for at in range(2000)])
    for _ in range(1000):
        _function(made, "f", [node("Relu", "a", "b")])
    return made


@cheap
def inputs_of_one_name() -> ModelProto:
    made = model(relus(2))
    for _ in range(20_000):
        value(made.graph.input, "x")
        value(made.graph.output, "v1")
    return made


@cheap
def one_value_with_50000_readers() -> ModelProto:
    return model([node("Relu", "x", "y"), *(node("Relu", "y", f"v{at}") for at in range(50_000))])


@cheap
def one_shape_with_20000_readers() -> ModelProto:
    readers = (node("Relu", "y", f"v{at}", f"/layer.{at}/act/Relu") for at in range(20_000))
    return model([node("Shape", "x", "s"), node("Cast", "s", "y"), *readers])


@cheap
def an_op_with_100000_inputs() -> ModelProto:
    made = model([node("Relu", "x", "y")])
    made.graph.node.append(NodeProto(op_type="Concat", output=["z"], input=["y"] * 100_000))
    return made


@cheap
def an_op_with_100000_outputs() -> ModelProto:
    many = [f"o{at}" for at in range(100_000)]
    made = model([NodeProto(op_type="Split", input=["x"], output=many)])
    made.graph.node.append(NodeProto(op_type="Concat", output=["z"], input=many))
    return made


@cheap
def all_to_all() -> ModelProto:
    nodes = []
    for layer in range(30):
        reads = " ".join(f"l{layer - 1}_{at}" for at in range(60)) if layer else "x"
        nodes += [node("Sum", reads, f"l{layer}_{at}") for at in range(60)]
    return model(nodes)


@cheap
def auxiliary_ladder() -> ModelProto:
    """Two ways at each of 20,000 steps, through auxiliary ops of as many modules."""
    nodes = [node("Relu", "x", "v0")]
    for at in range(10_000):
        nodes.append(node("Reshape", f"v{at}", f"w{at}", f"/m.{at}/Reshape"))
        nodes.append(node("Concat", f"v{at} w{at}", f"v{at + 1}", f"/n.{at}/Concat"))
    return model(nodes)


@cheap
def auxiliary_ladder_that_is_read() -> ModelProto:
    made = auxiliary_ladder()
    assert isinstance(made, ModelProto)
    for at in range(0, 10_000, 10):
        made.graph.node.append(node("Relu", f"w{at}", f"r{at}", f"/reader.{at}/sub/Relu"))
    return made


@cheap
def an_identity_fan_between_gaps() -> ModelProto:
    nodes = [node("Conv", "x", "y", "/a.0/conv/Conv")]
    nodes += [node("Identity", f"i{at - 1}" if at else "y", f"i{at}") for at in range(3000)]
    for at in range(3000):
        nodes.append(node("Add", "i2999 x", f"z{at}"))
        nodes.append(node("Conv", f"z{at}", f"c{at}", f"/a.{at}/conv/Conv"))
    return model(nodes)


@cheap
def members_of_a_list_numbered_by_billions() -> ModelProto:
    nodes = []
    for at in range(4):
        where = ("", "1.", "5.")[at % 3]
        for index in (1, 10**9, 10**12):
            name = f"layers.{where}{index}.fc"
            nodes.append(
                node("MatMul", "x x", f"m{at}_{index}", f"/{name.replace('.', '/')}/MatMul")
            )
            nodes.append(node("Add", f"m{at}_{index} x", f"a{at}_{index}"))
            nodes.append(node("Relu", f"a{at}_{index}", f"r{at}_{index}", f"/{name}/act/Relu"))
    made = model(nodes)
    for one in (1, 2, 10**9, 10**4000):
        weight(made, f"layers.{one}.fc.weight")
    return made


@cheap
def blocks_far_apart_in_a_list() -> ModelProto:
    """Doubles in a list whose last member has a number of many digits: none can be counted to."""
    nodes = []
    for index in (0, 3, 6, 10**15):
        for part in ("query", "key"):
            one = node("MatMul", "x x", f"{part}{index}")
            fqns = ["", f"layers.{index}", f"layers.{index}.{part}"]
            if index != 3 or part == "query":
                note(one, "pkg.torch.onnx.name_scopes", repr([*fqns, "mm"]))
                note(one, "pkg.torch.onnx.class_hierarchy", repr(["M", "Layer", "Linear", "aten"]))
            nodes.append(one)
    return model(nodes)


@cheap
def numbers_of_thousands_of_digits() -> ModelProto:
    nodes = []
    for index in range(3):
        one = node("MatMul", "x x", f"y{index}")
        number = "7" * (5000 + index)
        note(one, "pkg.torch.onnx.name_scopes", repr(["", f"l.{number}", f"l.{number}.q", "mm"]))
        nodes += [one, node("Add", f"y{index} x", f"z{index}")]
    made = model(nodes)
    note(
        made,
        "hexviz.modules",
        json.dumps({"a": {"class": "A"}})[:-1] + ', "b": ' + "9" * 5000 + "}",
    )
    return made


@cheap
def digits_that_are_no_numbers() -> ModelProto:
    nodes = []
    for at, index in enumerate(("²", "١", "Ⅷ", "½", "0", "1")):
        one = node("MatMul", "x x", f"y{at}", f"/l.{index}/q/MatMul")
        note(one, "namespace", f": M/l.{index}: L/l.{index}.q: Q/mm: aten")
        nodes += [one, node("Add", f"y{at} x", f"z{at}")]
    return model(nodes)


# Quantity.


@cheap
def initializers_100000() -> ModelProto:
    made = model(relus(1))
    for at in range(100_000):
        made.graph.initializer.add(name=f"w.{at}.weight", data_type=FLOAT, dims=[0])
    return made


@cheap
def modules_20000_in_one() -> ModelProto:
    return model([node("Relu", "x", f"y{at}", f"/m{at}/Relu") for at in range(20_000)])


@cheap
def siblings_of_one_class() -> ModelProto:
    made = model([node("Relu", "x", "y")])
    same = {f"s.{at}.a": {"class": "A", "tag": "/M/A"} for at in range(20_000)}
    note(made, "hexviz.modules", json.dumps(same))
    return made


@cheap
def strings_of_megabytes() -> ModelProto:
    text = "ä\n<b>" * 400_000
    one = NodeProto(
        op_type=text, name=text, domain=text, input=["x"], output=["y"], doc_string=text
    )
    one.attribute.add(name=text, type=AttributeProto.STRING, s=text.encode())
    for key in (
        "namespace",
        "pkg.torch.onnx.stack_trace",
        "pkg.torch.onnx.name_scopes",
        "hexviz.module",
    ):
        note(one, key, text)
    made = model([one])
    made.producer_name = made.graph.name = made.doc_string = text
    note(made, "hexviz.modules", json.dumps({text: {"class": text, "tag": text}}))
    value(made.graph.value_info, "y")
    made.graph.value_info[0].type.tensor_type.shape.dim[0].dim_param = text
    return made


@cheap
def metadata_of_one_op_100000_times() -> ModelProto:
    one = node("Relu", "x", "y")
    for _ in range(100_000):
        note(one, "hexviz.module", "m")
        note(one, "pkg.torch.onnx.name_scopes", "['', 'm', 'f']")
    return model([one])


@cheap
def attributes_100000() -> ModelProto:
    one = node("Relu", "x", "y")
    for at in range(100_000):
        one.attribute.add(name=f"a{at}", type=AttributeProto.INT, i=at)
    one.attribute.add(name="ints", type=AttributeProto.INTS, ints=range(1_000_000))
    return model([one])


@cheap
def shapes_of_100000_dims() -> ModelProto:
    made = model(relus(2))
    value(made.graph.value_info, "v0", [1] * 100_000)
    weight(made, "w", [1] * 100_000)
    return made


# Tensors.


def _tensor(dims: Iterable[int], raw: bytes = bytes(16)) -> ModelProto:
    made = model([node("MatMul", "x w", "y"), node("Reshape", "y w", "z")])
    weight(made, "w", dims, raw)
    constant = node("Constant", "", "c")
    held = constant.attribute.add(name="value", type=AttributeProto.TENSOR).t
    held.data_type, held.raw_data = FLOAT, raw
    held.dims.extend(dims)
    made.graph.node.append(constant)
    return made


@cheap
def dims_beyond_all_memory() -> ModelProto:
    return _tensor([2**40, 2**40])


@cheap
def dims_that_overflow() -> ModelProto:
    return _tensor([2**62, 4, 2**62])


@cheap
def negative_dims() -> ModelProto:
    return _tensor([-1, -(2**63)])


@cheap
def dims_of_zero() -> ModelProto:
    return _tensor([0, 2**62])


@cheap
def types_that_do_not_exist() -> ModelProto:
    made = _tensor([2, 2])
    made.graph.initializer[0].data_type = 2**31 - 1
    made.graph.input[0].type.tensor_type.elem_type = -7
    return made


@cheap
def a_constant_of_shape_beyond_all_memory() -> ModelProto:
    shape = TensorProto(name="s", data_type=TensorProto.INT64, dims=[3], int64_data=[2**40] * 3)
    made = model(
        [node("ConstantOfShape", "s", "y"), node("Range", "a b c", "r"), node("Tile", "r s", "t")]
    )
    made.graph.initializer.append(shape)
    for name, number in (("a", 0), ("b", 2**62), ("c", 1)):
        made.graph.initializer.add(name=name, data_type=TensorProto.INT64, int64_data=[number])
    return made


@cheap
def sizes_lying_in_the_bytes() -> bytes:
    content = model(relus(50)).SerializeToString()
    at = content.index(b"Relu") - 1
    return content[:at] + b"\xff\xff\xff\xff\x07" + content[at + 1 :]


# What lies elsewhere, or is no file.


def _external(folder: Path, location: str) -> Path:
    made = model([node("MatMul", "x w", "y")])
    one = made.graph.initializer.add(name="w", data_type=FLOAT, dims=[2, 2])
    one.data_location = TensorProto.EXTERNAL
    one.external_data.add(key="location", value=location)
    path = folder / "model.onnx"
    path.write_bytes(made.SerializeToString())
    return path


for _label, _location in {
    "above": "../../../../etc/passwd",
    "of a whole path": "/etc/passwd",
    "of Windows": "C:\\Windows\\system.ini",
    "without a name": "",
    "with a NUL": "a\0b",
    "of megabytes": "a" * 2_000_000,
    "with line ends": "a\nb\x1b[2J\u202ec",
    "in the folder itself": ".",
    "with lone surrogates": "a/\U0010ffff/b",
}.items():
    CHEAP[f"weights {_label}"] = lambda folder, where=_location: _external(folder, where)


@on_disk
def weights_through_a_link(folder: Path) -> Path:
    (folder / "data").symlink_to("/etc/passwd")
    return _external(folder, "data")


@on_disk
def weights_through_a_linked_folder(folder: Path) -> Path:
    (folder / "data").symlink_to("/etc")
    return _external(folder, "data/passwd")


@on_disk
def weights_in_a_loop_of_links(folder: Path) -> Path:
    (folder / "data").symlink_to(folder / "data")
    return _external(folder, "data")


@on_disk
def weights_in_a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "data")
    return _external(folder, "data")


@on_disk
def weights_in_a_device(folder: Path) -> Path:
    (folder / "data").symlink_to("/dev/zero")
    return _external(folder, "data")


@on_disk
def weights_that_are_short(folder: Path) -> Path:
    (folder / "data").write_bytes(b"x")
    return _external(folder, "data")


@on_disk
def weights_that_are_the_model(folder: Path) -> Path:
    return _external(folder, "model.onnx")


@on_disk
def a_pipe(folder: Path) -> Path:
    os.mkfifo(folder / "model.onnx")
    return folder / "model.onnx"


@on_disk
def a_link_to_a_device(folder: Path) -> Path:
    (folder / "model.onnx").symlink_to("/dev/zero")
    return folder / "model.onnx"


@on_disk
def a_link_to_itself(folder: Path) -> Path:
    (folder / "model.onnx").symlink_to(folder / "model.onnx")
    return folder / "model.onnx"


@on_disk
def a_folder(folder: Path) -> Path:
    return folder


@on_disk
def nothing_there(folder: Path) -> Path:
    return folder / "model.onnx"


@on_disk
def a_path_that_is_too_long(folder: Path) -> Path:
    return folder / ("n" * 5000)


@on_disk
def a_path_with_line_ends(folder: Path) -> Path:
    return folder / "a\nb\x1b[31m.onnx"


@on_disk
def a_file_nobody_may_read(folder: Path) -> Path:
    path = folder / "model.onnx"
    path.write_bytes(model(relus(1)).SerializeToString())
    path.chmod(0)
    return path


@cheap
def an_empty_file() -> bytes:
    return b""


@cheap
def text() -> bytes:
    return b"<ir_version: 10> g (float[2] x) => (float[2] y) { y = Relu(x) }"


@cheap
def a_gzipped_model() -> bytes:
    return gzip.compress(model(relus(1)).SerializeToString())


@cheap
def a_checkpoint() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": [1.0]}))
    return buffer.getvalue()


@cheap
def random_bytes() -> bytes:
    return bytes((at * at * 31 + at // 7) % 256 for at in range(100_000))


@cheap
def a_model_that_holds_nothing() -> ModelProto:
    return ModelProto(ir_version=10, graph=GraphProto())


@cheap
def a_model_without_a_graph() -> ModelProto:
    return ModelProto(ir_version=10)


@cheap
def markup_in_every_name() -> ModelProto:
    return markup()


MARKUP = (
    "<script>window.hit=1</script>",
    '"><img src=x onerror="window.hit=1">',
    "javascript:window.hit=1",
    "</script><svg onload=window.hit=1>",
    "]]><g onclick='window.hit=1'/>",
    "&lt;b&gt; &amp; &#x3c;",
    "=1+cmd|' /C calc'!A0",
    "line\nend\ttab\x07bell\x1b[31mred\x00nul",
    "right\u202eleft\u2066\u200b\ufeff\u2028",
    "{{7*7}} ${7*7} %s %(name)s",
    "`;rm -rf ~ #'$(touch /tmp/hit)",
)
"""Texts that are dangerous where somebody takes them for more than text."""


def markup() -> ModelProto:
    """Ops, modules, values, weights, notes and docs that are all named by markup."""
    nodes = []
    for at, text in enumerate(MARKUP):
        safe = text.replace("'", "’")
        for part in range(3):
            read = f"v{at}.{part - 1}{text}" if part else "x"
            one = NodeProto(
                op_type=text if part == 2 else "Relu",
                name=text,
                domain=text if part == 2 else "",
                input=[read, f"{text}.{part}.weight"],
                output=[f"v{at}.{part}{text}"],
                doc_string=text,
            )
            one.attribute.add(name=text, type=AttributeProto.STRING, s=text.encode())
            note(one, "pkg.torch.onnx.name_scopes", repr(["", safe, f"{safe}.{part}", "f"]))
            note(one, "pkg.torch.onnx.class_hierarchy", repr(["Model", safe, f"C{safe}", "f"]))
            note(
                one,
                "pkg.torch.onnx.stack_trace",
                f'File "/home/{safe}.py", line 3, in {safe}\n    {safe}',
            )
            nodes.append(one)
    made = model(nodes)
    made.graph.name = made.producer_name = made.doc_string = MARKUP[0]
    for at, text in enumerate(MARKUP):
        for part in range(3):
            weight(made, f"{text}.{part}.weight")
        value(made.graph.input, text)
        value(made.graph.value_info, f"v{at}.0{text}")
        made.graph.value_info[-1].type.tensor_type.shape.dim[0].dim_param = text
        note(made, text, text)
    return made


# Hundreds of megabytes, or millions of parts.


def _repeated(field: int, pieces: Iterable[bytes]) -> bytes:
    return b"".join(_wrapped(field, piece) for piece in pieces)


def _with_graph(content: bytes) -> bytes:
    head = ModelProto(ir_version=10)
    head.opset_import.add(domain="", version=21)
    return head.SerializeToString() + _wrapped(7, content)


@costly
def initializers_1000000() -> bytes:
    tensor = TensorProto(data_type=FLOAT, dims=[0])
    pieces = []
    for at in range(1_000_000):
        tensor.name = f"w.{at}.weight"
        pieces.append(tensor.SerializeToString())
    return _with_graph(_repeated(5, pieces) + _repeated(1, [relus(1)[0].SerializeToString()]))


@costly
def nodes_1000000_of_nonsense() -> bytes:
    pieces = [
        NodeProto(op_type="?", output=[f"{at}"]).SerializeToString() for at in range(1_000_000)
    ]
    return _with_graph(_repeated(1, pieces))


@costly
def nodes_200000_of_nonsense() -> bytes:
    pieces = [NodeProto(op_type="?", output=[f"{at}"]).SerializeToString() for at in range(200_000)]
    return _with_graph(_repeated(1, pieces))


@costly
def empty_nodes_of_a_whole_upload() -> bytes:
    return _with_graph(b"\x0a\x00" * (120 << 20))


@costly
def notes_of_a_whole_upload() -> bytes:
    entry = _wrapped(9, b"")  # NodeProto.metadata_props
    return _with_graph(_wrapped(1, entry * (60 << 20)))


@costly
def inputs_of_a_whole_upload() -> bytes:
    return _with_graph(_wrapped(1, b"\x0a\x01x" * (60 << 20)))


@costly
def edges_of_a_whole_upload() -> bytes:
    made = _wrapped(1, NodeProto(op_type="Relu", output=["y"]).SerializeToString())
    one = NodeProto(op_type="Sum", input=["y"] * 100).SerializeToString()
    return _with_graph(made + _repeated(1, [one] * 150_000))


@costly
def value_infos_of_a_whole_upload() -> bytes:
    return _with_graph(b"\x6a\x00" * (100 << 20))


@costly
def outputs_of_a_whole_upload() -> bytes:
    return _with_graph(b"\x62\x03\x0a\x01x" * (40 << 20))


@costly
def functions_of_a_whole_upload() -> bytes:
    return _with_graph(b"") + b"\xca\x01\x00" * (60 << 20)


@costly
def a_name_of_a_whole_upload() -> bytes:
    name = "/" + "m/" * (100 << 20) + "Relu"
    return _with_graph(
        _wrapped(1, NodeProto(op_type="Relu", name=name, output=["y"]).SerializeToString())
    )


@costly
def a_weight_named_by_a_whole_upload() -> bytes:
    name = "m." * (50 << 20) + "weight"
    tensor = TensorProto(data_type=FLOAT, dims=[0], name=name).SerializeToString()
    use = NodeProto(op_type="Relu", input=[name], output=["y"]).SerializeToString()
    return _with_graph(_wrapped(5, tensor) + _wrapped(1, use))


@costly
def names_of_a_whole_upload() -> bytes:
    pieces = []
    for at in range(40_000):
        name = f"/b{at}" + "/m" * 2500 + "/Relu"
        pieces.append(NodeProto(op_type="Relu", name=name, output=[f"y{at}"]).SerializeToString())
    return _with_graph(_repeated(1, pieces))


@costly
def modules_of_a_whole_upload() -> ModelProto:
    made = model(relus(1))
    deep = {".".join(["a"] * at): {"class": "C" * 100_000} for at in range(2000)}
    note(made, "hexviz.modules", json.dumps(deep))
    return made


@costly
def json_of_a_whole_upload() -> ModelProto:
    made = model(relus(1))
    note(made, "hexviz.modules", '{"a":{"class":"C"' + ',"k":[]' * (20 << 20) + "}}")
    return made


@costly
def bodies_of_a_whole_upload() -> bytes:
    body = _wrapped(5, b"\x0a\x01t" + b"\x32\x00" + b"\xa0\x01\x05")  # an attribute with a graph
    return _with_graph(_wrapped(1, b"\x12\x01y" + body * 2_000_000))


@costly
def dims_of_a_whole_upload() -> bytes:
    tensor = TensorProto(name="w", data_type=FLOAT).SerializeToString() + _wrapped(
        1, b"\x01" * (200 << 20)
    )
    return _with_graph(_wrapped(5, tensor) + _repeated(1, [relus(1)[0].SerializeToString()]))
