"""What works on Windows, in an interpreter from which everything of POSIX alone was taken."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import NET
from tests.build import parse

AS_ON_WINDOWS = """
import importlib, os, signal, sys

for name in sys.argv[1].split():  # packages of others have ways of their own on Windows
    importlib.import_module(name)
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix", "syslog"):
    sys.modules[name] = None  # to import one is an ImportError now
for name in (
    "O_NONBLOCK", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC", "O_SYNC", "sched_getaffinity",
    "getuid", "geteuid", "getgid", "getegid", "fork", "forkpty", "killpg", "setsid", "setpgid",
    "getpgid", "fchmod", "fchown", "chown", "lchown", "uname", "mkfifo", "wait", "set_blocking",
    "statvfs", "sysconf", "nice", "getloadavg", "initgroups",
):
    if hasattr(os, name):
        delattr(os, name)
for name in ("SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGQUIT", "SIGCHLD", "SIGALRM", "SIGPIPE"):
    delattr(signal, name)
os.supports_dir_fd.clear()
os.supports_follow_symlinks.clear()
os.supports_fd.clear()
os.name = "nothing known"  # "nt" would have pathlib make paths that only Windows can
sys.platform = "win32"
"""
OTHERS = (
    "numpy onnx onnxruntime google.protobuf regex networkx msgspec tempfile subprocess platformdirs"
)


def on_windows(
    code: str, *arguments: str, others: str = OTHERS
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AS_ON_WINDOWS + code, others, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.mark.parametrize(
    "code",
    ["import fcntl", "import resource", "import os; os.O_NONBLOCK", "import os; os.getuid"],
)
def test_the_stage_is_without_posix(code: str) -> None:
    assert on_windows(code, others="").returncode == 1


LIBRARY = """
from pathlib import Path
import hexviz

file, out = Path(sys.argv[2]), Path(sys.argv[3])
graph = hexviz.load(file)
op = graph.ops[0].id
graph.override({op: ""}).save(out / "tagged.onnx")
graph.save(out / "tagged.onnx")  # over a file that is there
assert hexviz.load(out / "tagged.onnx").explain(op).origin
assert graph.audit() is not None
part = graph.extract(ops=[op])
assert part.verify().ok
part.save(out / "part.onnx")
hexviz.load(out / "part.onnx")
try:
    hexviz.load(out)
except hexviz.HexvizError as error:
    print(error)
"""


def test_loading_tagging_extracting_and_saving_work(tmp_path: Path) -> None:
    file = tmp_path / "net.onnx"
    file.write_bytes(parse(NET).SerializeToString())
    done = on_windows(LIBRARY, str(file), str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "is a folder: name the .onnx file in it" in done.stdout
    assert {one.name for one in tmp_path.iterdir()} == {"net.onnx", "tagged.onnx", "part.onnx"}


COMMAND = """
from hexviz.cli import main
sys.argv = ["hexviz", *sys.argv[2:]]
main()
"""


@pytest.mark.parametrize(
    "command",
    [
        ["analyze", "net.onnx", "--json"],
        ["tag", "net.onnx", "-o", "tagged.onnx"],
        ["audit", "net.onnx"],
        ["extract", "net.onnx", "--module", "/", "-o", "part.onnx", "--verify"],
        ["report", "net.onnx", "-o", "report.html"],
    ],
    ids=lambda command: command[0],
)
def test_commands_work(command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "net.onnx").write_bytes(parse(NET).SerializeToString())
    monkeypatch.chdir(tmp_path)
    done = on_windows(COMMAND, *command, others=f"{OTHERS} typer rich.console")
    assert done.returncode == 0, done.stderr


PAGE = """
import json
from pathlib import Path
from hexviz.app.server import create_app
from hexviz.app.models.store import ModelStore
from hexviz.app.jobs.run import run_job
from hexviz.cache import Cache
import hexviz.app.server

cache = Cache()
cache.sweep()
store = ModelStore(cache)
key = store.add_upload(Path(sys.argv[2]).read_bytes(), "large.onnx")
client = create_app(store).server.test_client()
assert client.get("/").status_code == 200
event = {"type": "visit", "value": f"?model={key}"}
answer = client.post("/event", json={"n": 1, "event": event, "at": None}).get_json()
print(answer["parts"]["model-title"])
print(run_job("verify", {}, print)["error"])
"""


def test_the_page_works_and_jobs_say_what_they_need(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    net = parse(NET)
    net.doc_string = "x" * (2 << 20)  # elsewhere, a job would read it first
    (tmp_path / "net.onnx").write_bytes(net.SerializeToString())
    others = f"{OTHERS} flask.cli multiprocess dash waitress diskcache psutil plotly"
    done = on_windows(PAGE, str(tmp_path / "net.onnx"), others=others)
    assert done.returncode == 0, done.stderr
    title, error = done.stdout.splitlines()
    assert title == "large.onnx"
    assert error.startswith("Jobs of the page need Linux or macOS: use the command line")
