"""Whether another version of the code finds out the same: tags, audit, saved files, pictures, cuts.

::

    python -m benchmarks.unchanged record before.json FILE…     with one version
    python -m benchmarks.unchanged record after.json FILE…      with the other
    python -m benchmarks.unchanged compare before.json after.json

Of each file: every op with all that is known of why it is where it is, edges, modules, findings of
the audit, the file with its tags, the index for drawing and the first picture, and cuts of up to
eight modules under each policy. Kept are digests; ``show FILE PART`` prints what one is made of.
Without files, those that the onnx package ships and synthetic graphs are taken.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import get_args

import onnx
import onnx.backend.test

import hexviz
from hexviz.api import TaggedGraph
from hexviz.bench.synthetic import FLAVOURS, synthetic
from hexviz.errors import HexvizError
from hexviz.tagging.audit import audit
from hexviz.view.first_view import first_view
from hexviz.view.index import Placement, build_index
from hexviz.view.render import Layouts, render

CUTS = 8
SIZE = 1000
POLICIES = ("exclude_safe", "include_context", "include_all")


def shipped() -> list[Path]:
    """The models that the onnx package ships."""
    return sorted((Path(onnx.backend.test.__file__).parent / "data").rglob("*.onnx"))


def subjects(given: list[str]) -> Iterator[tuple[str, Path]]:
    """Name and path of each file; folders stand for the ``.onnx`` files in them."""
    for one in given:
        path = Path(one)
        found = sorted(path.rglob("*.onnx")) if path.is_dir() else [path]
        yield from ((file.relative_to(path.parent).as_posix(), file) for file in found)
    if not given:
        root = shipped()[0].parents[2]
        yield from ((file.relative_to(root).as_posix(), file) for file in shipped())
        folder = Path("build/unchanged")
        folder.mkdir(parents=True, exist_ok=True)
        for flavour in FLAVOURS:
            file = folder / f"{flavour}.onnx"
            file.write_bytes(synthetic(SIZE, flavour))
            yield f"synthetic, {flavour}", file


def parts(path: Path) -> Iterator[tuple[str, Callable[[], str]]]:
    """Name of each thing that is found out, and what it comes to as text."""
    graph = hexviz.load(path)
    yield "ops", lambda: "\n".join(map(repr, graph.ops))
    yield "edges", lambda: "\n".join(map(repr, graph.edges))
    yield "modules", lambda: "\n".join(map(repr, graph.modules))
    yield "audit", lambda: "\n".join(map(repr, audit(graph)))
    yield "saved", lambda: _spelled(onnx.load_model_from_string(graph.to_bytes()))
    for placement in get_args(Placement):
        yield f"index by {placement}", partial(_index, graph, placement)
        yield f"picture by {placement}", partial(_picture, graph, placement)
    named = [module.fqn for module in graph.modules if module.ops] or [""]
    for fqn in named[:: max(1, len(named) // CUTS)][:CUTS]:
        for policy in POLICIES:
            yield f"cut {fqn}, {policy}", partial(_cut, graph, fqn, policy)


def _spelled(model: onnx.ModelProto) -> str:
    content: bytes = model.SerializeToString(deterministic=True)
    return content.hex()


def _index(graph: TaggedGraph, placement: Placement) -> str:
    index = build_index(graph, placement)
    arrays = (index.slot_of, index.op_at, index.source, index.target, index.value)
    found = [index.containers, index.hosts, index.calls, index.home, index.values, index.folded]
    found += [one.tolist() for one in (*arrays, index.topological, index.live)]
    return "\n".join(map(repr, found))


def _picture(graph: TaggedGraph, placement: Placement) -> str:
    layouts = Layouts()
    index = build_index(graph, placement)
    drawn = render(index, first_view(index, layouts), "light", layouts)
    return json.dumps(drawn.elements, indent=1, sort_keys=True, default=str)


def _cut(graph: TaggedGraph, fqn: str, policy: str) -> str:
    part = graph.extract([fqn], policy=policy)
    return _spelled(part.model) + "\n" + json.dumps(part.report, indent=1, default=str)


def found_out(path: Path) -> dict[str, str]:
    """Digest of each part; the error where there is one."""
    found = {}
    try:
        for name, make in parts(path):
            try:
                text = make()
            except HexvizError as error:
                text = f"{type(error).__name__}: {error}"
            found[name] = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:16]
    except HexvizError as error:
        found["refused"] = f"{type(error).__name__}: {error}"
    return found


def compare(before: Path, after: Path) -> int:
    """Print what differs; how many parts do."""
    one, two = (json.loads(path.read_text()) for path in (before, after))
    differing = 0
    for name in sorted({*one, *two}):
        here, there = one.get(name, {}), two.get(name, {})
        parts_apart = [part for part in {**here, **there} if here.get(part) != there.get(part)]
        differing += len(parts_apart)
        if parts_apart:
            print(f"{name}: {', '.join(parts_apart)}")
    print(f"{len(one)} and {len(two)} files, {differing} parts differ")
    return differing


def main(arguments: list[str]) -> int:
    """Record, compare or show; exit code 1 if something differs."""
    match arguments:
        case ["record", target, *files]:
            found = {}
            for name, path in subjects(files):
                print(name, file=sys.stderr, flush=True)
                found[name] = found_out(path)
            Path(target).write_text(json.dumps(found, indent=1))
        case ["compare", before, after]:
            return int(compare(Path(before), Path(after)) > 0)
        case ["show", file, part]:
            print(dict(parts(Path(file)))[part]())
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
