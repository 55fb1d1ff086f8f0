"""The files for a team say what the command understands, and open no door."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from hexviz.app.guard import host_name, hosts_for
from hexviz.app.jobs.supervise import memory_here
from hexviz.cli.command import app

TOP = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((TOP / "compose.yaml").read_text())["services"]
    return found


@pytest.mark.parametrize("name", ["web", "worker"])
def test_the_commands_are_ours(services: dict[str, Any], name: str) -> None:
    command, *arguments = services[name]["command"]
    found = get_command(app).commands[command]  # type: ignore[attr-defined]
    # Raises if an option is unknown, or lacks its value.
    found.make_context(command, arguments)
    known = {parameter.envvar for parameter in found.params if parameter.envvar}
    assert {"HEXVIZ_JOBS"} <= known
    assert set(services[name]["environment"]) <= known


@pytest.mark.parametrize(("told", "name"), [("viewer.example.org", "viewer.example.org"), ("", "")])
def test_a_proxys_name_can_be_told(services: dict[str, Any], told: str, name: str) -> None:
    """As compose fills in ``HEXVIZ_NAME``; without it, nothing is known that was not before."""
    command = services["web"]["command"]
    line = re.sub(r"\$\{HEXVIZ_NAME:-(.*?)\}", lambda found: told or found[1], "\n".join(command))
    allowed = line.split("\n--allow-host\n")[1].split("\n")[0]
    hosts = hosts_for("0.0.0.0", "0.0.0.0", [host_name(allowed)])  # noqa: S104
    assert hosts.knows(name or "localhost")
    assert not hosts.knows("evil.example")


@pytest.mark.parametrize("name", ["web", "worker"])
def test_somebody_reaps_what_jobs_leave_behind(services: dict[str, Any], name: str) -> None:
    """The orphans of a container are its PID 1's, and hexviz waits for its own children alone."""
    assert services[name]["init"] is True


def test_all_share_the_queue_and_the_folder(services: dict[str, Any]) -> None:
    web, worker = services["web"], services["worker"]
    assert web["environment"]["HEXVIZ_JOBS"] == worker["environment"]["HEXVIZ_JOBS"]
    assert web["volumes"] == worker["volumes"]
    assert "XDG_CACHE_HOME=/cache" in (TOP / "Dockerfile").read_text()
    assert web["volumes"][0] == "cache:/cache"


def test_only_the_web_server_is_reached_and_only_from_this_machine(
    services: dict[str, Any],
) -> None:
    assert "ports" not in services["redis"]
    assert "ports" not in services["worker"]
    assert all(port.startswith("127.0.0.1:") for port in services["web"]["ports"])
    assert re.search(r"^USER hexviz$", (TOP / "Dockerfile").read_text(), re.MULTILINE)


def test_a_container_has_the_memory_that_it_was_given(tmp_path: Path) -> None:
    container = tmp_path / "memory.max"
    whole = memory_here(container)
    container.write_text("max\n")
    assert memory_here(container) == whole
    container.write_text("1073741824\n")
    assert memory_here(container) == 1 << 30


def test_the_image_has_what_its_workers_need() -> None:
    (extras,) = re.findall(r"'\.\[([\w,]+)\]'", (TOP / "Dockerfile").read_text())
    project = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
    assert {*extras.split(",")} <= {*project["optional-dependencies"]}
    assert {"team", "hf"} <= {*extras.split(",")}, "a queue, and exports of all samples"
