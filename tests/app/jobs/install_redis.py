"""Make sure that a redis-server is there: the system's, or the package manager's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def find() -> str | None:
    """Path of a Redis on this machine, or ``None``."""
    return shutil.which("redis-server") or shutil.which("valkey-server")


def main() -> None:
    """Install one if there is none; exit with a clear line if that fails."""
    if find():
        return
    if shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo"]
        install = ["install", "-y", "-qq", "--no-install-recommends", "redis-server"]
        for command in (["update", "-qq"], install):
            subprocess.run([*prefix, "apt-get", *command], check=False)
    if not find():
        sys.exit("No redis-server found, and none could be installed: install one.")


if __name__ == "__main__":
    main()
