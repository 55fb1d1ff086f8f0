"""Make sure that Model Explorer is there, in a folder of its own below ``build``.

It is no dependency of hexviz. What it imports at once is put there without the rest: the whole of
its dependencies is 660 MB, of which its adapter for TensorFlow is 500, which nothing here opens.
All others of them (Flask, requests, numpy …) are in the environment of the tests already.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

VERSION = "0.1.34"
FOLDER = Path(__file__).resolve().parent.parent.parent / "build" / f"model-explorer-{VERSION}"
PACKAGES = (
    f"ai-edge-model-explorer=={VERSION}",
    "dacite==1.9.2",
    "portpicker==1.6.0",
    "termcolor==3.3.0",
    "watchdog==7.1.0",
)


def find() -> Path | None:
    """The folder to put on Python's path, or ``None`` if nothing was installed there."""
    return FOLDER if (FOLDER / "model_explorer" / "web_app" / "index.html").is_file() else None


def main() -> None:
    """Install it if it is not there; exit with a clear line if that fails."""
    if find():
        return
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--upgrade", "--target", str(FOLDER), *PACKAGES], check=False)
    if not find():
        sys.exit(f"Model Explorer could not be installed into {FOLDER}.")


if __name__ == "__main__":
    main()
