"""A watched file, from what is done to it to what pages are told."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from hexviz.app.models.store import ModelStore
from hexviz.app.protocol import Watched
from hexviz.app.watching.settling import PATIENCE
from hexviz.app.watching.watcher import ModelWatcher, Problem
from hexviz.app.watching.weights import weight_files
from hexviz.bench.synthetic import synthetic
from hexviz.cache import Cache
from hexviz.errors import ReadError, SourceError
from tests.waiting import until

ONE, TWO = synthetic(60, "metadata"), synthetic(100, "metadata")


class Watch:
    """A file that is watched, without a thread."""

    def __init__(self, path: Path, cache: Path) -> None:
        self.path = path
        self.store = ModelStore(Cache(cache))
        self.first = self.store.add_file(path)
        self.newest: list[str] = []
        self.watcher = ModelWatcher(path, self.store, self.first, changed=self.newest.append)
        self.steps(0.5)

    def steps(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(self.watcher.step(), 0.1))

    def until(self, met: Callable[[Watched], object], before: str = "") -> Watched:
        found: list[Watched] = []

        def is_met() -> bool:
            self.watcher.step()
            told = self.told(before)
            found.append(told)
            return bool(met(told))

        until(is_met)
        return found[-1]

    def told(self, before: str = "") -> Watched:
        told = self.watcher.told(0, self.first, before)
        assert told is not None
        return told


@pytest.fixture
def watch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watch:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    path = tmp_path / "m.onnx"
    path.write_bytes(ONE)
    return Watch(path, tmp_path / "cache" / "hexviz")


def test_a_new_version_is_open_and_compared_and_the_one_before_still_opens(watch: Watch) -> None:
    number = watch.told().n
    assert watch.watcher.told(number, watch.first, "") is None
    watch.path.write_bytes(TWO)
    told = watch.until(lambda one: one.key != watch.first)
    assert watch.newest == [told.key]
    assert (told.base, told.problem) == (watch.first, "")
    assert watch.store.opened(told.key) is not None
    compared = watch.until(lambda one: isinstance(one.changes, list), watch.first)
    assert isinstance(compared.changes, list)
    assert "added" in compared.changes[0], compared.changes
    watch.store.forget(watch.first)
    assert watch.store.get(watch.first).graph.name == "m.onnx"


def test_another_server_does_not_open_what_this_one_watched(watch: Watch) -> None:
    watch.path.write_bytes(TWO)
    watch.until(lambda one: one.key != watch.first)
    with pytest.raises(SourceError):
        ModelStore(Cache(watch.path.parent / "cache" / "hexviz")).get(watch.first)


def test_the_same_content_again_is_said_to_change_nothing(watch: Watch) -> None:
    watch.path.write_bytes(ONE)
    told = watch.until(lambda one: one.rewritten)
    assert (told.key, told.weights) == (watch.first, False)
    watch.path.chmod(0o600)
    watch.steps(0.6)
    assert watch.told().rewritten == 1


def test_a_half_written_file_is_waited_for_and_then_said_to_be_broken(watch: Watch) -> None:
    watch.path.write_bytes(TWO[: len(TWO) // 2])
    watch.steps(1.5)
    assert watch.told().problem == ""
    told = watch.until(lambda one: one.problem)
    assert "cut short" in told.problem
    assert time.time() - told.since >= PATIENCE
    assert told.key == watch.first
    watch.path.write_bytes(TWO)
    assert watch.until(lambda one: one.key != watch.first).problem == ""


def test_a_file_that_is_gone_is_said_to_be_until_it_is_back(watch: Watch) -> None:
    aside = watch.path.rename(watch.path.with_suffix(".aside"))
    watch.steps(0.4)
    assert watch.told().problem == ""
    assert watch.until(lambda one: one.problem).problem == "m.onnx is gone."
    aside.rename(watch.path)
    watch.until(lambda one: not one.problem)
    assert watch.newest == []


def test_old_versions_are_not_kept_in_memory(watch: Watch) -> None:
    keys = [watch.first]
    for ops in (100, 200, 300):
        temporary = watch.path.with_suffix(".new")
        temporary.write_bytes(synthetic(ops, "metadata"))
        temporary.replace(watch.path)
        keys.append(watch.until(lambda one: one.key != keys[-1]).key)
    assert [watch.store.opened(key) is not None for key in keys] == [False, False, True, True]


def _with_weights(value: float) -> tuple[bytes, bytes]:
    """A model whose weight lies in a file of its own, and that file."""
    weight = numpy_helper.from_array(np.full(64, value, np.float32), "w")
    data = weight.raw_data
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    for key, said in (("location", "m.data"), ("offset", "0"), ("length", str(len(data)))):
        weight.external_data.add(key=key, value=said)
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [64])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [64])
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [x], [y], [weight])
    return helper.make_model(graph).SerializeToString(), data


def test_files_of_weights_count_and_have_to_be_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    content, data = _with_weights(1.0)
    path, weights = tmp_path / "m.onnx", tmp_path / "m.data"
    path.write_bytes(content)
    weights.write_bytes(data)
    watch = Watch(path, tmp_path / "cache" / "hexviz")
    watch.steps(0.5)
    weights.write_bytes(data[:100])
    watch.steps(0.8)
    assert watch.told().rewritten == 0
    weights.write_bytes(_with_weights(2.0)[1])
    told = watch.until(lambda one: one.rewritten)
    assert told.weights
    assert told.key == watch.first
    assert watch.store.opened(watch.first) is None, "what was worked out from other weights is gone"
    weights.write_bytes(data[:100])
    assert "cut short: it has 100 bytes of 256" in watch.until(lambda one: one.problem).problem


def test_weights_outside_the_folder_are_not_looked_at(tmp_path: Path) -> None:
    model = onnx.ModelProto.FromString(_with_weights(1.0)[0])
    model.graph.initializer[0].external_data[0].value = "../secret"
    with pytest.raises(ReadError, match="outside its folder"):
        weight_files(model.SerializeToString(), "m.onnx", tmp_path)


def test_what_the_builder_does_is_told(watch: Watch) -> None:
    class Builder:
        is_busy = True
        problem: Problem | None = None

        def step(self, now: float) -> None:
            pass

        def close(self) -> None:
            self.is_busy = False

    builder = Builder()
    watch.watcher = ModelWatcher(watch.path, watch.store, watch.first, builder=builder)
    assert watch.until(lambda one: one.doing).doing == "exporting"
    builder.is_busy, builder.problem = False, Problem("Importing m failed.", "line 3", 12.0)
    told = watch.until(lambda one: one.problem)
    assert (told.problem, told.details, told.since) == ("Importing m failed.", "line 3", 12.0)
    os.utime(watch.path)
    watch.steps(0.8)
    assert watch.told().problem == "Importing m failed.", "the file itself is well"
