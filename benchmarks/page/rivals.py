"""Two other viewers on the same files, as `make bench-view` starts and watches them.

Neither is a dependency of hexviz: ``python -m benchmarks.page.rivals`` puts them into a
virtual environment of their own. Where that fails, their columns say "not installed".

*Netron* reads ``.onnx`` itself, in the browser. Its picture is an SVG that is shown as a whole:
it counts as painted once a node with a position is in it and the spinner is gone. Its question
about cookies is answered before it is asked, as on a second visit. Half a year after its release
it asks for an update instead of drawing: raise the version here then.

*Model Explorer* has no reader for ONNX in its package (a package by others adds one). So it is
given the graph in its own JSON format, as `hexviz convert` writes it: one node per op, model input
and output, the op's module as namespace, its tag among the attributes. Writing that file is not
counted, so its figures leave out reading ONNX, which is in everybody else's. It draws with WebGL by
instanced drawing, and nothing else on its page does: it counts as painted once instances were
drawn for the first time.
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import venv
from dataclasses import dataclass
from pathlib import Path

import hexviz

FOLDER = Path("build/rivals")
PACKAGES = ("netron==9.3.3", "ai-edge-model-explorer==0.1.34")

# While it is made the SVG is hidden; a class of the body's tells what is shown.
_NETRON = """() => document.body && document.body.classList.contains('default')
  && !document.body.classList.contains('spinner')
  && document.querySelector('#canvas .graph-node[transform]') !== null"""

EXPLORER_PAINTED = "() => window.instances > 0"

COUNT_INSTANCES = """
window.instances = 0;
for (const name of ['drawElementsInstanced', 'drawArraysInstanced']) {
  const draw = WebGL2RenderingContext.prototype[name];
  WebGL2RenderingContext.prototype[name] = function (...given) {
    window.instances += given[given.length - 1];
    return draw.apply(this, given);
  };
}
"""


@dataclass(frozen=True)
class Rival:
    """Another viewer.

    ``command`` is a file in its environment, called with ``arguments``. ``painted`` is a
    JavaScript function that tells whether nodes are on the page, ``prepare`` a script to run
    before the page's own.
    """

    name: str
    command: str
    arguments: tuple[str, ...]
    painted: str
    prepare: str
    reads_onnx: bool

    @property
    def installed(self) -> bool:
        """Whether its command is there."""
        return (FOLDER / "bin" / self.command).exists()


RIVALS = (
    Rival("Netron", "netron", (), _NETRON, "document.cookie = 'consent=1';", reads_onnx=True),
    Rival(
        "Model Explorer",
        "model-explorer",
        ("--no_open_in_browser",),
        EXPLORER_PAINTED,
        COUNT_INSTANCES,
        reads_onnx=False,
    ),
)


def install() -> None:
    """Make the environment of the rivals; says so and goes on if that cannot be done."""
    if all(rival.installed for rival in RIVALS):
        return
    pip = [str(FOLDER / "bin" / "python"), "-m", "pip", "install", "--quiet", *PACKAGES]
    try:
        venv.create(FOLDER, with_pip=True)
        subprocess.run(pip, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"The other viewers could not be installed, and are left out: {error}")


class RivalServer:
    """A rival serving one file; ``url`` is the page that shows it."""

    def __init__(self, rival: Rival, source: Path) -> None:
        command = [str(FOLDER / "bin" / rival.command), *rival.arguments]
        # Both print their address. A proxy that is not there ends a look for newer versions.
        changed = {"PYTHONUNBUFFERED": "1", "HTTPS_PROXY": "http://127.0.0.1:9"}
        self.process = subprocess.Popen(
            [*command, "--host", "127.0.0.1", "--port", str(_free_port()), str(source)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | changed,
            start_new_session=True,
        )
        self.url = self._printed_url()

    def _printed_url(self) -> str:
        assert self.process.stdout is not None
        printed = []
        for line in self.process.stdout:
            found = re.search(r"http://\S+", line)
            if found:
                return found.group()
            printed.append(line)
        raise OSError(f"it ended before it served anything: {''.join(printed)[-300:]}")

    def stop(self) -> None:
        """End it and whatever it started."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def as_graph_json(source: Path) -> Path:
    """The file as Model Explorer's own, written beside it unless it is there already."""
    target = source.with_suffix(".json")
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        hexviz.load(source).convert(target)
    return target


if __name__ == "__main__":
    install()
