"""What was measured elsewhere: profiles of ONNX Runtime, and traces of torch.profiler."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from hexviz.errors import MeasureError
from hexviz.exporters.export import export_model
from hexviz.measure.profile.profile import profile
from hexviz.measure.profile.traces import profile_of_trace, read_trace
from hexviz.model.graph import TaggedGraph
from hexviz.model.modules import ModuleInfo
from hexviz.model.reader import from_proto
from hexviz.tagging.tag import tag
from tests.build import parse, tagged
from tests.measure.profile.test_profile import SCOPES, net


def recorded(proto: onnx.ModelProto, folder: Path, level: str, runs: int = 3) -> bytes:
    """The profile that somebody took of a file as it is."""
    options = ort.SessionOptions()
    options.log_severity_level = 4
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "profile")
    options.optimized_model_filepath = str(folder / "optimized.onnx")
    options.graph_optimization_level = getattr(ort.GraphOptimizationLevel, level)
    session = ort.InferenceSession(
        proto.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    feed = {
        one.name: np.ones(
            [one_dim if isinstance(one_dim, int) else 2 for one_dim in one.shape]
        ).astype(np.float32)
        for one in session.get_inputs()
    }
    for _ in range(runs):
        session.run(None, feed)
    return Path(session.end_profiling()).read_bytes()


def named(graph: TaggedGraph, names: dict[str, str]) -> TaggedGraph:
    """The same graph whose nodes have names; of those not named here the runtime makes some up."""
    for node in graph.proto.graph.node:
        node.name = names.get(node.output[0], "")
    return tagged(graph.proto)


@pytest.mark.parametrize("level", ["ORT_DISABLE_ALL", "ORT_ENABLE_BASIC", "ORT_ENABLE_ALL"])
@pytest.mark.parametrize("names", [{op: f"node_{op}" for op in SCOPES}, {"o": "last"}])
def test_a_profile_from_elsewhere(level: str, names: dict[str, str], tmp_path: Path) -> None:
    """With the graph that ran, and without: then the runtime makes it again."""
    graph = named(net(), names)
    content = recorded(graph.proto, tmp_path, level)
    alone = profile_of_trace(content, graph)
    given = profile(graph, trace=content, optimized=tmp_path / "optimized.onnx")
    for found in (alone, given):
        assert found.unplaced_us == 0
        assert found.document.source == "ort"
        assert found.document.runs == 2
        assert {op for one in found.ops for op in one.ops} == SCOPES.keys()
    assert [one.module for one in alone.ops] == [one.module for one in given.ops]
    assert read_trace(content, graph) == alone.to_document()


def test_nodes_that_nothing_tells_of_are_in_no_module(tmp_path: Path) -> None:
    graph = named(net(), {op: f"node_{op}" for op in SCOPES})
    events = json.loads(recorded(graph.proto, tmp_path, "ORT_DISABLE_ALL"))
    for event in events:
        event["name"] = event["name"].replace("node_y", "made_up_elsewhere")
    found = profile_of_trace(json.dumps(events).encode(), graph)
    [unknown] = [one for one in found.ops if one.module is None]
    assert (unknown.id, unknown.ops) == ("made_up_elsewhere", ())
    assert found.unplaced_us == unknown.us
    [note] = found.document.notes
    assert note == (
        "No graph that ONNX Runtime makes of the file here has 1 node of the trace: give the one "
        "that ran (--optimized), or is the trace of another model?"
    )


def test_a_trace_of_another_model_is_one_line(tmp_path: Path) -> None:
    graph = named(net(), {op: f"node_{op}" for op in SCOPES})
    other = named(net(), {op: f"other_{op}" for op in SCOPES})
    content = recorded(other.proto, tmp_path, "ORT_DISABLE_ALL")
    with pytest.raises(MeasureError) as error:
        read_trace(content, graph)
    assert str(error.value) == (
        "The trace is of another model: none of its 6 nodes is an op of test.onnx."
    )


def test_a_graph_that_did_not_run_is_refused(tmp_path: Path) -> None:
    graph = named(net(), {op: f"node_{op}" for op in SCOPES})
    other = named(net(), {op: f"other_{op}" for op in SCOPES})
    content = recorded(graph.proto, tmp_path, "ORT_ENABLE_BASIC")
    with pytest.raises(MeasureError, match=r"is not the one that ran: it has 0 of the \d nodes? "):
        profile(graph, trace=content, optimized=other)


def test_a_model_that_shares_a_block_is_another_model(tmp_path: Path) -> None:
    graph = named(net(), {op: f"node_{op}" for op in SCOPES})
    shared = dict(list({op: f"node_{op}" for op in SCOPES}.items())[:3])
    other = named(net(), {op: shared.get(op, f"other_{op}") for op in SCOPES})
    content = recorded(other.proto, tmp_path, "ORT_DISABLE_ALL")
    with pytest.raises(MeasureError, match="only 3 of its 6 nodes are ops of"):
        read_trace(content, graph)


def test_names_alone_do_not_make_it_the_same_model(tmp_path: Path) -> None:
    """Exporters number the ops of all models alike."""
    names = {op: f"node_{op}" for op in SCOPES}
    large = net().proto
    large.graph.initializer[0].CopyFrom(
        onnx.numpy_helper.from_array(np.ones((8, 64), np.float32), "w")
    )
    large.graph.initializer[1].CopyFrom(onnx.numpy_helper.from_array(np.ones(64, np.float32), "v"))
    large.graph.initializer[2].CopyFrom(
        onnx.numpy_helper.from_array(np.ones((64, 16), np.float32), "u")
    )
    large.graph.initializer[3].CopyFrom(
        onnx.numpy_helper.from_array(np.array([-1, 16], np.int64), "shape")
    )
    large.graph.output[0].type.tensor_type.shape.dim[1].dim_value = 16
    content = recorded(named(tagged(large), names).proto, tmp_path, "ORT_DISABLE_ALL")
    with pytest.raises(MeasureError, match=r"another model: \d of \d sizes in it are not those of"):
        read_trace(content, named(net(), names))


def test_a_file_without_its_weights_is_told_of_by_names(tmp_path: Path) -> None:
    graph = named(net(), {op: f"node_{op}" for op in SCOPES})
    content = recorded(graph.proto, tmp_path, "ORT_ENABLE_BASIC")
    for tensor in graph.proto.graph.initializer:
        tensor.ClearField("raw_data")
        tensor.data_location = onnx.TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="hexviz-weights-left-out")
    bare = tag(from_proto(graph.proto, name="bare.onnx"))
    found = profile_of_trace(content, bare)
    assert found.document.notes[0].startswith("Fused nodes are in no module: the file cannot be")
    given = profile(bare, trace=content, optimized=tmp_path / "optimized.onnx")
    assert given.unplaced_us == 0


class Block(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = torch.nn.Linear(16, 32)
        self.fc2 = torch.nn.Linear(32, 16)
        self.drop = torch.nn.Dropout(0.1)
        self.norm = torch.nn.LayerNorm(16)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.norm(x + self.drop(self.fc2(torch.relu(self.fc1(x)))))


class Net(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = torch.nn.Linear(16, 4)  # made first, and called last
        self.layers = torch.nn.ModuleList([Block(), Block()])
        self.middle = torch.nn.Sequential(torch.nn.Linear(16, 16), torch.nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.layers:
            x = layer(x)
        return self.head(self.middle(x))


@pytest.fixture(scope="module")
def exported() -> tuple[Net, torch.Tensor, TaggedGraph]:
    torch.manual_seed(0)
    model, x = Net().eval(), torch.randn(8, 16)
    made = export_model(model, (x,), name="net")
    return model, x, tag(from_proto(made.proto, name="net.onnx"), modules=made.modules)


def torch_trace(model: torch.nn.Module, x: torch.Tensor, path: Path, **options: Any) -> bytes:
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.no_grad(), torch.profiler.profile(activities=activities, **options) as taken:
        for _ in range(3):
            model(x)
    taken.export_chrome_trace(str(path))
    return path.read_bytes()


def test_a_trace_of_torch_with_modules(
    exported: tuple[Net, torch.Tensor, TaggedGraph], tmp_path: Path
) -> None:
    model, x, graph = exported
    content = torch_trace(model, x, tmp_path / "t.json", with_modules=True, with_stack=True)
    found = profile_of_trace(content, graph)
    assert (found.document.source, found.document.runs) == ("torch", 2)
    assert found.unplaced_us == 0
    seen = {(one.module, one.op_type) for one in found.ops}
    assert {("layers.0", "aten::relu"), ("layers.1", "aten::add")} <= seen
    linear = {module for module, name in seen if name == "aten::linear"}
    assert linear == {
        *("layers.0.fc1", "layers.0.fc2", "layers.1.fc1", "layers.1.fc2", "middle.0", "head")
    }
    total = sum(one.us for one in found.ops)
    assert sum(one.self_us for one in found.modules) == pytest.approx(total, rel=0.01)


def test_a_trace_of_torch_with_scopes_of_ones_own(
    exported: tuple[Net, torch.Tensor, TaggedGraph], tmp_path: Path
) -> None:
    """By name, without a scope for the model itself."""
    model, x, graph = exported
    handles = []
    open_scopes: list[Any] = []
    for name, module in model.named_modules():
        if name in graph.modules and name:

            def enter(_module: Any, _args: Any, name: str = name) -> None:
                open_scopes.append(torch.profiler.record_function(name))
                open_scopes[-1].__enter__()

            handles.append(module.register_forward_pre_hook(enter))
            handles.append(
                module.register_forward_hook(
                    lambda *_: open_scopes.pop().__exit__(None, None, None)
                )
            )
    try:
        found = profile_of_trace(torch_trace(model, x, tmp_path / "t.json"), graph)
    finally:
        for handle in handles:
            handle.remove()
    times = {one.module: one.total_us for one in found.modules}
    assert found.document.runs == 2
    assert times["layers.0.fc1"] > 0
    assert times["head"] > 0


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([], "The trace has no scopes of modules: take it with with_stack=True and with_modules="),
        (
            [{"ph": "X", "cat": "python_function", "name": "nn.Module: Other_0", "dur": 2}],
            "The trace is of another model: none of its 1 scope is a module of test.onnx.",
        ),
        (
            [{"ph": "X", "cat": "python_function", "name": "nn.Module: Module_0", "dur": 2}],
            "No function ran in a module of the trace: take it while the model runs.",
        ),
    ],
)
def test_a_trace_of_torch_that_tells_nothing(events: list[Any], message: str) -> None:
    with pytest.raises(MeasureError) as error:
        read_trace(json.dumps({"traceEvents": events}).encode(), net())
    assert str(error.value).startswith(message)


def test_a_plain_torchscript_export_has_no_classes_to_tell_modules_by() -> None:
    proto = parse("g (float[2] x) => (float[2] y) { y = Relu (x) }")
    proto.graph.node[0].name = "/act/Relu"
    events = [event("nn.Module: Net_0", "python_function", 0, 100)]
    with pytest.raises(MeasureError, match=r"tells modules by their classes, and .* has none: "):
        read_trace(json.dumps({"traceEvents": events}).encode(), tag(from_proto(proto, name="m")))


def test_kernels_of_a_gpu_take_the_time() -> None:
    """A kernel runs later, and belongs to the function that started it."""
    events = [
        event("nn.Module: Module_0", "python_function", 0, 100),
        event("aten::mm", "cpu_op", 10, 5, external=7),
        event("gemm_kernel", "kernel", 500, 40, external=7, tid=99),
        event("lost_kernel", "kernel", 600, 2, external=8, tid=99),
    ]
    graph = tagged(parse("g (float[2] x) => (float[2] y) { y = Relu (x) }"))
    graph = tag(from_proto(graph.proto, name="n"), modules={"": ModuleInfo("Module")})
    found = profile_of_trace(json.dumps({"traceEvents": events}).encode(), graph)
    assert [(one.op_type, one.us, one.module) for one in found.ops] == [("gemm_kernel", 40, "")]
    assert found.document.device == "GPU"


def event(
    name: str, cat: str, ts: float, dur: float, external: int | None = None, tid: int = 1
) -> dict[str, Any]:
    args = {} if external is None else {"External id": external}
    return {
        "ph": "X",
        "cat": cat,
        "name": name,
        "pid": 1,
        "tid": tid,
        "ts": ts,
        "dur": dur,
        "args": args,
    }
