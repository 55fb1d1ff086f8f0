"""Models that are hard to export in one way each."""

from __future__ import annotations

import sys
from typing import NoReturn

import torch
from torch import Tensor, nn


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(4, 4)
        self.items = nn.ModuleList([nn.Linear(4, 4), nn.ReLU()])
        self.again = self.first

    def forward(self, x: Tensor) -> Tensor:
        for item in self.items:
            x = item(self.first(x))
        return self.again(x)


class Keywords(nn.Module):
    """Takes keywords, one of them no tensor; returns a dict with a tuple and a ``None`` in it."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(
        self, x: Tensor, scale: Tensor | None = None, *, negate: bool = False
    ) -> dict[str, object]:
        y = self.layer(x)
        if scale is not None:
            y = y * scale
        return {"x": -y if negate else y, "states": (y + 1, y + 2), "loss": None}


class Raises(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 4)
        self.frozen = nn.Dropout().eval()

    def forward(self, x: Tensor) -> NoReturn:
        sys.stdout.write(f"a print of the model, of {len(x)}\n")
        raise KeyError("\x1b[31mthe model's own\x1b[0m\nsecond line")


class Unsupported(nn.Module):
    """``aten::diff`` has no TorchScript translation."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.diff(x)


class Dependent(nn.Module):
    """Branches on data, which ``torch.export`` cannot follow."""

    def forward(self, x: Tensor) -> Tensor:
        return x + 1 if x.sum() > 0 else x - 1


class Fixed(nn.Module):
    """Fixes a size of its input to 2."""

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(2, 4) * torch.arange(4.0) if x.shape[0] == 2 else x
