"""Make sure that a window can be opened and clicked on in tests: display, libraries, xdotool."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys

COMMANDS = {
    "Xvfb": "xvfb",
    "openbox": "openbox",
    "xdotool": "xdotool",
    "desktop-file-validate": "desktop-file-utils",
    "update-mime-database": "shared-mime-info",
}
LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
}
"""What there has to be, and the package that has it."""


def missing() -> list[str]:
    """The packages of what is not there."""
    return [
        *(package for command, package in COMMANDS.items() if not shutil.which(command)),
        *(package for library, package in LIBRARIES.items() if not _can_load(library)),
    ]


def _can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def main() -> None:
    """Install what is missing; exit with a clear line if that fails."""
    wanted = missing()
    if wanted and shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo"]
        install = ["install", "-y", "-qq", "--no-install-recommends", *wanted]
        for command in (["update", "-qq"], install):
            subprocess.run([*prefix, "apt-get", *command], check=False)
    if left := missing():
        sys.exit(f"For the tests of the window, install {' '.join(left)}.")


if __name__ == "__main__":
    main()
