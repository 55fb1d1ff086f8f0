"""What a reference gave: tensors at the borders of its modules, and the values that stand for them.

Plain data, so that what makes a reference (hooks in a PyTorch model, another graph) and what judges
a graph by it know nothing of each other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from hexviz.extraction.feeds import Feed

__all__ = ["Array", "CallOutput", "Pair", "Reference", "Tensors"]

Array = npt.NDArray[Any]


class Tensors(Protocol):
    """Tensors by key, on disk until somebody wants one."""

    def load(self, key: str) -> Array:
        """The tensor; read again at every call, so that nobody holds all of them."""
        ...


@dataclass(frozen=True, slots=True)
class CallOutput:
    """One tensor that a call of a module gave.

    ``call`` counts the calls of the module from 0, ``output`` the tensors of the call. Where the
    module gave it to another module and not to its caller, ``handed_to`` is that one's FQN, and
    ``output`` goes on counting behind the outputs proper::

        def forward(self, x, mask):
            bias = (1 - mask) * -1e9             # CallOutput(self, output=1, handed_to="attention")
            return self.attention(x, bias) + x   # CallOutput(self, output=0)

    ``noise`` is the relative error (largest difference over the largest magnitude) that the
    reference's own precision explains, ``None`` where that is not known. ``same_as`` is the
    position of an earlier output that is the very same tensor: no arithmetic lies between both.
    ``owners`` are the other FQNs of the module where several share one, ``reads`` the positions of
    the outputs that the call was given.
    """

    module: str
    call: int
    output: int
    key: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    noise: float | None = None
    same_as: int | None = None
    owners: tuple[str, ...] = ()
    handed_to: str = ""
    reads: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Pair:
    """A value of the top graph (by name) that stands for ``Reference.outputs[output]``.

    ``how`` as in :class:`hexviz.measure.documents.CallError`, and ``modules``: further ones that a
    fault of this value may be in.
    """

    value: str
    output: int
    how: str
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Reference:
    """The outputs of all calls in the order in which they were made, and how to run the graph.

    ``feed`` are the inputs of the graph that were the reference's own. ``notes`` are what a reader
    should know of it.
    """

    name: str
    outputs: tuple[CallOutput, ...]
    feed: Feed
    tensors: Tensors
    notes: tuple[str, ...] = field(default=())
