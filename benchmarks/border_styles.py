"""Small models in many ways of writing a ``forward``: where layout changes between two modules.

Who reshapes a value before or after a layer is a habit of who wrote the model. The published
architectures of :mod:`benchmarks.models` are few ways of it; these are more, each a page long and
tuned on.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["BORDER_STYLES"]

Example = tuple[nn.Module, tuple[Tensor, ...]]


def _image(size: int = 32, channels: int = 3) -> Tensor:
    count = channels * size * size
    return torch.linspace(-1, 1, count).reshape(1, channels, size, size)


def _sequence(length: int = 12, width: int = 16) -> Tensor:
    return torch.linspace(-1, 1, 2 * length * width).reshape(2, length, width)


def _tokens() -> Tensor:
    return torch.arange(24).reshape(2, 12)


class _PatchEmbed(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(3, width, 8, stride=8)
        self.norm = nn.Identity()

    def forward(self, image: Tensor) -> Any:
        return self.norm(self.proj(image).flatten(2).transpose(1, 2))


class _Mlp(nn.Module):
    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.act = nn.GELU()
        self.drop1 = nn.Dropout(0.1)
        self.fc2 = nn.Linear(inner, width)
        self.drop2 = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Any:
        return self.drop2(self.fc2(self.drop1(self.act(self.fc1(x)))))


class _FusedAttention(nn.Module):
    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Any:
        b, n, c = x.shape
        qkv = self.qkv(x).reshape(b, n, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        weights = (q @ k.transpose(-2, -1) * (c // self.heads) ** -0.5).softmax(dim=-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, c))


class _PreNormBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = _FusedAttention(width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = _Mlp(width, 2 * width)

    def forward(self, x: Tensor) -> Any:
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class _Vit(nn.Module):
    """Patches flattened inside their own module, a class token, one fused projection."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = _PatchEmbed(32)
        self.cls_token = nn.Parameter(torch.randn(1, 1, 32))
        self.pos_embed = nn.Parameter(torch.randn(1, 17, 32))
        self.blocks = nn.Sequential(*(_PreNormBlock(32) for _ in range(3)))
        self.norm = nn.LayerNorm(32)
        self.head = nn.Linear(32, 10)

    def forward(self, image: Tensor) -> Any:
        x = self.patch_embed(image)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], dim=1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])


class _FlattenOutside(nn.Module):
    """Patches flattened by the model itself, a mean over them, no class token."""

    def __init__(self) -> None:
        super().__init__()
        self.to_patches = nn.Conv2d(3, 32, 8, stride=8)
        self.norm_pre = nn.LayerNorm(32)
        self.layers = nn.ModuleList(_PreNormBlock(32) for _ in range(3))
        self.head = nn.Sequential(nn.LayerNorm(32), nn.Linear(32, 10))

    def forward(self, image: Tensor) -> Any:
        x = self.norm_pre(self.to_patches(image).flatten(2).permute(0, 2, 1))
        for layer in self.layers:
            x = layer(x)
        return self.head(x.mean(1))


def _windows(x: Tensor, size: int) -> Tensor:
    b, h, w, c = x.shape
    x = x.view(b, h // size, size, w // size, size, c)
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, size * size, c)


