"""Every call of every module, as it was when it returned."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from hexviz.errors import SourceError
from hexviz.exporters.call_recorder import WatchedOutput
from hexviz.exporters.watch import Watched, watch
from hexviz.extraction.spill import Spill

X = torch.linspace(-1, 1, 8).reshape(2, 4)


def watched(model: nn.Module, *args: Any, **kwargs: Any) -> tuple[Watched, dict[int, np.ndarray]]:
    with Spill() as spill:
        found = watch(model, args or (X,), kwargs, spill)
        return found, {at: spill.load(one.key) for at, one in enumerate(found.outputs)}


def named(found: Watched) -> list[tuple[str, int, int]]:
    return [(one.module, one.call, one.output) for one in found.outputs]


def of(found: Watched, module: str, call: int = 0) -> WatchedOutput:
    return next(
        one
        for one in found.outputs
        if (one.module, one.call) == (module, call) and not one.handed_to
    )


def test_a_tensor_is_kept_as_it_was_before_the_next_module_changed_it() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(inplace=True))
    found, arrays = watched(model)
    expected = model[0](X).detach().numpy()
    assert (expected < 0).any()
    assert np.array_equal(arrays[0], expected)
    assert np.array_equal(arrays[1], np.maximum(expected, 0))
    assert named(found) == [("0", 0, 0), ("1", 0, 0), ("", 0, 0)]


def test_what_is_handed_through_is_the_same_tensor() -> None:
    found, _ = watched(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5), nn.Identity()))
    assert [one.same_as for one in found.outputs] == [None, 0, 0, 0]


def test_equal_numbers_of_strangers_are_not_the_same_tensor() -> None:
    class Twins(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b = nn.LayerNorm(4), nn.LayerNorm(4)

        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([self.a(x), self.b(x)])

    found, _ = watched(Twins())
    assert of(found, "b").same_as is None


def test_calls_are_counted_and_all_names_of_a_module_are_known() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(4, 4)
            self.second = self.first

        def forward(self, x: Tensor) -> Tensor:
            return self.second(torch.relu(self.first(x)))

    found, _ = watched(Tied())
    calls = [one for one in found.outputs if one.module == "first" and not one.handed_to]
    assert [(one.call, one.owners) for one in calls] == [(0, ("second",)), (1, ("second",))]


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = Adding()

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        return self.inner(x, (1 - mask) * -5.0) * 2


class Adding(nn.Module):
    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        return x + bias


def test_what_a_module_makes_for_another_is_its_own_and_counts_behind_its_outputs() -> None:
    found, arrays = watched(Masked(), X, torch.zeros(2, 4))
    assert named(found) == [("", 0, 1), ("inner", 0, 0), ("", 0, 0)]
    assert found.outputs[0].handed_to == "inner"
    assert found.outputs[1].reads == (0,)
    assert np.array_equal(arrays[0], np.full((2, 4), -5, np.float32))


@dataclass
class Answer:
    states: tuple[Tensor, ...]
    loss: None = None
    more: dict[str, Tensor] | None = None


def test_tensors_are_found_in_tuples_dicts_and_dataclasses() -> None:
    class Nested(nn.Module):
        def forward(self, x: Tensor) -> Answer:
            return Answer((x + 1, x + 2), None, {"c": x + 3})

    found, arrays = watched(Nested())
    assert named(found) == [("", 0, 0), ("", 0, 1), ("", 0, 2)]
    assert [float(arrays[at][0, 0]) for at in range(3)] == [0.0, 1.0, 2.0]


def test_a_call_without_tensors_is_told() -> None:
    class Counting(nn.Module):
        def forward(self, x: Tensor) -> int:
            return x.shape[0]

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.counting = Counting()

        def forward(self, x: Tensor) -> Tensor:
            return x * self.counting(x)

    found, _ = watched(Outer())
    assert found.tensorless == (("counting", 0, "int"),)


def test_the_noise_is_the_rounding_of_each_module_by_itself() -> None:
    model = nn.Sequential(*(nn.Linear(4, 4) for _ in range(20)))
    found, _ = watched(model)
    noises = [one.noise for one in found.outputs if one.same_as is None]
    assert all(noise is not None and 0 <= noise < 1e-6 for noise in noises)


def test_the_model_comes_back_as_it_was() -> None:
    model = nn.Sequential(nn.Conv1d(2, 3, 1), nn.BatchNorm1d(3)).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found, _ = watched(model, torch.randn(1, 2, 5))
    assert found.notes[0].startswith("The reference was in training mode: it is compared in eval")
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert model.training
    assert all(one.dtype == torch.float32 for one in model.parameters())
    hooks = [one._forward_hooks or one._forward_pre_hooks for one in model.modules()]
    assert not any(hooks)
    assert torch.get_default_dtype() == torch.float32


def test_a_half_precision_model_keeps_its_type() -> None:
    found, arrays = watched(nn.Linear(4, 4).to(torch.bfloat16), X.to(torch.bfloat16))
    assert str(arrays[0].dtype) == str(found.outputs[0].dtype) == "bfloat16"


def test_a_model_that_does_not_run_in_64_bits_says_so_and_has_no_noise() -> None:
    class Stubborn(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            if x.dtype != torch.float32:
                raise TypeError("float32 only")
            return x + 1

    found, _ = watched(Stubborn().eval())
    assert found.outputs[0].noise is None
    assert "does not run in 64-bit floats (TypeError: float32 only)" in found.notes[0]


def test_a_random_model_is_refused_with_the_module_that_is() -> None:
    class Noisy(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + torch.randn(x.shape)

    with pytest.raises(SourceError, match=r"reference is random: 1 gives other numbers in each"):
        watched(nn.Sequential(nn.Linear(4, 4), Noisy()))


def test_drawing_what_nobody_uses_is_not_random() -> None:
    class Drawing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            torch.randn(1)
            return x + 1

    found, _ = watched(Drawing())
    assert len(found.outputs) == 1


@pytest.mark.parametrize(
    "model",
    [lambda: nn.Linear(5, 5), lambda: nn.Sequential(nn.Linear(4, 4), nn.Linear(5, 5))],
)
def test_inputs_that_do_not_fit_are_one_line(model: Callable[[], nn.Module]) -> None:
    with pytest.raises(SourceError, match=r"fails on these inputs: RuntimeError: .* Check the ex"):
        watched(model())
