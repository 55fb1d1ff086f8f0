"""Where the styles and scripts lie that the browser loads."""

from __future__ import annotations

from pathlib import Path

__all__ = ["assets_folder"]


def assets_folder() -> Path:
    """CSS and JavaScript: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_assets"
    return installed if installed.is_dir() else package.parent / "assets"
