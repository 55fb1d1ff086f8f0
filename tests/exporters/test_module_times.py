"""Seconds by module: what they are, and that measuring leaves no trace."""

import threading
import time
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as hooks

from hexviz.errors import ExportError
from hexviz.exporters.export import EXPORTERS, export_model
from hexviz.exporters.interface import Exported
from hexviz.exporters.model_source import open_source
from hexviz.exporters.module_times import ModuleTimes
from tests.exporters.models import Pair, Raises

X = torch.arange(8.0).reshape(2, 4)
NAP = 0.05


class Slow(nn.Module):
    """Sleeps, and calls nothing."""

    def forward(self, x: Tensor) -> Tensor:
        time.sleep(NAP)
        return x + 1


class Outer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.slow = Slow()
        self.quick = nn.ReLU()
        self.idle = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.quick(self.slow(x))


class Untold(BaseException):
    """What a forward can end with, and torch tells no hook."""


class Fails(nn.Module):
    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.slow = Slow()
        self.error = error

    def forward(self, x: Tensor) -> Tensor:
        self.slow(x)
        time.sleep(NAP)
        raise self.error


class Tries(nn.Module):
    """Goes on when a module that it calls fails."""

    def __init__(self, error: type[BaseException]) -> None:
        super().__init__()
        self.fails = Fails(error)
        self.quick = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        for _ in range(2):
            try:
                x = self.fails(x)
            except (ValueError, Untold):
                x = self.quick(x)
        return x


class OnlyStrict(nn.Module):
    """Can be read by Dynamo, and not be run."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        if not torch.compiler.is_dynamo_compiling():
            raise RuntimeError("not to be run")
        return self.layer(x)


class Branches(nn.Module):
    """Has Dynamo read its branches, while all the rest is run."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.second = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = torch.cond(x.sum() > 0, self.first, lambda y: self.second(y) + 1, (x,))
        return result


def no_hooks() -> bool:
    return not (hooks._global_forward_hooks or hooks._global_forward_pre_hooks)


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_own_seconds_leave_the_childrens_out(exporter: str) -> None:
    measured = export_model(Outer(), (X,), exporter=exporter).measured
    seconds = measured.modules
    assert set(seconds) == {"", "slow", "quick"}, "idle is never called"
    assert max(seconds, key=seconds.__getitem__) == "slow"
    # TorchScript runs the model once to learn its outputs, and once to trace it.
    assert seconds["slow"] >= NAP * (2 if exporter == "torchscript" else 1)
    assert sum(seconds.values()) <= measured.timings["export"]


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_every_module_that_is_called_has_seconds(
    exported: Callable[..., Exported], exporter: str
) -> None:
    source = open_source("bert-tiny")
    called = set()
    for fqn, module in source.model.named_modules():
        module.register_forward_hook(lambda *_, fqn=fqn: called.add(fqn))
    source.model(*source.args, **source.kwargs)
    measured = exported("bert-tiny", exporter).measured
    assert set(measured.modules) == called
    assert all(seconds >= 0 for seconds in measured.modules.values())
    assert sum(measured.modules.values()) <= measured.timings["export"]


def test_a_module_with_two_names_goes_by_the_first() -> None:
    modules = export_model(Pair(), (X,), exporter="torchscript").measured.modules
    assert set(modules) == {"", "first", "items.0", "items.1"}


@pytest.mark.parametrize("exporter", EXPORTERS)
def test_no_hook_is_left_behind(exporter: str) -> None:
    export_model(Pair(), (X,), exporter=exporter)
    assert no_hooks()
    with pytest.raises(ExportError):
        export_model(Raises(), (X,), exporter=exporter)
    assert no_hooks()


def test_a_call_that_raises_leaves_the_rest_right() -> None:
    model = Tries(ValueError)
    times = ModuleTimes(model)
    times.watch()
    began = time.perf_counter()
    model(X)
    whole = time.perf_counter() - began
    times.rest()
    assert set(times.seconds) == {"", "fails", "fails.slow", "quick"}
    assert times.seconds["fails"] >= 2 * NAP
    assert times.seconds["fails.slow"] >= 2 * NAP
    assert sum(times.seconds.values()) <= whole


def test_a_call_that_torch_does_not_tell_of_counts_for_its_caller() -> None:
    # No hook is called when a forward ends with what is no Exception, or raises in torch.export.
    model = Tries(Untold)
    times = ModuleTimes(model)
    times.watch()
    began = time.perf_counter()
    model(X)
    whole = time.perf_counter() - began
    times.rest()
    assert set(times.seconds) == {"", "fails.slow", "quick"}
    assert times.seconds[""] >= 2 * NAP
    assert times.seconds["fails.slow"] >= 2 * NAP
    assert sum(times.seconds.values()) <= whole


def test_what_dynamo_reads_is_not_run_and_not_measured() -> None:
    result = export_model(OnlyStrict(), (X,))
    assert "layer.weight" in {value.name for value in result.proto.graph.initializer}
    assert result.measured.modules == {}


def test_branches_that_dynamo_reads_are_exported_as_ever() -> None:
    result = export_model(Branches(), (X,))
    assert "If" in {node.op_type for node in result.proto.graph.node}
    assert set(result.measured.modules) == {""}


def test_only_modules_of_the_model_and_calls_of_its_thread_count() -> None:
    model = Outer()
    times = ModuleTimes(model)
    times.watch()
    times.watch()
    nn.ReLU()(X)
    thread = threading.Thread(target=model, args=(X,))
    thread.start()
    thread.join()
    assert times.seconds == {}
    model.quick(X)
    assert set(times.seconds) == {"quick"}
    times.rest()
    before = dict(times.seconds)
    model(X)
    assert times.seconds == before
    assert no_hooks()
