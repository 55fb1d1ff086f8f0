"""Rules ``name`` and ``weight``: modules that the names in a file give away.

The TorchScript exporter names a node by the scope it ran in,
``/encoder/layer.0/attention/self/MatMul``, and its outputs after the node;
most producers use the same ``/``, some a dot. A weight is named for the module that holds
it, ``encoder.layer.0.attention.self.query.weight``.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import takewhile

from hexviz.model.size_limits import is_path

__all__ = [
    "Path",
    "are_plain",
    "call_number",
    "first_call",
    "owner_of_weight",
    "path_in_name",
    "paths_in_names",
    "separator_of",
    "steps_of",
    "without_words",
]

Path = tuple[str, ...]
"""The scopes in a name, outermost first; ``()`` is the root."""

_LATER_CALL = re.compile(r"_\d+$")

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")

_DOTTED = re.compile(r"[\w@-]+(?:\.[\w@-]+)*")

_WORDS = re.compile(
    r"(?:fused |FusedBack_|FuseReluClip_|InsertedPrecisionFreeCast_|DoubleQDQRemoved_"
    r"|TransposeOptimizer_|UnsqueezeElimination_|_inlfunc_|self\."
    r"|(?:ConvBn|ConvMul|ConvAdd|MatMulBn)Fusion_(?:(?:BN|Mul|Add)_)?(?:B|W|GemmB)_)+"
)
"""What ONNX Runtime's optimiser puts before the name of a node or value, whatever that is;
and what scripted code calls the module whose attribute a value is."""

_BEHIND = re.compile(
    r"(?:output_\d+|\w*Fusion|duplicated|MobileClipProjectionGemm"
    r"|past_value_bnhs_to_bnsh|present_value_bnsh_to_bnhs)(?:_token_\d+)?"
)
"""What ONNX Runtime's optimiser puts behind one, and its model builder behind a node's name to
name a value."""


_BEHIND_WORDS = (
    "Fusion",
    "/output_",
    "/duplicated",
    "/MobileClipProjectionGemm",
    "/past_value_bnhs_to_bnsh",
    "/present_value_bnsh_to_bnhs",
)
"""What is in every text that :data:`_BEHIND` fits."""

_FIRST_WORD = re.compile(f"^{_WORDS.pattern}", re.MULTILINE)


def without_words(name: str) -> str:
    """A name without what ONNX Runtime's optimiser put before it.

    >>> without_words("fused /fc/Gemm"), without_words("ConvBnFusion_W_fc.weight")
    ('/fc/Gemm', 'fc.weight')
    """
    found = _WORDS.match(name)
    return name[found.end() :] if found else name


def are_plain(names: Collection[str]) -> bool:
    """Whether no tool put anything before or behind these names, or joined some.

    The scopes in each are then all that stands before its last separator.

    >>> are_plain(["/fc/Gemm", "/Add"]), are_plain(["fused /fc/Gemm"]), are_plain(["/fc/Gemm;/Add"])
    (True, False, False)
    """
    joined = "\n".join(names)
    if ";" in joined or any(word in joined for word in _BEHIND_WORDS):
        return False
    return not _FIRST_WORD.search(joined)


def path_in_name(name: str, separator: str = "/") -> Path | None:
    """The scopes in a node or value name, outermost first; ``None`` if it has none.

    A converter that fused several nodes joins their names by ``;``; such a
    node belongs where theirs meet. ONNX Runtime's optimiser puts the fusion's
    name behind that of the node it began with.

    >>> path_in_name("/encoder/layer.0/attention/MatMul")
    ('encoder', 'layer.0', 'attention')
    >>> path_in_name("/Add")
    ()
    >>> path_in_name("Conv_173") is None
    True
    >>> path_in_name("model/dense/BiasAdd;model/MatMul")
    ('model',)
    >>> path_in_name("/head/MatMul/MatMulAddFusion")
    ('head',)
    >>> path_in_name("node_MatMul_63/MatmulTransposeFusion//MatMulScaleFusion/") is None
    True
    """
    name = _before_fusion(name) if separator == "/" else name
    if separator not in name or not is_path(name):
        return None
    if ";" not in name:
        return steps_of(name.rpartition(separator)[0], separator)
    parts = (part.rpartition(separator)[0] for part in name.split(";"))
    shared, *others = (steps_of(part, separator) for part in parts)
    for other in others:
        pairs = takewhile(lambda pair: pair[0] == pair[1], zip(shared, other, strict=False))
        shared = tuple(one for one, _ in pairs)
    return shared


def _before_fusion(name: str) -> str:
    """A name without what was put behind it; one fusion may have followed another."""
    end = len(name)
    while True:
        last = end
        while last and name[last - 1] == "/":
            last -= 1
        slash = name.rfind("/", 0, last)
        if slash < 0 or not _BEHIND.fullmatch(name, slash + 1, last):
            return name[:end]
        end = slash


@functools.lru_cache(maxsize=65536)  # all ops of a module have the same
def steps_of(scopes: str, separator: str) -> Path:
    """The steps of what stands before the last separator of a name."""
    return tuple(step for step in scopes.split(separator) if step)


def separator_of(names: Iterable[str]) -> str:
    """What separates the scopes in a file's node names: ``/``, or ``.`` where all speaks for it.

    A dot is also in ``input.3`` and ``Conv.0``, which are no scopes. So dots
    count only in a file without any ``/``, if most names have one, what
    follows the last of them is no number, and names share what comes before.

    >>> separator_of(["encoder.fc.MatMul", "encoder.fc.Add", "encoder.Relu"])
    '.'
    >>> separator_of(["Conv.0", "Relu.1", "p2o.Conv.2"])
    '/'
    """
    listed = [name for name in names if name]
    joined = "\n".join(listed)
    if "/" in joined:
        if any("/" in _before_fusion(name) for name in listed):
            return "/"
        listed = [_before_fusion(name) for name in listed]
    elif "." not in joined:
        return "/"
    dotted = [name.rpartition(".") for name in listed if "." in name]
    scopes = {scope for scope, _, last in dotted if not last.isdigit()}
    named = sum(not last.isdigit() for _, _, last in dotted)
    return "." if 2 * named > len(listed) and len(scopes) < named else "/"


def paths_in_names(
    name: str,
    outputs: Iterable[str],
    separator: str = "/",
    split: Callable[[str], tuple[Path, str]] = lambda name: ((), name),
) -> Iterator[tuple[Path, str]]:
    """The scopes in a node's name and in those of its outputs, each once, with that name.

    ``separator`` is that of node names; value names have scopes by ``/`` only.
    ``split`` tells the subtree that a name is in from the name inside it.
    """
    tree, own = split(name)
    path = path_in_name(own, separator)
    seen = set()
    if path is not None:
        seen.add((*tree, *path))
        yield (*tree, *path), name
    for output in outputs:
        # The TorchScript exporter names an output after its node.
        if path is not None and separator == "/" and output.startswith(name):
            continue
        tree, own = split(output)
        other = path_in_name(own)
        if other is not None and (*tree, *other) not in seen:
            seen.add((*tree, *other))
            yield (*tree, *other), output


def first_call(fqn: str) -> str:
    """The FQN without the number that the TorchScript exporter adds to a later call's scope.

    Without such a number it is ``""``, which is no call of anything.

    >>> first_call("layers.0.query_2"), first_call("layers.0.query")
    ('layers.0.query', '')
    """
    return _without_number(fqn) if fqn[-1:].isdigit() or fqn[-1:] == "\n" else ""


@functools.lru_cache(maxsize=65536)
def _without_number(fqn: str) -> str:
    shortened, numbered = _LATER_CALL.subn("", fqn)
    return shortened if numbered else ""


def call_number(step: str, name: str) -> int:
    """Which call of a scope this is, from 0, if it is one of that name; else -1.

    >>> [call_number(step, "query") for step in ("query", "query_2", "query_a", "queryx")]
    [0, 2, -1, -1]
    """
    if step == name:
        return 0
    number = step[len(name) + 1 :]
    return int(number) if first_call(step) == name and len(number) < 10 else -1


def owner_of_weight(name: str) -> str | None:
    """The FQN of the module that holds a parameter of this name, or ``None``.

    >>> owner_of_weight("encoder.layer.0.dense.weight")
    'encoder.layer.0.dense'
    >>> owner_of_weight("onnx::MatMul_342") is None
    True
    """
    owner, dot, attribute = name.rpartition(".")
    if not dot or not is_path(name) or not _is_identifier(attribute):
        return None
    return owner if _is_dotted(owner) else None


@functools.lru_cache(maxsize=4096)
def _is_identifier(attribute: str) -> bool:
    return _IDENTIFIER.fullmatch(attribute) is not None


@functools.lru_cache(maxsize=4096)  # a module's weights stand side by side
def _is_dotted(owner: str) -> bool:
    return _DOTTED.fullmatch(owner) is not None
