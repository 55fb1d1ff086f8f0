"""Small modules that are written as people write PyTorch, and right as any exporter records them.

Each is one habit that makes records look odd: a module called twice, under
two names, late, out of order, functionally, or alone in its class. Nothing in
their exports is wrong, so an audit has nothing to say of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.nn import functional

from hexviz.exporters.model_source import Source

__all__ = ["IDIOMS"]


def _linear(inner: int = 8, outer: int = 8) -> nn.Linear:
    return nn.Linear(inner, outer)


class _SharedActivation(nn.Module):
    """One activation, and one layer, called from two places."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        self.fc, self.act, self.out = _linear(), act, _linear()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.out(self.act(self.fc(self.act(self.fc(x)))))
        return out


class _ActivationBetween(nn.Module):
    """An activation of the parent's after each of its layers."""

    def __init__(self, count: int = 4) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_linear() for _ in range(count))
        self.act, self.drop = nn.GELU(), nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = self.drop(self.act(layer(x))) + x
        return x


class _LentActivation(nn.Module):
    """Blocks that all hold the same activation."""

    def __init__(self, act: nn.Module) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Sequential(_linear(), act, _linear()) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class _Alias(nn.Module):
    """One layer under two names."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _linear()
        self.second = self.first
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(self.norm(self.first(x)))
        return out


class _ListOfOne(nn.Module):
    """The same layer several times in a list."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)] * 3)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
        return x


class _Recurring(nn.Module):
    """A cell called in a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.cell, self.head = nn.GRUCell(8, 8), _linear()

    def forward(self, x: Tensor) -> Tensor:
        state = torch.zeros_like(x)
        for _ in range(3):
            state = self.cell(x, state)
        out: Tensor = self.head(state)
        return out


class _Recursion(nn.Module):
    """A module that calls itself, as a tree is walked."""

    def __init__(self) -> None:
        super().__init__()
        self.left, self.right, self.join = _linear(), _linear(), nn.Tanh()

    def walk(self, x: Tensor, depth: int) -> Tensor:
        if not depth:
            return x
        one = self.walk(self.left(x), depth - 1)
        two = self.walk(self.right(x), depth - 1)
        out: Tensor = self.join(one + two)
        return out

    def forward(self, x: Tensor) -> Tensor:
        return self.walk(x, 3)


class _LateEmbedding(nn.Module):
    """An embedding that is added after other layers ran."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.encode = nn.Embedding(10, 8), nn.Sequential(_linear(), nn.ReLU())
        self.places, self.norm, self.head = nn.Embedding(4, 8), nn.LayerNorm(8), _linear()

    def forward(self, ids: Tensor) -> Tensor:
        x = self.encode(self.words(ids))
        x = x + self.places(torch.arange(ids.shape[1]))
        out: Tensor = self.head(self.norm(x))
        return out


class _TiedHead(nn.Module):
    """An output layer with the embedding's weight."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.mix, self.head = nn.Embedding(10, 8), _linear(), nn.Linear(8, 10)
        self.head.weight = self.words.weight

    def forward(self, ids: Tensor) -> Tensor:
        out: Tensor = self.head(torch.tanh(self.mix(self.words(ids))))
        return out


class _TiedAutoencoder(nn.Module):
    """A decoder that uses the encoder's weights, transposed."""

    def __init__(self) -> None:
        super().__init__()
        self.down, self.act = nn.Linear(8, 3), nn.Sigmoid()

    def forward(self, x: Tensor) -> Tensor:
        return functional.linear(self.act(self.down(x)), self.down.weight.t())


class _Lender(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.rand(8))
        self.fc = _linear()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.fc(x)
        return out


class _Borrower(nn.Module):
    def forward(self, x: Tensor, scale: Tensor) -> Tensor:
        return torch.relu(x * scale)


class _LentParameter(nn.Module):
    """A parameter of one module, computed with in another."""

    def __init__(self) -> None:
        super().__init__()
        self.lender, self.borrower = _Lender(), _Borrower()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.borrower(self.lender(x), self.lender.scale)
        return out


