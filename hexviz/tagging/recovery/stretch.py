"""What is found in a graph that names no modules: stretches of it, and stretches inside those."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from hexviz.model.columns import Ints

__all__ = ["Stretch"]


@dataclass(slots=True)
class Stretch:
    """Ops that are taken for one block.

    ``ops`` are their positions in ascending order, those of ``inner`` stretches included: these
    share no op, and each has fewer than the stretch around it. Stretches of one ``family`` are
    copies of each other, anywhere in the graph. ``confidence``, in 0..1, says how sure it is that
    a module has just these ops. ``name`` is a word of the field where the structure proves it
    (``MultiHeadAttention``), else ``""``.
    """

    ops: Ints
    family: int
    confidence: float
    name: str = ""
    inner: list[Stretch] = field(default_factory=list)

    def walk(self) -> Iterator[Stretch]:
        """This stretch, and all inside it, each before its own."""
        yield self
        for one in self.inner:
            yield from one.walk()
