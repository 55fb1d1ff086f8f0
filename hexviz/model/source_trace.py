"""Where in a person's source code an op was made, as PyTorch's exporter writes it down.

The exporter keeps the lines of Python that ran, outermost first, in each
node's metadata::

    File "/home/ann/net/model.py", line 80, in forward
        hidden = self.tokens(ids)
      File "/opt/lib/python3.11/site-packages/torch/nn/modules/sparse.py", line 189, in forward
        return F.embedding(

It is text from a stranger's file: nothing of it is opened or run.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["STACK_TRACE", "Frame", "source_lines"]

STACK_TRACE = "pkg.torch.onnx.stack_trace"
"""The metadata key of a node that holds the text."""

_FRAME = re.compile(r'\s*File "(.*)", line ([0-9]{1,9})(?:, in (.*))?')
_MARKS = re.compile(r"[\s~^]*")  # what Python draws below a line of code
_TORCH = re.compile(r"(?:site-packages|dist-packages|pytorch)/torch/")
_MOST_FRAMES = 64
_MOST_LINES = 4  # of code in a frame
_LONGEST_TRACE = 100_000  # characters that are read; the innermost frames are the last
_LONGEST = 400  # characters of a path, a name or a line of code


@dataclass(frozen=True, slots=True)
class Frame:
    """A line of Python that was running: ``code`` may be ``""``, where it was not recorded.

    ``in_torch`` tells that it belongs to PyTorch's own package.
    """

    file: str
    line: int
    function: str
    code: str
    in_torch: bool

    @property
    def place(self) -> str:
        """What a person calls it: ``bert/modeling_bert.py:84 in forward``."""
        steps = [step for step in self.file.replace("\\", "/").split("/") if step]
        where = f"{'/'.join(steps[-2:]) or self.file}:{self.line}"
        return f"{where} in {self.function}" if self.function else where


def source_lines(trace: str) -> tuple[Frame, ...]:
    """The frames of a trace, innermost first; none of a text that is no trace.

    Of more than 64 frames the innermost are told. Characters that are not
    shown, or turn the direction of text, become ``�``.

    >>> [frame.place for frame in source_lines('File "/home/ann/net/model.py", line 3, in forward')]
    ['net/model.py:3 in forward']
    """
    frames: list[Frame] = []
    code: list[str] = []
    for line in reversed(trace[-_LONGEST_TRACE:].split("\n")):
        if len(frames) == _MOST_FRAMES:
            break
        found = _FRAME.fullmatch(line.rstrip()) if "File" in line else None
        if found is None:
            if not _MARKS.fullmatch(line):
                code.append(line)
            continue
        file, number, function = found.groups()
        frames.append(
            Frame(
                file=_plain(file),
                line=int(number),
                function=_plain(function or ""),
                code="\n".join(_dedented(code[: -_MOST_LINES - 1 : -1])),
                in_torch=_is_torch(file),
            )
        )
        code = []
    return tuple(frames)


def _dedented(lines: list[str]) -> list[str]:
    """The lines without the indentation of the first."""
    if not lines:
        return []
    margin = len(lines[0]) - len(lines[0].lstrip())
    return [_plain(line[min(margin, len(line) - len(line.lstrip())) :].rstrip()) for line in lines]


def _is_torch(file: str) -> bool:
    # Code that torch.fx writes at run time has no file: "<eval_with_key>.7".
    return bool(_TORCH.search(file.replace("\\", "/"))) or file.startswith("<eval_with_key>")


def _plain(text: str) -> str:
    shown = text.expandtabs(4)
    if len(shown) > _LONGEST:
        shown = shown[: _LONGEST - 1] + "…"
    return "".join(one if one.isprintable() else "�" for one in shown)
