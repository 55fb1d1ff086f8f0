"""A part is compared with the whole it was cut from, and every way to spoil it is found."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest

from hexviz.errors import ExtractionError
from hexviz.extraction.capture import capture
from hexviz.extraction.runtime import elements, to_array, to_value
from hexviz.extraction.verify import (
    Verification,
    compare,
    verification_record,
    verify,
    verify_chain,
)
from hexviz.model.reader import WEIGHTS_LEFT_OUT
from tests.build import parse

WHOLE = """<ir_version: 10, opset_import: ["" : 20]>
g (float[n, 2] x) => (float[n, 2] y)
<float[2] w = {1, 2}, float[2] v = {3, 4}> {
    a = Add (x, w)
    k = Constant <value = float {0.5}> ()
    s = Sub (a, v)
    b = Mul (s, k)
    y = Exp (b)
}"""
PART = """<ir_version: 10, opset_import: ["" : 20]>
g (float[n, 2] a) => (float[n, 2] s, float[n, 2] b)
<float[2] v = {3, 4}> {
    k = Constant <value = float {0.5}> ()
    s = Sub (a, v)
    b = Mul (s, k)
}"""


def verified(whole: str = WHOLE, part: str = PART, **options: float) -> Verification:
    return verify(parse(whole), parse(part), None, **options)  # type: ignore[arg-type]


def notes(result: Verification) -> dict[str, str]:
    return {one.name: one.note for one in result.outputs if not one.ok}


def test_a_right_part_is_verified() -> None:
    result = verified()
    assert result.ok
    assert result.max_abs_error == {"s": 0.0, "b": 0.0}
    assert result.message == (
        "2 outputs compared, equal to the whole model's: largest error 0, "
        "allowed 1e-05 + 0.0001 of each element."
    )
    assert result.inputs == "generated"
    assert result.runtime.startswith("onnxruntime ")
    assert len(result.whole_digest) == len(result.part_digest) == 64
    assert result.whole_digest != result.part_digest


def test_a_record_is_json() -> None:
    record = verification_record(verified())
    assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert record["outputs"][0] == {
        "name": "s", "ok": True, "max_abs_error": 0.0, "max_rel_error": 0.0, "note": "",
    }  # fmt: skip


def test_models_are_not_changed() -> None:
    whole, part = parse(WHOLE), parse(PART)
    verify(whole, part, None)
    assert (whole, part) == (parse(WHOLE), parse(PART))


def test_a_constant_that_is_missing_is_found() -> None:
    result = verified(part=PART.replace("    k = Constant <value = float {0.5}> ()\n", ""))
    assert not result.ok
    assert result.message.startswith("The part cannot be run: ")
    assert "'k'" in result.message
    assert result.outputs == ()


def test_inputs_that_are_swapped_are_found() -> None:
    result = verified(part=PART.replace("Sub (a, v)", "Sub (v, a)"))
    assert not result.ok
    assert set(notes(result)) == {"s", "b"}
    assert "elements differ, by up to" in result.message


def test_a_weight_that_is_changed_is_found() -> None:
    result = verified(part=PART.replace("{3, 4}", "{3, 4.01}"))
    assert set(notes(result)) == {"s", "b"}
    assert result.max_abs_error["s"] == pytest.approx(0.01, rel=1e-3)


def test_tolerance_is_what_was_asked_for() -> None:
    captured = capture(parse(WHOLE), None, ["a", "s", "b"])
    part = parse(PART.replace("{3, 4}", "{3, 4.01}"))
    assert compare(part, None, captured, atol=0.02).ok
    assert not compare(part, None, captured, atol=0.005, rtol=0.0).ok


def test_an_output_that_is_renamed_is_found() -> None:
    result = verified(part=PART.replace("[n, 2] b)", "[n, 2] c)").replace("b = Mul", "c = Mul"))
    assert notes(result) == {"c": "the whole model has no such value"}


def test_an_output_that_is_dropped_is_found() -> None:
    part = PART.replace(", float[n, 2] b)", ")")
    result = verify(parse(WHOLE), parse(part), None, outputs=["s", "b"])
    assert notes(result) == {"b": "the part does not give it back"}
    empty = parse(part)
    del empty.graph.output[:]
    assert "no outputs" in verify(parse(WHOLE), empty, None).message


def test_an_input_that_the_whole_has_not_is_found() -> None:
    result = verified(part=PART.replace("2] a)", "2] q)").replace("(a, v)", "(q, v)"))
    assert result.message == "The part cannot be run: Nothing is given for the input 'q'."


def test_another_shape_or_type_is_found() -> None:
    part = PART.replace("[n, 2] b)", "[2] b)").replace(
        "b = Mul (s, k)", "c = Mul (s, k) axis = Constant <value_ints = [0]> () "
        "b = ReduceSum <keepdims = 0> (c, axis)"
    )  # fmt: skip
    assert notes(verified(part=part)) == {"b": "has shape [2], expected [2, 2]"}
    part = PART.replace("float[n, 2] b)", "int64[n, 2] b)").replace(
        "b = Mul (s, k)", "c = Mul (s, k) b = Cast <to = 7> (c)"
    )
    assert notes(verified(part=part)) == {"b": "is tensor(int64), expected tensor(float)"}


def test_given_inputs_are_used_and_looked_over() -> None:
    x = np.full((5, 2), 3, np.float32)
    captured = capture(parse(WHOLE), None, ["a"], {"x": x})
    assert captured.inputs == "given"
    assert to_array(captured.values["a"]).tolist() == [[4, 5]] * 5
    with pytest.raises(ExtractionError, match="no input 'X'"):
        capture(parse(WHOLE), None, ["a"], {"X": x})


def test_several_parts_are_compared_with_one_run() -> None:
    captured = capture(parse(WHOLE), None, ["a", "s", "b"])
    assert compare(parse(PART), None, captured).ok
    assert not compare(parse(PART.replace("{3, 4}", "{4, 4}")), None, captured).ok


def test_a_whole_that_needs_other_inputs_falls_back() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20]>
    g (int64[2] shape) => (float[a, b] y) <float[1] one = {1}> {
        y = Reshape (one, shape)
    }"""
    captured = capture(parse(text), None, [])
    assert np.asarray(captured.fed["shape"]).tolist() == [1, 1]


