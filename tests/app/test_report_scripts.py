"""Modules joined into one script do what they did, and what cannot be joined is refused."""

import subprocess
from pathlib import Path

import pytest

from hexviz.app.report.scripts import join_modules


def written(folder: Path, **sources: str) -> Path:
    """Files with these sources, by name; the way to the one called ``main``."""
    for name, source in sources.items():
        (folder / f"{name}.js").write_text(source)
    return folder / "main.js"


def printed(script: str, tmp_path: Path) -> list[str]:
    """What a script prints in node."""
    path = tmp_path / "joined.cjs"
    path.write_text(script)
    done = subprocess.run(["node", path], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_joined_modules_do_what_modules_do(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        main="""
import "./first.js";
import { a, b as beside, Box } from "./parts.js";
import * as parts from "./parts.js";
import {
  later,
} from "./later.js";
console.log(a(), beside, parts.c, new Box().size, later("x"));
""",
        first='console.log("first");\nconst a = 1;\n',
        parts="""
import { later } from "./later.js";
/** Documented: import { a } from "./nowhere.js" */
export function a() { return later("a"); }
/** @type {number} */ const inner = 2;
export { inner as b };
/** Documented. */
export const c = 3;
export class Box { size = 4; }
""",
        later="export const later = (what) => `later ${what}`;\nconst a = 5;\n",
    )
    script = join_modules(main)
    assert printed(script, tmp_path) == ["first", "later a 2 3 4 later x"]
    assert "Documented" not in script


@pytest.mark.parametrize(
    "source",
    [
        "export default 1;\n",
        "export let a = 1;\n",
        'export { a } from "./other.js";\n',
        'import a from "./other.js";\n',
        'import { a } from "bare";\n',
    ],
)
def test_what_cannot_be_joined_is_refused(tmp_path: Path, source: str) -> None:
    main = written(tmp_path, main=source, other="export const a = 1;\n")
    with pytest.raises(ValueError, match=r"^main\.js cannot be joined with others: "):
        join_modules(main)


def test_a_circle_is_named(tmp_path: Path) -> None:
    main = written(
        tmp_path,
        main='import { b } from "./b.js";\nexport const a = b;\n',
        b='import { a } from "./main.js";\nexport const b = a;\n',
    )
    with pytest.raises(ValueError, match=r"each other: main\.js → b\.js → main\.js$"):
        join_modules(main)