def _unwindowed(x: Tensor, size: int, height: int, width: int) -> Tensor:
    x = x.view(-1, height // size, width // size, size, size, x.shape[-1])
    return x.permute(0, 1, 3, 2, 4, 5).reshape(-1, height, width, x.shape[-1])


class _BiasedAttention(nn.Module):
    index: Tensor

    def __init__(self, width: int, size: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.table = nn.Parameter(torch.randn((2 * size - 1) ** 2, heads))
        grid = torch.stack(torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij"))
        flat = grid.flatten(1)
        apart = (flat[:, :, None] - flat[:, None]).permute(1, 2, 0) + size - 1
        self.register_buffer("index", apart[..., 0] * (2 * size - 1) + apart[..., 1])
        self.q = nn.Linear(width, width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Any:
        b, n, c = x.shape
        q = self.q(x).view(b, n, self.heads, -1).transpose(1, 2)
        k, v = self.kv(x).view(b, n, 2, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        bias = self.table[self.index.view(-1)].view(n, n, -1).permute(2, 0, 1)
        weights = (q @ k.transpose(-1, -2) + bias.unsqueeze(0)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, c))


class _WindowBlock(nn.Module):
    def __init__(self, width: int, shift: int) -> None:
        super().__init__()
        self.shift = shift
        self.norm1 = nn.LayerNorm(width)
        self.attn = _BiasedAttention(width, 4)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = _Mlp(width, 2 * width)

    def forward(self, x: Tensor) -> Any:
        _, h, w, _ = x.shape
        y = self.norm1(x)
        if self.shift:
            y = torch.roll(y, (-self.shift, -self.shift), (1, 2))
        y = _unwindowed(self.attn(_windows(y, 4)), 4, h, w)
        if self.shift:
            y = torch.roll(y, (self.shift, self.shift), (1, 2))
        x = x + y
        return x + self.mlp(self.norm2(x))


class _PatchMerging(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = nn.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Any:
        parts = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.reduction(self.norm(torch.cat(parts, -1)))


class _Permute(nn.Module):
    def __init__(self, *dims: int) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Tensor:
        return x.permute(self.dims)


class _Windowed(nn.Module):
    """Windows made by functions of the block, merging at the end of a stage, layout in modules."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Sequential(nn.Conv2d(3, 16, 4, stride=4), _Permute(0, 2, 3, 1), nn.LayerNorm(16)),
            nn.Sequential(_WindowBlock(16, 0), _WindowBlock(16, 2)),
            _PatchMerging(16),
            nn.Sequential(_WindowBlock(32, 0), _WindowBlock(32, 2)),
        )
        self.norm = nn.LayerNorm(32)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.head = nn.Linear(32, 7)

    def forward(self, image: Tensor) -> Any:
        x = self.norm(self.features(image)).permute(0, 3, 1, 2)
        return self.head(torch.flatten(self.avgpool(x), 1))


class _ChannelNorm(nn.LayerNorm):
    def forward(self, x: Tensor) -> Tensor:
        x = F.layer_norm(
            x.permute(0, 2, 3, 1), self.normalized_shape, self.weight, self.bias, self.eps
        )
        return x.permute(0, 3, 1, 2)


class _NextBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 7, padding=3, groups=width)
        self.norm = nn.LayerNorm(width)
        self.pwconv1 = nn.Linear(width, 4 * width)
        self.act = nn.GELU()
        self.pwconv2 = nn.Linear(4 * width, width)
        self.gamma = nn.Parameter(torch.rand(width))

    def forward(self, x: Tensor) -> Any:
        y = self.norm(self.dwconv(x).permute(0, 2, 3, 1))
        y = self.gamma * self.pwconv2(self.act(self.pwconv1(y)))
        return x + y.permute(0, 3, 1, 2)


class _Next(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.downsample_layers = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, 16, 4, stride=4), _ChannelNorm(16))]
            + [nn.Sequential(_ChannelNorm(16), nn.Conv2d(16, 16, 2, stride=2)) for _ in range(2)]
        )
        self.stages = nn.ModuleList(
            nn.Sequential(*(_NextBlock(16) for _ in range(2))) for _ in range(3)
        )
        self.norm = nn.LayerNorm(16)
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Any:
        for down, stage in zip(self.downsample_layers, self.stages, strict=True):
            x = stage(down(x))
        return self.head(self.norm(x.mean([-2, -1])))


class _SqueezeExcite(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.avg_pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Sequential(
            nn.Linear(width, width // 4), nn.ReLU(), nn.Linear(width // 4, width), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Any:
        b, c, _, _ = x.shape
        weights = self.fc(self.avg_pool(x).view(b, c)).view(b, c, 1, 1)
        return x * weights.expand_as(x)


class _SeBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.bn2 = nn.BatchNorm2d(width)
        self.se = _SqueezeExcite(width)

    def forward(self, x: Tensor) -> Any:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(x + self.se(y))


class _SeNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 3, stride=2)
        self.layer1 = nn.Sequential(_SeBlock(16), _SeBlock(16))
        self.pool = nn.AvgPool2d(7)
        self.classifier = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 5))

    def forward(self, x: Tensor) -> Any:
        x = self.pool(self.layer1(self.stem(x)))
        return self.classifier(x.view(x.size(0), -1))


class _Flattening(nn.Module):
    """A Sequential that flattens by a module."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 16, 3), nn.ReLU()
        )
        self.head = nn.Sequential(nn.AvgPool2d(6), nn.Flatten(), nn.Linear(64, 10))

    def forward(self, x: Tensor) -> Any:
        return F.log_softmax(self.head(self.features(x)), dim=1)


class _Aligning(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.conv1 = nn.Conv1d(width, 16, 1)
        self.conv2 = nn.Conv1d(16, 32, 1)
        self.fc = nn.Linear(32, width * width)

    def forward(self, x: Tensor) -> Any:
        x = F.relu(self.conv2(F.relu(self.conv1(x)))).amax(dim=2).view(-1, 32)
        return self.fc(x).view(-1, self.width, self.width) + torch.eye(self.width)


class _Points(nn.Module):
    """Points as rows, layers over columns: transposed to and fro."""

    def __init__(self) -> None:
        super().__init__()
        self.align = _Aligning(3)
        self.conv1 = nn.Conv1d(3, 16, 1)
        self.bn1 = nn.BatchNorm1d(16)
        self.feature_align = _Aligning(16)
        self.conv2 = nn.Conv1d(16, 32, 1)
        self.fc = nn.Linear(32, 4)

    def forward(self, points: Tensor) -> Any:
        x = points.transpose(2, 1)
        x = torch.bmm(x.transpose(2, 1), self.align(x)).transpose(2, 1)
        x = F.relu(self.bn1(self.conv1(x)))
        x = torch.bmm(x.transpose(2, 1), self.feature_align(x)).transpose(2, 1)
        return self.fc(torch.max(self.conv2(x), 2)[0])


class _Crnn(nn.Module):
    """Columns of an image read by a recurrent layer."""

    def __init__(self) -> None:
        super().__init__()
        self.cnn = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3, padding=1)
        )
        self.map_to_seq = nn.Linear(8 * 16, 32)
        self.rnn1 = nn.LSTM(32, 24, bidirectional=True)
        self.rnn2 = nn.LSTM(48, 24, bidirectional=True)
        self.dense = nn.Linear(48, 11)

    def forward(self, image: Tensor) -> Any:
        x = self.cnn(image)
        b, c, h, w = x.shape
        x = x.view(b, c * h, w).permute(2, 0, 1)
        x, _ = self.rnn1(self.map_to_seq(x))
        x, _ = self.rnn2(x)
        return self.dense(x)


class _Classifier(nn.Module):
    """Time first, initial states that the model makes."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 16)
        self.lstm = nn.LSTM(16, 20, num_layers=2)
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(20, 3)

    def forward(self, tokens: Tensor) -> Any:
        x = self.embed(tokens).transpose(0, 1)
        zero = torch.zeros(2, x.size(1), 20)
        _, (hidden, _) = self.lstm(x, (zero, zero.clone()))
        return self.fc(self.drop(hidden[-1]))


class _Positions(nn.Module):
    table: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.dropout = nn.Dropout(0.1)
        position = torch.arange(64).unsqueeze(1)
        scale = torch.exp(torch.arange(0, width, 2) * (-math.log(10000.0) / width))
        table = torch.zeros(64, width)
        table[:, 0::2] = torch.sin(position * scale)
        table[:, 1::2] = torch.cos(position * scale)
        self.register_buffer("table", table)

    def forward(self, x: Tensor) -> Any:
        return self.dropout(x + self.table[: x.size(1)].unsqueeze(0))


class _Textbook(nn.Module):
    """PyTorch's own encoder layers behind a table of positions."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(50, 32)
        self.positions = _Positions(32)
        layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 3, enable_nested_tensor=False)
        self.out = nn.Linear(32, 50)

    def forward(self, tokens: Tensor) -> Any:
        return self.out(self.encoder(self.positions(self.embed(tokens)) * 2.0))


class _CausalAttention(nn.Module):
    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads, self.width = heads, width
        self.c_attn = nn.Linear(width, 3 * width, bias=False)
        self.c_proj = nn.Linear(width, width, bias=False)
        self.resid_dropout = nn.Dropout(0.1)

    def forward(self, x: Tensor, turn: Tensor) -> Any:
        b, t, c = x.shape
        q, k, v = self.c_attn(x).split(self.width, dim=2)
        q, k, v = (one.view(b, t, self.heads, c // self.heads).transpose(1, 2) for one in (q, k, v))
        q, k = _turned(q, turn), _turned(k, turn)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.resid_dropout(self.c_proj(y.transpose(1, 2).contiguous().view(b, t, c)))


def _turned(x: Tensor, turn: Tensor) -> Tensor:
    one, two = x.chunk(2, dim=-1)
    return x * turn.cos() + torch.cat([-two, one], dim=-1) * turn.sin()


class _RootNorm(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.rand(width))

    def forward(self, x: Tensor) -> Tensor:
        scale = torch.rsqrt(x.float().pow(2).mean(-1, keepdim=True) + 1e-6)
        return (x.float() * scale).type_as(x) * self.weight


class _CausalBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.ln_1 = _RootNorm(width)
        self.attn = _CausalAttention(width)
        self.ln_2 = _RootNorm(width)
        self.gate = nn.Linear(width, 2 * width)
        self.down = nn.Linear(width, width)

    def forward(self, x: Tensor, turn: Tensor) -> Any:
        x = x + self.attn(self.ln_1(x), turn)
        gate, up = self.gate(self.ln_2(x)).chunk(2, dim=-1)
        return x + self.down(F.silu(gate) * up)


class _Causal(nn.Module):
    frequencies: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.wte = nn.Embedding(50, 32)
        self.h = nn.ModuleList(_CausalBlock(32) for _ in range(3))
        self.ln_f = _RootNorm(32)
        self.register_buffer("frequencies", 1.0 / 100 ** (torch.arange(4) / 4))

    def forward(self, tokens: Tensor) -> Any:
        t = torch.arange(tokens.shape[1])
        turn = torch.outer(t, self.frequencies).repeat(1, 2)[None, None]
        x = self.wte(tokens)
        for block in self.h:
            x = block(x, turn)
        return self.ln_f(x)[:, [-1], :] @ self.wte.weight.t()


class _Quantiser(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(20, 8)

    def forward(self, x: Tensor) -> Any:
        x = x.permute(0, 2, 3, 1).contiguous()
        flat = x.view(-1, 8)
        apart = (flat[:, None] - self.embedding.weight[None]).pow(2).sum(-1)
        nearest = self.embedding(apart.argmin(1)).view(x.shape)
        return (x + (nearest - x)).permute(0, 3, 1, 2).contiguous()


class _Quantised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Conv2d(3, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 8, 4, 2, 1))
        self.quantise = _Quantiser()
        self.decoder = nn.Sequential(nn.ConvTranspose2d(8, 8, 4, 2, 1), nn.ReLU())
        self.to_image = nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x: Tensor) -> Any:
        return self.to_image(self.decoder(self.quantise(self.encoder(x))))


class _CrossAttention(nn.Module):
    def __init__(self, width: int, heads: int = 2) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_kv = nn.Linear(width, 2 * width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width), nn.Dropout(0.1))

    def forward(self, x: Tensor, context: Tensor) -> Any:
        q, (k, v) = self.to_q(x), self.to_kv(context).chunk(2, dim=-1)
        q, k, v = (_heads(one, self.heads) for one in (q, k, v))
        weights = torch.einsum("bid,bjd->bij", q, k).softmax(dim=-1)
        out = torch.einsum("bij,bjd->bid", weights, v)
        b, n, _ = x.shape
        return self.to_out(out.view(b, self.heads, n, -1).permute(0, 2, 1, 3).reshape(b, n, -1))


def _heads(x: Tensor, heads: int) -> Tensor:
    b, n, c = x.shape
    x = x.view(b, n, heads, c // heads).permute(0, 2, 1, 3)
    return x.reshape(b * heads, n, c // heads)


class _Normed(nn.Module):
    def __init__(self, width: int, fn: nn.Module) -> None:
        super().__init__()
        self.fn = fn
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, *context: Tensor) -> Any:
        return self.fn(self.norm(x), *context)


class _Perceiver(nn.Module):
    """A module around a module that it only prepares for; an image as a list of points."""

    def __init__(self) -> None:
        super().__init__()
        self.latents = nn.Parameter(torch.randn(4, 16))
        self.project = nn.Linear(3, 16)
        self.layers = nn.ModuleList(
            nn.ModuleList(
                [_Normed(16, _CrossAttention(16)), _Normed(16, _Mlp(16, 32))],
            )
            for _ in range(2)
        )
        self.to_logits = nn.Sequential(nn.LayerNorm(16), nn.Linear(16, 6))

    def forward(self, image: Tensor) -> Any:
        b = image.shape[0]
        data = self.project(image.permute(0, 2, 3, 1).reshape(b, -1, 3))
        x = self.latents.unsqueeze(0).repeat(b, 1, 1)
        layers: Any = self.layers
        for attend, feed in layers:
            x = x + attend(x, data)
            x = x + feed(x)
        return self.to_logits(x.mean(dim=-2))


class _Shuffling(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.branch = nn.Sequential(
            nn.Conv2d(width // 2, width // 2, 1),
            nn.BatchNorm2d(width // 2),
            nn.ReLU(),
            nn.Conv2d(width // 2, width // 2, 3, padding=1, groups=width // 2),
        )

    def forward(self, x: Tensor) -> Any:
        one, two = x.chunk(2, dim=1)
        x = torch.cat([one, self.branch(two)], dim=1)
        b, c, h, w = x.shape
        return x.view(b, 2, c // 2, h, w).transpose(1, 2).contiguous().view(b, c, h, w)


class _Shuffled(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.ReLU())
        self.stage2 = nn.Sequential(_Shuffling(16), _Shuffling(16), _Shuffling(16))
        self.fc = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Any:
        return self.fc(self.stage2(self.conv1(x)).mean([2, 3]))


class _Detecting(nn.Module):
    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.m = nn.ModuleList(nn.Conv2d(width, 21, 1) for width in widths)

    def forward(self, levels: list[Tensor]) -> Tensor:
        found = []
        for level, conv in zip(levels, self.m, strict=True):
            x = conv(level)
            b, _, h, w = x.shape
            x = x.view(b, 3, 7, h, w).permute(0, 1, 3, 4, 2).contiguous().sigmoid()
            found.append(x.view(b, -1, 7))
        return torch.cat(found, 1)


class _ConvNormAct(nn.Module):
    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(before, after, 3, stride, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(after)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Any:
        return self.act(self.bn(self.conv(x)))


class _Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one = _ConvNormAct(3, 8, 2)
        self.two = _ConvNormAct(8, 16, 2)
        self.three = _ConvNormAct(16, 16, 2)
        self.up = nn.Upsample(scale_factor=2)
        self.merge = _ConvNormAct(32, 16, 1)
        self.detect = _Detecting((16, 16))

    def forward(self, image: Tensor) -> Any:
        two = self.two(self.one(image))
        three = self.three(two)
        return self.detect([self.merge(torch.cat([self.up(three), two], 1)), three])


class _BoxHead(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.cls = nn.Conv2d(16, 6, 3, padding=1)
        self.box = nn.Conv2d(16, 8, 3, padding=1)

    def forward(self, features: list[Tensor]) -> Any:
        classes = [self._rows(self.cls(one), 3) for one in features]
        boxes = [self._rows(self.box(one), 4) for one in features]
        return torch.cat(classes, 1), torch.cat(boxes, 1)

    def _rows(self, x: Tensor, count: int) -> Tensor:
        b, _, h, w = x.shape
        return x.view(b, -1, count, h, w).permute(0, 3, 4, 1, 2).reshape(b, -1, count)


class _Pyramid(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.ModuleList(
            [nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1), nn.Conv2d(16, 32, 3, 2, 1)]
        )
        self.lateral = nn.ModuleList([nn.Conv2d(16, 16, 1), nn.Conv2d(32, 16, 1)])
        self.smooth = nn.Conv2d(16, 16, 3, padding=1)
        self.head = _BoxHead()

    def forward(self, x: Tensor) -> Any:
        levels = []
        for layer in self.body:
            x = F.relu(layer(x))
            levels.append(x)
        top = self.lateral[1](levels[2])
        low = self.lateral[0](levels[1])
        low = low + F.interpolate(top, size=low.shape[-2:], mode="nearest")
        return self.head([self.smooth(low), self.smooth(top)])


class _Reducing(nn.Module):
    """Attention over fewer keys: a layer of images within one of sequences."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.q = nn.Linear(width, width)
        self.sr = nn.Conv2d(width, width, 2, 2)
        self.norm = nn.LayerNorm(width)
        self.kv = nn.Linear(width, 2 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x: Tensor, side: int) -> Any:
        b, n, c = x.shape
        q = self.q(x).reshape(b, n, 2, c // 2).permute(0, 2, 1, 3)
        y = x.permute(0, 2, 1).reshape(b, c, side, side)
        y = self.norm(self.sr(y).reshape(b, c, -1).permute(0, 2, 1))
        k, v = self.kv(y).reshape(b, -1, 2, 2, c // 2).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1)).softmax(-1)
        return self.proj((weights @ v).transpose(1, 2).reshape(b, n, c))


class _ImageConv(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dwconv = nn.Conv2d(width, width, 3, padding=1, groups=width)

    def forward(self, x: Tensor, side: int) -> Any:
        b, _, c = x.shape
        return self.dwconv(x.transpose(1, 2).view(b, c, side, side)).flatten(2).transpose(1, 2)


class _MixedMlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 2 * width)
        self.dwconv = _ImageConv(2 * width)
        self.act = nn.GELU()
        self.fc2 = nn.Linear(2 * width, width)

    def forward(self, x: Tensor, side: int) -> Any:
        return self.fc2(self.act(self.dwconv(self.fc1(x), side)))


class _MixedBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = _Reducing(width)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = _MixedMlp(width)

    def forward(self, x: Tensor, side: int) -> Any:
        x = x + self.attn(self.norm1(x), side)
        return x + self.mlp(self.norm2(x), side)


class _OverlapPatches(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(before, after, 3, stride=2, padding=1)
        self.norm = nn.LayerNorm(after)

    def forward(self, x: Tensor) -> Any:
        x = self.proj(x)
        side = x.shape[-1]
        return self.norm(x.flatten(2).transpose(1, 2)), side


class _Segmenter(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patch_embed1 = _OverlapPatches(3, 8)
        self.block1 = nn.ModuleList(_MixedBlock(8) for _ in range(2))
        self.norm1 = nn.LayerNorm(8)
        self.patch_embed2 = _OverlapPatches(8, 16)
        self.block2 = nn.ModuleList(_MixedBlock(16) for _ in range(2))
        self.norm2 = nn.LayerNorm(16)
        self.linear1 = nn.Linear(8, 8)
        self.linear2 = nn.Linear(16, 8)
        self.fuse = nn.Conv2d(16, 8, 1)
        self.pred = nn.Conv2d(8, 3, 1)

    def forward(self, x: Tensor) -> Any:
        levels = []
        for embed, blocks, norm in (
            (self.patch_embed1, self.block1, self.norm1),
            (self.patch_embed2, self.block2, self.norm2),
        ):
            x, side = embed(x)
            for block in blocks:
                x = block(x, side)
            x = norm(x)
            x = x.reshape(x.shape[0], side, side, -1).permute(0, 3, 1, 2).contiguous()
            levels.append(x)
        outputs = []
        for linear, level in zip((self.linear1, self.linear2), levels, strict=True):
            b, _, h, w = level.shape
            y = linear(level.flatten(2).transpose(1, 2)).permute(0, 2, 1).reshape(b, -1, h, w)
            outputs.append(F.interpolate(y, size=(16, 16), mode="bilinear", align_corners=False))
        return self.pred(torch.relu(self.fuse(torch.cat(outputs, dim=1))))


class _Enlarging(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Conv2d(3, 16, 3, padding=1)
        self.body = nn.ModuleList(nn.Conv2d(16, 16, 3, padding=1) for _ in range(2))
        self.tail = nn.Sequential(nn.Conv2d(16, 12, 3, padding=1), nn.PixelShuffle(2))

    def forward(self, x: Tensor) -> Any:
        base = F.interpolate(x, scale_factor=2.0, mode="nearest")
        x = self.head(x)
        for layer in self.body:
            x = x + F.relu(layer(x))
        return self.tail(x) + base


class _TimeEmbedding(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.mlp = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, t: Tensor) -> Any:
        scale = torch.exp(-math.log(10000) * torch.arange(self.width // 2) / (self.width // 2))
        angle = t[:, None].float() * scale[None]
        return self.mlp(torch.cat([torch.cos(angle), torch.sin(angle)], dim=-1))


class _TimedBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(4, width)
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.time = nn.Linear(16, width)
        self.norm2 = nn.GroupNorm(4, width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor, t: Tensor) -> Any:
        y = self.conv1(F.silu(self.norm1(x)))
        y = y + self.time(F.silu(t))[:, :, None, None]
        return x + self.conv2(F.silu(self.norm2(y)))


class _ImageAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(4, width)
        self.to_qkv = nn.Conv2d(width, 3 * width, 1, bias=False)
        self.to_out = nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Any:
        b, c, h, w = x.shape
        q, k, v = (one.reshape(b, c, h * w) for one in self.to_qkv(self.norm(x)).chunk(3, dim=1))
        weights = (q.transpose(1, 2) @ k).softmax(-1)
        return x + self.to_out((v @ weights.transpose(1, 2)).reshape(b, c, h, w))


class _Denoiser(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.time = _TimeEmbedding(16)
        self.enter = nn.Conv2d(3, 8, 3, padding=1)
        self.downs = nn.ModuleList([_TimedBlock(8), _TimedBlock(8)])
        self.shrink = nn.Conv2d(8, 8, 3, 2, 1)
        self.middle = _ImageAttention(8)
        self.ups = nn.ModuleList([_TimedBlock(16)])
        self.leave = nn.Conv2d(16, 3, 1)

    def forward(self, x: Tensor, t: Tensor) -> Any:
        t = self.time(t)
        x = self.enter(x)
        for down in self.downs:
            x = down(x, t)
        y = F.interpolate(self.middle(self.shrink(x)), scale_factor=2.0, mode="nearest")
        x = torch.cat([x, y], dim=1)
        for up in self.ups:
            x = up(x, t)
        return self.leave(x)


class _LowRank(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.base = nn.Linear(width, width)
        self.down = nn.Linear(width, 2, bias=False)
        self.up = nn.Linear(2, width, bias=False)
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Any:
        return self.base(x) + self.up(self.down(self.drop(x))) * 2.0


class _SplitAttention(nn.Module):
    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (_LowRank(width) for _ in range(3))

    def _split(self, x: Tensor) -> Tensor:
        return x.view(x.shape[0], x.shape[1], self.heads, -1).permute(0, 2, 1, 3)

    def forward(self, x: Tensor, mask: Tensor) -> Any:
        q, k, v = (self._split(one(x)) for one in (self.query, self.key, self.value))
        weights = torch.softmax(q @ k.transpose(-1, -2) / 2.0 + mask, dim=-1)
        y = (weights @ v).permute(0, 2, 1, 3).contiguous()
        return y.view(y.shape[0], y.shape[1], -1)


class _AttentionOutput(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, beside: Tensor) -> Any:
        return self.norm(self.dense(x) + beside)


class _PostNormBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = _SplitAttention(width)
        self.output = _AttentionOutput(width)

    def forward(self, x: Tensor, mask: Tensor) -> Any:
        return self.output(self.attention(x, mask), x)


class _Adapted(nn.Module):
    """A text encoder with low-rank layers, a mask, positions looked up, and a pooled answer."""

    def __init__(self) -> None:
        super().__init__()
        self.words = nn.Embedding(50, 16)
        self.places = nn.Embedding(32, 16)
        self.layers = nn.ModuleList(_PostNormBlock(16) for _ in range(3))
        self.pooler = nn.Linear(16, 16)
        self.classifier = nn.Linear(16, 2)

    def forward(self, tokens: Tensor, mask: Tensor) -> Any:
        places = torch.arange(tokens.shape[1]).unsqueeze(0).expand_as(tokens)
        x = self.words(tokens) + self.places(places)
        mask = (1.0 - mask[:, None, None, :].float()) * -10000.0
        for layer in self.layers:
            x = layer(x, mask)
        return self.classifier(torch.tanh(self.pooler(x[:, 0])))


class _Graph(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.linear = nn.Linear(before, after)
        self.attend = nn.Linear(2 * after, 1)

    def forward(self, x: Tensor, edges: Tensor) -> Any:
        y = self.linear(x)
        n = y.shape[0]
        pairs = torch.cat([y.repeat(1, n).view(n * n, -1), y.repeat(n, 1)], dim=1)
        scores = F.leaky_relu(self.attend(pairs)).view(n, n)
        return torch.softmax(scores.masked_fill(edges == 0, -1e9), dim=1) @ y


class _GraphNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList([_Graph(6, 8), _Graph(8, 8)])
        self.out = nn.Linear(8, 3)

    def forward(self, x: Tensor, edges: Tensor) -> Any:
        for layer in self.layers:
            x = F.elu(layer(x, edges))
        return self.out(x)


class _Video(nn.Module):
    """Frames in the batch, then time: folded and unfolded by the model."""

    def __init__(self) -> None:
        super().__init__()
        self.frame = nn.Sequential(nn.Conv2d(3, 8, 3, 2), nn.ReLU(), nn.AdaptiveAvgPool2d(1))
        self.time = nn.GRU(8, 12, batch_first=True)
        self.mix = nn.Conv1d(12, 12, 3, padding=1)
        self.fc = nn.Linear(12, 4)

    def forward(self, x: Tensor) -> Any:
        b, t, c, h, w = x.shape
        y = self.frame(x.view(b * t, c, h, w)).view(b, t, -1)
        y, _ = self.time(y)
        y = self.mix(y.transpose(1, 2)).transpose(1, 2)
        return self.fc(y[:, -1, :])


class _Matrix(nn.Module):
    """A linear layer that makes a matrix of its input, and its input's shape of the result."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(before, after) * 0.1)
        self.bias = nn.Parameter(torch.randn(after) * 0.1)

    def forward(self, x: Tensor) -> Tensor:
        flat = x.reshape(-1, x.shape[-1])
        return torch.addmm(self.bias, flat, self.weight).view(*x.shape[:-1], -1)


class _MatrixBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = _ScaleNorm()
        self.up, self.gate = _Matrix(width, 2 * width), _Matrix(width, 2 * width)
        self.down = _Matrix(2 * width, width)

    def forward(self, x: Tensor) -> Any:
        y = self.norm(x)
        return x + self.down(torch.sigmoid(self.gate(y)) * self.up(y))


class _ScaleNorm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Any:
        kept = x.dtype
        y = x.to(torch.float64)
        return (y / y.norm(dim=-1, keepdim=True).clamp(min=1e-5)).to(kept) * self.scale


class _Matrices(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enter = _Matrix(16, 16)
        self.blocks = nn.ModuleList(_MatrixBlock(16) for _ in range(3))
        self.leave = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Any:
        x = self.enter(x)
        for block in self.blocks:
            x = block(x)
        return self.leave(x.flatten(0, 1))


class _CoordinateAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 1)
        self.along, self.across = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)

    def forward(self, x: Tensor) -> Any:
        h, w = x.shape[2:]
        rows, columns = x.mean(3, keepdim=True), x.mean(2, keepdim=True).permute(0, 1, 3, 2)
        y = F.relu(self.conv(torch.cat([rows, columns], dim=2)))
        rows, columns = torch.split(y, [h, w], dim=2)
        return x * self.along(rows).sigmoid() * self.across(columns.permute(0, 1, 3, 2)).sigmoid()


class _AxialBlock(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.row = nn.MultiheadAttention(width, 2, batch_first=True)
        self.column = _FusedAttention(width)
        self.norm = nn.GroupNorm(2, width)
        self.coordinate = _CoordinateAttention(width)

    def forward(self, x: Tensor) -> Any:
        b, c, h, w = x.shape
        y = x.permute(0, 2, 3, 1).reshape(b * h, w, c)
        y = self.row(y, y, y, need_weights=False)[0].view(b, h, w, c)
        y = self.column(y.permute(0, 2, 1, 3).reshape(b * w, h, c))
        y = y.view(b, w, h, c).permute(0, 3, 2, 1)
        return self.coordinate(self.norm(x + y))


class _Axial(nn.Module):
    """Attention along rows and then along columns, each a sequence that the block makes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 8, 4, 4), nn.GELU())
        self.blocks = nn.Sequential(_AxialBlock(8), _AxialBlock(8))
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Any:
        return self.fc(self.pool(self.blocks(self.stem(x))).flatten(1))


class _Bottleneck(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention = _PreNormBlock(width)

    def forward(self, x: Tensor) -> Any:
        b, c, h, w = x.shape
        y = self.attention(x.flatten(2).transpose(1, 2))
        return y.transpose(1, 2).reshape(b, c, h, w)


class _Hybrid(nn.Module):
    """Layers of images with attention between: a module turns images into sequences and back."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(8, 16, 3, 2, 1)])
        self.mix = nn.ModuleList([_Bottleneck(8), _Bottleneck(16)])
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x: Tensor) -> Any:
        for down, mix in zip(self.down, self.mix, strict=True):
            x = mix(F.relu(down(x)))
        return self.out(F.relu(self.up(x)))


class _TokenPooling(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.score = nn.Linear(width, 1)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Any:
        weights = self.score(x).transpose(1, 2).softmax(-1)
        return self.out((weights @ x).squeeze(1))


class _Projector(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(4 * before, after)
        self.act = nn.GELU()
        self.linear_2 = nn.Linear(after, after)

    def forward(self, x: Tensor) -> Any:
        b, n, c = x.shape
        side = int(n**0.5)
        x = x.view(b, side // 2, 2, side // 2, 2, c).permute(0, 1, 3, 2, 4, 5)
        return self.linear_2(self.act(self.linear_1(x.reshape(b, n // 4, 4 * c))))


class _TwoTowers(nn.Module):
    """Patches gathered by fours in a projector, tokens pooled by scores, two ends compared."""

    def __init__(self) -> None:
        super().__init__()
        self.vision = _FlattenOutside()
        self.patches = _PatchEmbed(16)
        self.block = _PreNormBlock(16)
        self.projector = _Projector(16, 12)
        self.pool = _TokenPooling(12)
        self.text = nn.Sequential(nn.Linear(10, 12), nn.ReLU())

    def forward(self, image: Tensor) -> Any:
        seen = self.pool(self.projector(self.block(self.patches(image))))
        said = self.text(self.vision(image))
        return F.normalize(seen, dim=-1) @ F.normalize(said, dim=-1).t()


_IMAGE_MODELS: tuple[Callable[[], nn.Module], ...] = (
    _Vit,
    _FlattenOutside,
    _Windowed,
    _Next,
    _SeNet,
    _Flattening,
    _Crnn,
    _Quantised,
    _Perceiver,
    _Shuffled,
    _Detector,
    _Pyramid,
    _Segmenter,
    _Enlarging,
    _Axial,
    _Hybrid,
    _TwoTowers,
)
_TEXT_MODELS: tuple[Callable[[], nn.Module], ...] = (_Classifier, _Textbook, _Causal)


def _opened(make: Callable[[], nn.Module], *args: Tensor) -> Callable[[], Example]:
    return lambda: (make().eval(), args)


BORDER_STYLES: Mapping[str, Callable[[], Example]] = MappingProxyType(
    {
        **{make.__name__.strip("_").lower(): _opened(make, _image()) for make in _IMAGE_MODELS},
        **{make.__name__.strip("_").lower(): _opened(make, _tokens()) for make in _TEXT_MODELS},
        "matrices": _opened(_Matrices, _sequence()),
        "points": _opened(_Points, _sequence(width=3)),
        "denoiser": _opened(_Denoiser, _image(16), torch.tensor([5])),
        "adapted": _opened(_Adapted, _tokens(), torch.ones(2, 12)),
        "graph": _opened(_GraphNet, torch.rand(5, 6), torch.ones(5, 5)),
        "video": _opened(_Video, torch.rand(1, 3, 3, 16, 16)),
    }
)
"""Name → what makes the model and its inputs."""
