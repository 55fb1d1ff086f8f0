"""Make sure that a Chromium is there: the system's, Playwright's, or the package manager's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Path of a Chromium on this machine, or ``None``; ``CHROMIUM`` in the environment wins."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if os.path.exists(path) else None  # noqa: PTH110 - a plain string from Playwright


def main() -> None:
    """Install one if there is none; exit with a clear line if that fails."""
    if find():
        return
    attempts = [[sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"]]
    if shutil.which("apt-get"):
        prefix = [] if os.geteuid() == 0 else ["sudo"]
        attempts.append([*prefix, "apt-get", "update", "-qq"])
        attempts.append(
            [*prefix, "apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
        )
    for command in attempts:
        subprocess.run(command, check=False)
    if not find():
        sys.exit("No Chromium found, and none could be installed: set CHROMIUM to the path of one.")


if __name__ == "__main__":
    main()