def test_outputs_that_are_numbers_are_preferred() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[1] x) => (float[1] y) { a = Abs (x) n = Neg (a) y = Log (n) }"""
    assert np.isnan(to_array(capture(parse(text), None, []).values["y"])).all()
    text = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[1] x) => (float[1] y) <float[1] least = {0.3}>
    { a = Sub (x, least) z = Sub (a, a) i = Less (x, least) f = Cast <to = 1> (i)
      g = Neg (f) y = Sqrt (g) }"""
    assert np.isfinite(to_array(capture(parse(text), None, []).values["y"])).any()


def test_a_whole_that_never_runs_is_refused_in_one_line() -> None:
    text = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[n] x, float[m] z) => (float[k] y) <int64[1] far = {99999}>
    { y = Gather (x, far) }"""
    with pytest.raises(ExtractionError, match=r"^The whole .*generated.*give inputs") as caught:
        capture(parse(text), None, [])
    assert "\n" not in str(caught.value)


def test_nan_and_infinity_are_as_expected_or_wrong() -> None:
    whole = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[4] x) => (float[4] y) <float[4] w = {1, -1, 0, 2}, float[4] zero = {0, 0, 0, 1}>
    { q = Div (w, zero) y = Identity (q) }"""
    part = whole.replace("y) <", "q) <").replace(" y = Identity (q)", "")
    assert verified(whole, part).ok
    result = verified(whole, part.replace("{1, -1, 0, 2}", "{1, 1, 1, 2}"))
    assert notes(result)["q"] == "2 of 4 elements are NaN or infinite on one side only"
    assert json.dumps(verification_record(result), allow_nan=False)


def test_integers_are_exact() -> None:
    whole = """<ir_version: 10, opset_import: ["" : 20]>
    g (float x) => (int64[1] y) <int64[1] w = {4611686018427387904}, int64[1] one = {1}>
    { y = Add (w, one) }"""
    part = whole.replace("one = {1}", "one = {2}")
    assert verified(whole, part).max_abs_error == {"y": 1.0}
    assert not verified(whole, part, rtol=0.5).ok


def test_types_that_numpy_has_not_pass_through() -> None:
    whole = """<ir_version: 10, opset_import: ["" : 21]>
    g (float[n] x, string[m] t) => (float[n] y, string[m] u)
    {
        b = Cast <to = 16> (x)
        c = Identity (b)
        e = Cast <to = 17> (x)
        f = Cast <to = 22> (x)
        y = Cast <to = 1> (c)
        u = StringConcat (t, t)
        p = Cast <to = 1> (e)
        q = Cast <to = 1> (f)
    }"""
    part = """<ir_version: 10, opset_import: ["" : 21]>
    g (bfloat16[n] b, float8e4m3fn[n] e, int4[n] f, string[m] t, float[n] x)
        => (bfloat16[n] c, string[m] u, float[n] p, float[n] q, int4[n] f, float8e4m3fn[n] e)
    { c = Identity (b) u = StringConcat (t, t) p = Cast <to = 1> (e) q = Cast <to = 1> (f) }"""
    result = verified(whole, part)
    assert result.ok, result.message
    assert result.max_abs_error.keys() == {"c", "u", "p", "q", "f", "e"}
    other = verified(whole, part.replace("StringConcat (t, t)", "Identity (t)"))
    assert notes(other) == {"u": "2 of 2 texts differ"}


