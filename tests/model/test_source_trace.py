from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hexviz.exporters.interface import Exported
from hexviz.model.source_trace import STACK_TRACE, source_lines

TRACE = """File "/home/ann/net/model.py", line 80, in forward
    hidden = self.tokens(ids)
  File "/opt/venv/lib/python3.11/site-packages/torch/nn/modules/sparse.py", line 189, in forward
    return F.embedding("""


def test_the_innermost_frame_comes_first() -> None:
    inner, outer = source_lines(TRACE)
    assert (inner.place, inner.code) == ("modules/sparse.py:189 in forward", "return F.embedding(")
    assert (outer.place, outer.code) == ("net/model.py:80 in forward", "hidden = self.tokens(ids)")
    assert outer.file == "/home/ann/net/model.py"
    assert (inner.in_torch, outer.in_torch) == (True, False)


def test_a_real_export(exported: Callable[..., Exported]) -> None:
    proto = exported("small-transformer").proto
    traces = {
        entry.value
        for node in proto.graph.node
        for entry in node.metadata_props
        if entry.key == STACK_TRACE
    }
    assert len(traces) > 10
    places = set()
    for trace in traces:
        frames = source_lines(trace)
        assert len(frames) == trace.count('File "')
        assert all(frame.code for frame in frames)
        assert not frames[-1].in_torch
        assert frames[-1].place.startswith("sample_models/small_transformer.py:")
        places |= {(frame.place.partition(":")[0], frame.in_torch) for frame in frames}
    assert ("modules/linear.py", True) in places
    assert ("sample_models/small_transformer.py", False) in places


@pytest.mark.parametrize(
    ("file", "in_torch"),
    [
        ("/x/site-packages/torch/nn/modules/linear.py", True),
        ("/usr/lib/python3/dist-packages/torch/functional.py", True),
        ("C:\\Python\\Lib\\site-packages\\torch\\nn\\functional.py", True),
        ("/src/pytorch/torch/nn/functional.py", True),
        ("<eval_with_key>.7", True),
        ("/x/site-packages/torchvision/models/resnet.py", False),
        ("/x/site-packages/transformers/models/bert/modeling_bert.py", False),
        ("/home/ann/torch/model.py", False),
        ("model.py", False),
    ],
)
def test_which_frames_are_pytorchs_own(file: str, in_torch: bool) -> None:
    (frame,) = source_lines(f'File "{file}", line 1, in f')
    assert frame.in_torch is in_torch


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("/a/b/c/d.py", "c/d.py:7"),
        ("C:\\a\\b\\d.py", "b/d.py:7"),
        ("d.py", "d.py:7"),
        ("/d.py", "d.py:7"),
        ("", ":7"),
        ('a", line 3, in "x.py', 'a", line 3, in "x.py:7'),
    ],
)
def test_paths_are_shortened_to_two_steps(file: str, place: str) -> None:
    (frame,) = source_lines(f'File "{file}", line 7')
    assert frame.place == place
    assert frame.code == ""


def test_code_of_several_lines_keeps_its_shape_and_loses_pythons_marks() -> None:
    (frame,) = source_lines(
        '  File "m.py", line 3, in forward\n'
        "    return self.a(\n"
        "           ~~~~~~^\n"
        "        x,\n"
        "        y,\n"
        "    )\n"
        "    ^\n"
    )
    assert frame.code == "return self.a(\n    x,\n    y,\n)"


def test_windows_line_ends() -> None:
    assert source_lines(TRACE.replace("\n", "\r\n")) == source_lines(TRACE)


@pytest.mark.parametrize(
    "text", ["", "\n\n", "Traceback", 'File "', "{}", "File m.py, line 3", "\0"]
)
def test_garbage_has_no_frames(text: str) -> None:
    assert source_lines(text) == ()


def test_what_would_mislead_the_eye_is_replaced() -> None:
    (frame,) = source_lines('File "a\u202eyp.exe", line 1, in f\x1b[31m\n    x\0 = "\u2066"')
    assert frame.file == "a�yp.exe"
    assert frame.function == "f�[31m"
    assert frame.code == 'x� = "�"'


def test_markup_is_text() -> None:
    (frame,) = source_lines('File "<img src=x>", line 1, in <script>\n    <b>')
    assert (frame.place, frame.code) == ("<img src=x>:1 in <script>", "<b>")


def test_numbers_that_are_none() -> None:
    assert source_lines(f'File "a", line {"9" * 5000}, in f') == ()
    assert source_lines('File "a", line ٣, in f') == ()


@pytest.mark.parametrize(
    "text",
    [
        'File "a", line 1, in f\n    x\n' * 200_000,
        'File "' + '", line 1' * 500_000,
        "\n" * 3_000_000,
        "x" * 3_000_000,
        'File "a", line 1, in f\n' + "    x\n" * 500_000,
        'File "' + "a/" * 1_000_000 + '", line 1, in ' + "f" * 1_000_000,
    ],
    ids=["frames", "quotes", "lines", "one line", "code", "names"],
)
def test_long_texts_cost_little_and_are_cut(text: str) -> None:
    frames = source_lines(text)  # for hours, if it went back and forth in them
    assert len(frames) <= 64
    assert all(len(frame.place) + len(frame.code) < 4000 for frame in frames)


@given(st.text())
def test_any_text_is_no_crash(text: str) -> None:
    source_lines(text)
    source_lines(f'File "{text}", line 1, in {text}\n    {text}')