class _ParentUsesParameter(nn.Module):
    """The parent computes with a child's weight itself."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.norm = _linear(), nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        x = functional.linear(x, self.fc.weight) * 0.5 + self.fc.bias
        out: Tensor = self.norm(x)
        return out


class _FunctionalForward(nn.Module):
    """A child's ``forward``, called as a function."""

    def __init__(self) -> None:
        super().__init__()
        self.fc, self.act, self.out = _linear(), nn.SiLU(), _linear()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.out(self.act.forward(self.fc.forward(x)))
        return out


class _OutOfOrder(nn.Module):
    """Called in the reverse of the order in which they are defined."""

    def __init__(self) -> None:
        super().__init__()
        self.last, self.act, self.middle, self.first = (
            _linear(),
            nn.ReLU(),
            nn.LayerNorm(8),
            _linear(),
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.middle(self.act(self.first(x))))
        return out


class _OutOfOrderList(nn.Module):
    """A list walked from its end, every second one first."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(_linear(), nn.ReLU()) for _ in range(4))

    def forward(self, x: Tensor) -> Tensor:
        for at in (3, 1, 2, 0):
            x = self.layers[at](x)
        return x


class _Residual(nn.Module):
    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.inner(x)
        return out


class _Branches(nn.Module):
    """Different branches over one input, as in Inception."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Conv2d(3, 4, 1)
        self.three = nn.Sequential(nn.Conv2d(3, 4, 1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1))
        self.pool = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(3, 4, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.one(x), self.three(x), self.pool(x)], 1)


class _Heads(nn.Module):
    """A trunk with heads that are alike, and one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_linear(), nn.ReLU())
        self.heads = nn.ModuleList(
            nn.Sequential(_linear(), nn.ReLU(), _linear(), nn.Sigmoid(), _linear())
            for _ in range(3)
        )
        self.boxes = nn.Sequential(_linear(), nn.Hardswish())

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        x = self.stem(x)
        return (*(head(x) for head in self.heads), self.boxes(x))


class _Interleaved(nn.Module):
    """Two streams that run step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.left = nn.ModuleList(_linear() for _ in range(3))
        self.right = nn.ModuleList(_linear() for _ in range(3))
        self.meet = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        one = two = x
        for left, right in zip(self.left, self.right, strict=True):
            one, two = torch.relu(left(one)), torch.tanh(right(two))
        out: Tensor = self.meet(torch.cat([one, two], -1))
        return out


class _Siamese(nn.Module):
    """One encoder for two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(_linear(), nn.ReLU(), _linear())
        self.distance = nn.CosineSimilarity()

    def forward(self, one: Tensor, two: Tensor) -> Tensor:
        out: Tensor = self.distance(self.encoder(one), self.encoder(two))
        return out


class _Attention(nn.Module):
    """Attention written by hand, with a mask that the module holds."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value, self.out = (_linear() for _ in range(4))
        self.soft, self.drop = nn.Softmax(-1), nn.Dropout(0.1)
        self.register_buffer("mask", torch.tril(torch.ones(4, 4)) == 0)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = (
            part(x).view(x.shape[0], 4, 2, 4).transpose(1, 2)
            for part in (self.query, self.key, self.value)
        )
        scores = (query @ key.transpose(-1, -2) / 2).masked_fill(self.mask, -1e9)
        mixed = (self.drop(self.soft(scores)) @ value).transpose(1, 2).reshape(x.shape[0], 4, 8)
        out: Tensor = self.out(mixed)
        return out


class _Gated(nn.Module):
    """Gates, two layers over one input."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.up, self.down, self.act = _linear(), _linear(), _linear(), nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down(self.act(self.gate(x)) * self.up(x))
        return out


class _Excitation(nn.Module):
    """Squeeze and excitation."""

    def __init__(self) -> None:
        super().__init__()
        self.pool, self.act, self.gate = nn.AdaptiveAvgPool2d(1), nn.ReLU(), nn.Sigmoid()
        self.less, self.more = nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        scale: Tensor = self.gate(self.more(self.act(self.less(self.pool(x)))))
        return x * scale


class _ConvNet(nn.Module):
    """Convolution, norm and activation, with one activation module for both."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)
        self.conv2, self.bn2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)
        self.relu, self.squeeze = nn.ReLU(inplace=True), _Excitation()

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        out: Tensor = self.relu(x + self.squeeze(self.bn2(self.conv2(x))))
        return out