def test_values_of_all_types_go_in_and_come_out() -> None:
    for kind in (
        "BFLOAT16",
        "FLOAT8E5M2",
        "INT4",
        "UINT4",
        "FLOAT16",
        "BOOL",
        "INT64",
        "FLOAT4E2M1",
    ):
        dtype = onnx.helper.tensor_dtype_to_np_dtype(onnx.TensorProto.DataType.Value(kind))
        array = np.array([[1, 0, 1], [0, 1, 1]]).astype(dtype)
        back = to_array(to_value(array))
        assert back.dtype == dtype
        assert np.array_equal(back, array)
    assert to_array(to_value(np.array(3.5, np.float32))).shape == ()
    assert to_array(to_value(np.array([["a", "é"]]))).tolist() == [["a", "é"]]
    two = elements(to_value([np.ones(2, np.float32), np.zeros((1, 2), np.float32)]))
    assert [to_array(one).shape for one in two] == [(2,), (1, 2)]
    with pytest.raises(ExtractionError, match="ONNX has no type"):
        to_value(np.array(["2020-01-01"], dtype="datetime64[D]"))


def test_sequences_and_optionals_pass_through() -> None:
    whole = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[n] x) => (float[m] y) {
        s = SequenceConstruct (x, x)
        z = Neg (x)
        r = SequenceInsert (s, z)
        o = Optional (x)
        e = OptionalGetElement (o)
        y = ConcatFromSequence <axis = 0> (r)
    }"""
    part = """<ir_version: 10, opset_import: ["" : 20]>
    g (seq(float[n]) s, float[n] z, optional(float[n]) o)
        => (seq(float[n]) r, float[m] y, float[n] e)
    {
        e = OptionalGetElement (o)
        r = SequenceInsert (s, z)
        y = ConcatFromSequence <axis = 0> (r)
    }"""
    result = verified(whole, part)
    assert result.ok, result.message
    assert result.max_abs_error == {"r": 0.0, "y": 0.0, "e": 0.0}
    result = verified(whole, part.replace("SequenceInsert (s, z)", "SequenceInsert (s, e)"))
    assert notes(result)["r"].startswith("element 2: 2 of 2 elements differ, by up to")
    result = verified(whole, part.replace("SequenceInsert (s, z)", "SequenceErase (s)"))
    assert notes(result)["r"] == "has 1 elements, expected 3"


def test_what_a_random_op_decides_is_not_compared() -> None:
    whole = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[n] x) => (float[n] y, float[n] z) {
        r = RandomNormalLike (x)
        y = Add (x, r)
        z = Neg (x)
    }"""
    result = verified(whole, whole)
    assert result.ok
    assert result.max_abs_error == {"z": 0.0}
    assert result.message.startswith("1 of 2 outputs compared")
    alone = whole.replace(", float[n] z", "").replace("z = Neg (x)", "")
    result = verified(whole, alone)
    assert not result.ok
    assert result.message == (
        "Nothing was compared (a random op decides on it, so no two runs agree)."
    )
    after = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[n] x, float[n] r) => (float[n] y) { y = Add (x, r) }"""
    assert verified(whole, after).max_abs_error == {"y": 0.0}


def test_dropout_is_random_only_in_training() -> None:
    whole = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[n] x) => (float[n] y) <float ratio = {0.5}, bool train = {1}> { y = Dropout (x) }"""
    assert verified(whole, whole).max_abs_error == {"y": 0.0}
    training = whole.replace("Dropout (x)", "Dropout (x, ratio, train)")
    assert verified(training, training).message.startswith("Nothing was compared")


def test_half_precision_is_rounded_only_where_it_is_cut() -> None:
    whole = """<ir_version: 10, opset_import: ["" : 20]>
    g (float16[64] x, float16[64] q) => (float16[64] y)
    { a = Exp (x) b = Sin (a) c = Mul (b, q) d = Exp (c) y = Mul (d, q) }"""
    part = """<ir_version: 10, opset_import: ["" : 20]>
    g (float16[64] b, float16[64] q) => (float16[64] y)
    { c = Mul (b, q) d = Exp (c) y = Mul (d, q) }"""
    result = verified(whole, part)
    assert result.ok, result.message
    assert result.outputs[0].note.endswith("differ by the rounding of float16")
    assert not verified(whole, part.replace("Mul (d, q)", "Add (d, q)")).ok


def external(folder: Path, text: str) -> onnx.ModelProto:
    """The model with its weights in ``w.bin``, read without them."""
    path = folder / "m.onnx"
    proto = parse(text)
    for at, tensor in enumerate(proto.graph.initializer):
        array = onnx.numpy_helper.to_array(tensor)
        proto.graph.initializer[at].CopyFrom(onnx.numpy_helper.from_array(array, tensor.name))
    onnx.save(proto, path, save_as_external_data=True, location="w.bin", size_threshold=0)
    return onnx.load(path, load_external_data=False)


