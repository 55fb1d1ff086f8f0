"""A real JupyterLab in a process of its own, and hands that work a notebook in it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
from playwright.sync_api import Frame, Page

from tests.waiting import CEILING, finished, until

__all__ = ["Lab", "Notebook", "notebook_file", "settle"]

_SETTINGS = {
    # Nothing is asked over the network, and nothing of whoever runs the tests is read or written.
    "@jupyterlab/apputils-extension/notification.jupyterlab-settings": (
        '{"fetchNews": "false", "checkForUpdates": false}'
    ),
}


def notebook_file(path: Path, *cells: str) -> Path:
    """A notebook with cells of code."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(notebook, path)
    return path


class Lab:
    """A running ``jupyter lab`` with folders of its own; ``url`` is where it is."""

    def __init__(self, root: Path) -> None:
        self.root = root / "notebooks"
        self.root.mkdir()
        settings = root / "settings"
        for name, text in _SETTINGS.items():
            (settings / name).parent.mkdir(parents=True, exist_ok=True)
            (settings / name).write_text(text)
        folders = {
            "JUPYTER_CONFIG_DIR": root / "config",
            "JUPYTER_DATA_DIR": root / "data",
            "JUPYTER_RUNTIME_DIR": root / "runtime",
            "JUPYTERLAB_SETTINGS_DIR": settings,
            "JUPYTERLAB_WORKSPACES_DIR": root / "workspaces",
            "IPYTHONDIR": root / "ipython",
        }
        command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
        options = {
            "ServerApp.token": "t",
            "ServerApp.port": "0",
            "ServerApp.root_dir": str(self.root),
            "LabApp.extension_manager": "readonly",
            "LabApp.news_url": "",
            "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        }
        python_path = os.pathsep.join([str(Path.cwd()), os.environ.get("PYTHONPATH", "")])
        self.process = subprocess.Popen(
            [*command, *(f"--{name}={value}" for name, value in options.items())],
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {name: str(path) for name, path in folders.items()}
            | {"PYTHONPATH": python_path},
            start_new_session=True,
        )
        self.said: list[str] = []
        self.url = self._address()

    def _address(self) -> str:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)
            found = re.search(r"http://(?:127\.0\.0\.1|localhost):(\d+)/lab", line)
            if found:
                return f"http://127.0.0.1:{found[1]}"
        raise AssertionError("".join(self.said))

    def stop(self) -> None:
        """End it with its kernels."""
        os.killpg(self.process.pid, signal.SIGTERM)
        finished(self.process)


class Notebook:
    """A notebook open in JupyterLab."""

    def __init__(self, page: Page, lab: Lab, name: str) -> None:
        self.page = page
        page.set_default_timeout(CEILING * 1000)
        page.goto(f"{lab.url}/doc/tree/{name}?token=t&reset")
        self.ready()

    def ready(self) -> None:
        """Wait until it is open, and its kernel has nothing to do."""
        self.page.locator(".jp-Notebook .jp-CodeCell").first.wait_for()
        self.page.get_by_text("| Idle").first.wait_for()

    def choose(self, menu: str, *entries: str) -> None:
        """Choose an entry of JupyterLab's menu, or of a menu in it."""
        self.page.locator(f".lm-MenuBar-itemLabel:text-is('{menu}')").click()
        for entry in entries:
            label = self.page.locator(f".lm-Menu-itemLabel:text-is('{entry}')")
            label.hover()
            if entry == entries[-1]:
                label.click()

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds that the page does not show."""
        until(condition)

    def run(self, cell: int) -> None:
        """Run a cell as people do, and wait until it is done."""
        code = self.page.locator(".jp-CodeCell").nth(cell)
        code.locator(".cm-content").click()
        # The number that a cell gets may be the one that it had: what is put beside it goes.
        code.locator(".jp-InputPrompt").first.evaluate(
            "prompt => prompt.append(document.createElement('i'))"
        )
        self.page.keyboard.press("Control+Enter")
        self.page.wait_for_function(
            """at => {
                const cell = document.querySelectorAll('.jp-CodeCell')[at];
                const prompt = cell.querySelector('.jp-InputPrompt');
                return !prompt.querySelector('i') && /\\d/.test(prompt.innerText);
            }""",
            arg=cell,
        )

    def output(self, cell: int) -> str:
        """What a cell has printed."""
        return (
            self.page.locator(".jp-CodeCell")
            .nth(cell)
            .locator(".jp-OutputArea")
            .inner_text()
            .strip()
        )

    def frame(self, cell: int) -> Frame:
        """The page of the view in a cell, once its graph is drawn."""
        element = self.page.locator(".jp-CodeCell").nth(cell).locator("iframe[title=hexviz]")
        handle = element.element_handle()
        assert handle is not None
        frame = handle.content_frame()
        assert frame is not None
        frame.wait_for_function(
            "() => document.getElementById('graph')?._cyreg?.cy?.nodes().length > 2"
        )
        return frame

    def element(self, cell: int, op: str) -> str:
        """The element that shows an op, or the box that it is in."""
        found: str = self.frame(cell).evaluate(
            """op => { const cy = document.getElementById('graph')._cyreg.cy;
            return cy.nodes().filter(one => one.data('op') === op)[0].id(); }""",
            op,
        )
        return found

    def middle(self, cell: int) -> tuple[float, float]:
        """A point in the middle of a view's canvas, in pixels of the page."""
        frame = self.frame(cell)
        box = frame.locator("#graph").bounding_box()
        assert box is not None
        return box["x"] + box["width"] / 2, box["y"] + min(box["height"] / 2, 100)

    def click(self, cell: int, element: str) -> None:
        """Click an element of a drawn graph where it is."""
        frame = self.frame(cell)
        frame.frame_element().scroll_into_view_if_needed()
        x, y = frame.evaluate(
            """id => { const cy = document.getElementById('graph')._cyreg.cy;
            cy.center(cy.getElementById(id));
            const { x, y } = cy.getElementById(id).renderedPosition();
            return [x, y]; }""",
            element,
        )
        box = frame.locator("#graph").bounding_box()
        assert box is not None
        self.page.mouse.click(box["x"] + x, box["y"] + y)


def settle(frame: Frame, condition: str, argument: Any = None) -> None:
    """Wait until a condition on the canvas (``cy``) and ``a`` holds."""
    frame.wait_for_function(
        f"a => {{ const cy = document.getElementById('graph')._cyreg.cy; return {condition}; }}",
        arg=argument,
    )