class _Unet(nn.Module):
    """Down and up again, with a connection across."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(3, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)])
        self.up = nn.ModuleList([nn.ConvTranspose2d(4, 4, 2, 2), nn.ConvTranspose2d(4, 4, 2, 2)])
        self.pool, self.out = nn.MaxPool2d(2), nn.Conv2d(4, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for down in self.down:
            x = torch.relu(down(x))
            kept.append(x)
            x = self.pool(x)
        for up in self.up:
            x = up(x) + kept.pop()
        out: Tensor = self.out(x)
        return out


class _Experts(nn.Module):
    """All experts run, their results are weighed."""

    def __init__(self) -> None:
        super().__init__()
        self.router = _linear(8, 3)
        self.experts = nn.ModuleList(nn.Sequential(_linear(), nn.GELU()) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        weights = torch.softmax(self.router(x), -1)
        made = torch.stack([expert(x) for expert in self.experts], -1)
        return (made * weights.unsqueeze(-2)).sum(-1)


class _Positions(nn.Module):
    """Sines that are made in ``forward``."""

    def forward(self, x: Tensor) -> Tensor:
        at = torch.arange(x.shape[1], dtype=x.dtype)
        rates = torch.exp(torch.arange(0, 8, 2, dtype=x.dtype) * (-math.log(1e4) / 8))
        angles = at.unsqueeze(1) * rates
        return x + torch.cat([angles.sin(), angles.cos()], -1)


class _WithPositions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner, self.positions, self.drop = _linear(), _Positions(), nn.Dropout(0.1)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layer(self.drop(self.positions(self.inner(x))))
        return out


class _ModuleDict(nn.Module):
    """Parts by name, called by name."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = nn.ModuleDict({"enc": _linear(), "act": nn.ELU(), "dec": _linear()})

    def forward(self, x: Tensor) -> Tensor:
        for name in ("enc", "act", "dec", "act"):
            x = self.parts[name](x)
        return x


class _ParameterList(nn.Module):
    """Parameters in a list, without a module for each."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = nn.ParameterList(nn.Parameter(torch.rand(8, 8)) for _ in range(3))
        self.norm = nn.LayerNorm(8)

    def forward(self, x: Tensor) -> Tensor:
        for weight in self.weights:
            x = torch.relu(x @ weight)
        out: Tensor = self.norm(x)
        return out


class _Norm(nn.Module):
    """A norm by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(8))

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + 1e-6) * self.weight


class _Adapter(nn.Module):
    """A layer with a low-rank one beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.base, self.down, self.up = _linear(), nn.Linear(8, 2, bias=False), nn.Linear(2, 8)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.base(x) + self.up(self.down(x)) * 2.0
        return out


class _Adapted(nn.Module):
    """One layer of several that has an adapter: alone in its kind."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_linear(), _Adapter(), _linear(), _linear()])

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = torch.relu(layer(x))
        return x


class _Exception(nn.Module):
    """Blocks of one class of which one does more than the others."""

    def __init__(self, *, more: bool) -> None:
        super().__init__()
        self.fc, self.more = _linear(), more

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.fc(x))
        return torch.sigmoid(x).clamp(0.1, 0.9) if self.more else x


