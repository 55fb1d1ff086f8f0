"""Run a PyTorch model and keep what every call of every module gave.

A hook before and one after each module's ``forward`` see all calls in the order in which they
run. What a call gave is written to disk inside the hook, because the next module may change it in
place::

    model ──▶ encoder ──▶ encoder.dense ──▶ …          calls that are open, a stack
                │  bias (made by encoder, read by encoder.dense)   handed over: kept as encoder's
                ▼  encoder.dense[0]: tensor                        kept as it returns

Equal tensors are one: where a call gives a tensor that it was given (dropout, identity), or that a
call inside it gave (containers), no arithmetic lies between, and ``same_as`` says so.

How exact the model's own numbers are is found out by a second run, in 64-bit floats, in which
every output is replaced by the first run's as it returns. So what differs at an output is the
rounding of that module alone, which is what an own error has to be compared with. A module's
parameters are cast as it is called and cast back, so that no second copy of the model is made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from hexviz.errors import SourceError
from hexviz.exporters.call_recorder import Recorder, WatchedOutput
from hexviz.exporters.export import evaluating
from hexviz.exporters.foreign_errors import first_line
from hexviz.exporters.second_runs import noise_of, refuse_stochastic
from hexviz.exporters.watched_tensors import copied
from hexviz.exporters.wrappers import unwrapped
from hexviz.extraction.spill import Spill

__all__ = ["Watched", "watch"]


@dataclass(frozen=True)
class Watched:
    """What a run gave, in order. ``tensorless`` are calls that gave no tensor: FQN, call, type."""

    outputs: tuple[WatchedOutput, ...]
    tensorless: tuple[tuple[str, int, str], ...]
    notes: tuple[str, ...]


def watch(
    model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], spill: Spill
) -> Watched:
    """Run ``model(*args, **kwargs)`` in evaluation mode, and keep every output in ``spill``.

    Raises:
        SourceError: if the model fails on these inputs, or two runs of it differ.
    """
    trained = model.training
    with unwrapped(model) as inner, evaluating(inner), torch.no_grad():
        if not isinstance(inner, nn.Module):
            raise SourceError(
                f"The reference is {type(inner).__name__}, whose modules cannot be watched: "
                "give the torch.nn.Module that it was made from."
            )
        recorder = Recorder(inner, spill)
        before = torch.get_rng_state()
        try:
            with recorder.watching():
                inner(*copied(args), **copied(dict(kwargs)))
        # The model's own code can raise anything at all.
        except Exception as error:
            raise SourceError(
                f"The reference fails on these inputs: {first_line(error)} "
                "Check the example inputs, or give others with --inputs."
            ) from error
        drew = not torch.equal(before, torch.get_rng_state())
        noise, failure = noise_of(inner, args, kwargs, recorder)
        if drew or failure:
            refuse_stochastic(inner, args, kwargs, recorder)
    notes = list(recorder.notes)
    if trained:
        notes.append("The reference was in training mode: it is compared in evaluation mode.")
    if failure:
        notes.append(
            f"The reference does not run in 64-bit floats ({failure}), so its own rounding is "
            "not known: every error above the tolerance counts."
        )
    outputs = [
        dataclasses.replace(one, noise=noise.get(at)) for at, one in enumerate(recorder.outputs)
    ]
    return Watched(tuple(outputs), tuple(recorder.tensorless), tuple(notes))