def test_weights_in_another_file(tmp_path: Path) -> None:
    whole = external(tmp_path, WHOLE)
    part = parse(PART)
    part.graph.initializer[0].CopyFrom(whole.graph.initializer[1])
    assert verify(whole, part, tmp_path).ok
    part.graph.initializer[0].CopyFrom(whole.graph.initializer[0])
    part.graph.initializer[0].name = "v"
    assert not verify(whole, part, tmp_path).ok


def test_weights_left_out_cannot_be_run() -> None:
    whole = parse(WHOLE)
    tensor = whole.graph.initializer[0]
    tensor.ClearField("float_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=WEIGHTS_LEFT_OUT)
    with pytest.raises(ExtractionError, match=r"whole model cannot be run: .* left out"):
        verify(whole, parse(PART), None)


def test_a_constant_of_the_whole_may_be_captured() -> None:
    part = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[2] w, float k) => (float[2] w, float k) { }"""
    whole = parse(WHOLE)
    captured = capture(whole, None, ["w", "k"])
    assert to_array(captured.values["w"]).tolist() == [1, 2]
    assert compare(parse(part), None, captured).ok


def test_parts_in_a_row_give_what_the_whole_gives() -> None:
    start = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[n, 2] x) => (float[n, 2] a) <float[2] w = {1, 2}> { a = Add (x, w) }"""
    end = """<ir_version: 10, opset_import: ["" : 20]>
    g (float[n, 2] b) => (float[n, 2] y) { y = Exp (b) }"""
    parts = [parse(start), parse(PART), parse(end)]
    result = verify_chain(parse(WHOLE), parts, None)
    assert result.ok
    assert result.max_abs_error == {"y": 0.0}
    assert len(result.part_digest) == 64
    result = verify_chain(parse(WHOLE), parts[:2], None)
    assert notes(result) == {"y": "the part does not give it back"}
    result = verify_chain(parse(WHOLE), parts[1:], None)
    assert result.message == "Part 1 cannot be run: Nothing is given for the input 'a'."


def test_what_draws_in_a_function_of_a_function_or_in_a_body_is_not_compared() -> None:
    functions = """
    <domain: "local", opset_import: ["" : 20]> draw (u) => (v) { v = RandomNormalLike (u) }
    <domain: "local", opset_import: ["" : 20, "local" : 1]> outer (u) => (v) { v = local.draw (u) }
    """
    head = '<ir_version: 10, opset_import: ["" : 20, "local" : 1]>'
    in_if = """b = If (c) <then_branch = t () => (float[2] o) { o = local.outer (a) },
        else_branch = e () => (float[2] p) { p = Neg (a) }>"""
    for call in ("b = local.outer (a)", in_if):
        text = f"""{head} g (float[2] a, bool c) => (float[2] y) {{
            n = Neg (a)
            {call}
            y = Add (b, n)
        }} {functions}"""
        result = verified(whole=text, part=text)
        assert result.message.startswith("Nothing was compared (a random op decides on it")


def test_what_has_no_numbers_is_not_compared() -> None:
    nan = "g (float[2] x) => (float[2] y) { z = Sub (x, x)  y = Div (z, z) }"
    empty = """g (float[2] x) => (float[0] y) <int64[1] n = {0}> { y = Slice (x, n, n) }"""
    for text in (nan, empty):
        result = verified(whole=text, part=text)
        assert not result.ok
        assert result.message.startswith("Nothing was compared")


def test_an_optional_of_nothing_is_no_crash() -> None:
    text = """g (float[2] x) => (optional(tensor(float[2])) o, float[2] y) {
        y = Neg (x)
    }"""
    proto = parse(text.replace("optional(tensor(float[2])) o, ", ""))
    element = onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, [2])
    kind = onnx.helper.make_optional_type_proto(element)
    proto.graph.node.append(onnx.helper.make_node("Optional", [], ["o"], type=element))
    proto.graph.output.append(onnx.helper.make_value_info("o", kind))
    result = verify(proto, proto, None)
    assert result.ok, result.message


def test_a_half_that_becomes_a_float_may_be_rounded_as_a_half() -> None:
    """The runtime computes halves in 32 bits; where they are cut, they are rounded."""
    whole = """g (float[8] x) => (float[8] y) {
        h = Cast <to: int = 10> (x)
        e = Exp (h)
        s = Mul (e, e)
        y = Cast <to: int = 1> (s)
    }"""
    part = """g (float16[8] e) => (float[8] y) { s = Mul (e, e)  y = Cast <to: int = 1> (s) }"""
    assert verified(whole=whole, part=part).ok