class _Exceptions(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(_Exception(more=at == 2) for at in range(5))

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class _Once(nn.Module):
    """What only the first block computes, all others get."""

    def __init__(self) -> None:
        super().__init__()
        self.bias, self.layers = _linear(1, 8), nn.ModuleList(_linear() for _ in range(4))
        self.act = nn.LeakyReLU()

    def forward(self, x: Tensor) -> Tensor:
        bias = None
        for layer in self.layers:
            x = layer(x)
            if bias is None:
                bias = self.bias(x.mean(-1, keepdim=True))
            x = self.act(x + bias)
        return x


class _Pooler(nn.Module):
    """A reduction that stands in the middle and feeds the end."""

    def __init__(self) -> None:
        super().__init__()
        self.early, self.pool, self.late = _linear(), nn.AdaptiveAvgPool1d(1), _linear()
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(12, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.early(x)
        pooled = self.pool(x).squeeze(-1)
        x = self.norm(torch.tanh(self.late(x))).mean(1)
        out: Tensor = self.head(torch.cat([x, pooled], -1))
        return out


class _ManyOutputs(nn.Module):
    """Values from the middle that are outputs as well."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Sequential(_linear(), nn.Tanh()) for _ in range(3))

    def forward(self, x: Tensor) -> list[Tensor]:
        states = []
        for layer in self.layers:
            x = layer(x)
            states.append(x)
        return [*states, torch.stack(states).mean(0)]


class _Weighed(nn.Module):
    """Scalars that the root holds, for its children's results."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = _linear(), _linear()
        self.scale, self.shift = nn.Parameter(torch.rand(())), nn.Parameter(torch.rand(8))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.one(x) * self.scale + self.two(x + self.shift)
        return out


class _Identities(nn.Module):
    """Modules that do nothing in most places."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            nn.Sequential(_linear(), nn.Identity(), nn.ReLU() if at == 1 else nn.Identity())
            for at in range(3)
        )

    def forward(self, x: Tensor) -> Tensor:
        for block in self.blocks:
            x = block(x)
        return x


class _Conditional(nn.Module):
    """A helper without parameters that is called between others' parts."""

    def __init__(self) -> None:
        super().__init__()
        self.split, self.one, self.two = nn.Linear(8, 16), _linear(), _linear()
        self.glu, self.flat = nn.GLU(), nn.Flatten(0, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.glu(self.split(x))
        x = self.one(x) + self.glu(self.split(self.two(x)))
        out: Tensor = self.flat(x)
        return out


class _LastStateFirst(nn.Module):
    """The result of an early module, used by the very last op only."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.layers = (
            nn.Sequential(_linear(), nn.Sigmoid()),
            nn.Sequential(_linear(), nn.ReLU(), _linear(), nn.ReLU(), _linear()),
        )

    def forward(self, x: Tensor) -> Tensor:
        gate: Tensor = self.gate(x)
        out: Tensor = self.layers(x)
        return out * gate


class _Text(nn.Module):
    """A small classifier of text, with a bag of words beside it."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.lstm = nn.Embedding(10, 8), nn.LSTM(8, 8, batch_first=True)
        self.bag, self.head = nn.Embedding(10, 4), nn.Linear(12, 2)

    def forward(self, ids: Tensor) -> Tensor:
        states, _ = self.lstm(self.words(ids))
        out: Tensor = self.head(torch.cat([states[:, -1], self.bag(ids).sum(1)], -1))
        return out


class _SelfAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm, self.attention = nn.LayerNorm(8), nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(x)
        out: Tensor = self.attention(x, x, x, need_weights=False)[0]
        return out


def _lenet() -> nn.Module:
    features = nn.Sequential(nn.Conv2d(1, 4, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2))
    classifier = nn.Sequential(
        nn.Flatten(), nn.Linear(256, 20), nn.Tanh(), nn.Linear(20, 10), nn.Softmax(-1)
    )
    return nn.Sequential(features, classifier)


def _mlp(*activations: nn.Module) -> nn.Module:
    layers: list[nn.Module] = []
    for act in activations:
        layers += [_linear(), act]
    return nn.Sequential(*layers, _linear(8, 2))


def _mixer() -> nn.Module:
    def block() -> nn.Module:
        return nn.Sequential(
            _Residual(nn.Sequential(nn.LayerNorm(8), nn.Conv1d(4, 4, 1), nn.GELU())),
            _Residual(nn.Sequential(nn.LayerNorm(8), _linear(), nn.GELU(), nn.Dropout(0.1))),
        )

    return nn.Sequential(_linear(), block(), block(), nn.LayerNorm(8))


def _row() -> Tensor:
    return torch.rand(2, 8)


def _sequence() -> Tensor:
    return torch.rand(2, 4, 8)


def _picture(channels: int = 3) -> Tensor:
    return torch.rand(1, channels, 16, 16)


def _ids() -> Tensor:
    return torch.randint(10, (2, 4))


_BUILDERS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "shared activation": (lambda: _SharedActivation(nn.Tanh()), _row),
    "shared dropout": (lambda: _SharedActivation(nn.Dropout()), _row),
    "shared norm": (lambda: _SharedActivation(nn.LayerNorm(8)), _row),
    "shared softplus": (lambda: _SharedActivation(nn.Softplus()), _row),
    "shared decomposed activation": (lambda: _SharedActivation(nn.Mish()), _row),
    "activation between layers": (_ActivationBetween, _row),
    "activation after one layer": (lambda: _ActivationBetween(1), _row),
    "lent activation": (lambda: _LentActivation(nn.ReLU()), _row),
    "lent decomposed activation": (lambda: _LentActivation(nn.GELU()), _row),
    "two names": (_Alias, _row),
    "list of one layer": (_ListOfOne, _sequence),
    "cell in a loop": (_Recurring, _row),
    "recursion": (_Recursion, _row),
    "late embedding": (_LateEmbedding, _ids),
    "tied head": (_TiedHead, _ids),
    "tied autoencoder": (_TiedAutoencoder, _row),
    "lent parameter": (_LentParameter, _row),
    "parent uses a parameter": (_ParentUsesParameter, _row),
    "functional forward": (_FunctionalForward, _row),
    "out of order": (_OutOfOrder, _row),
    "list out of order": (_OutOfOrderList, _row),
    "residual": (lambda: nn.Sequential(*(_Residual(_linear()) for _ in range(3))), _row),
    "branches": (_Branches, _picture),
    "heads": (_Heads, _row),
    "interleaved": (_Interleaved, _row),
    "attention": (_Attention, _sequence),
    "two attentions": (
        lambda: nn.Sequential(_Attention(), nn.LayerNorm(8), _Attention()),
        _sequence,
    ),
    "gated": (_Gated, _row),
    "excitation": (lambda: nn.Sequential(nn.Conv2d(3, 4, 1), _Excitation()), _picture),
    "convolutions": (_ConvNet, _picture),
    "u-net": (_Unet, _picture),
    "experts": (_Experts, _row),
    "positions": (_WithPositions, _sequence),
    "module dict": (_ModuleDict, _row),
    "parameter list": (_ParameterList, _row),
    "norm by hand": (lambda: nn.Sequential(_linear(), _Norm(), _linear()), _row),
    "adapter": (_Adapted, _row),
    "one block does more": (_Exceptions, _row),
    "computed once": (_Once, _row),
    "pooled early": (_Pooler, _sequence),
    "many outputs": (_ManyOutputs, _row),
    "parameters of the root": (_Weighed, _row),
    "identities": (_Identities, _row),
    "gated linear units": (_Conditional, _sequence),
    "gate used last": (_LastStateFirst, _row),
    "text": (_Text, _ids),
    "lenet": (_lenet, lambda: _picture(1)),
    "one layer": (_linear, _row),
    "layer and activation": (lambda: nn.Sequential(_linear(), nn.ReLU()), _row),
    "mlp": (lambda: _mlp(nn.ReLU()), _row),
    "mlp with two activations": (lambda: _mlp(nn.ReLU(), nn.Tanh()), _row),
    "mlp with one activation twice": (lambda: _mlp(act := nn.ReLU(), act), _row),
    "mlp with dropout": (lambda: _mlp(nn.ReLU(), nn.Dropout(), nn.Softmax(-1)), _row),
    "mixer": (_mixer, _sequence),
    "encoder": (
        lambda: nn.TransformerEncoder(
            nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2, enable_nested_tensor=False
        ),
        _sequence,
    ),
    "multi-head attention": (_SelfAttention, _sequence),
}


def _opener(build: Callable[[], nn.Module], inputs: Callable[[], Tensor]) -> Callable[[], Source]:
    def opened() -> Source:
        torch.manual_seed(0)
        return Source(build().eval(), (inputs(),), name="idiom")

    return opened


def _siamese() -> Source:
    torch.manual_seed(0)
    return Source(_Siamese().eval(), (_row(), _row()), name="idiom")


IDIOMS: Mapping[str, Callable[[], Source]] = MappingProxyType(
    {name: _opener(*builder) for name, builder in _BUILDERS.items()} | {"siamese": _siamese}
)
"""Name → the module with its inputs, ready to be exported."""
