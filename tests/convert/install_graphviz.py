"""Make sure that Graphviz is there: the system's, or the package manager's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys


def main() -> None:
    """Install it if it is not there; exit with a clear line if that fails."""
    if shutil.which("dot"):
        return
    if shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo"]
        install = ["install", "-y", "-qq", "--no-install-recommends", "graphviz"]
        for command in (["update", "-qq"], install):
            subprocess.run([*prefix, "apt-get", *command], check=False)
    if not shutil.which("dot"):
        sys.exit("No Graphviz found, and none could be installed: install graphviz.")


if __name__ == "__main__":
    main()
