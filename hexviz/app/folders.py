"""Where hexviz keeps files on this machine; only their owner can read them."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from hexviz.errors import WriteError

__all__ = [
    "assets_folder",
    "exports_folder",
    "jobs_folder",
    "measured_folder",
    "pictures_folder",
    "tags_folder",
    "uploads_folder",
]


def exports_folder() -> Path:
    """Files exported for the page."""
    return _private("exports")


def uploads_folder() -> Path:
    """Files uploaded to the page, by the digest of their content."""
    return _private("uploads")


def jobs_folder() -> Path:
    """What background jobs report; plain JSON."""
    return _private("jobs")


def tags_folder() -> Path:
    """The tags of files that were opened, by the digest of the file."""
    return _private("tags")


def pictures_folder() -> Path:
    """What models that were opened show first."""
    return _private("pictures")


def measured_folder() -> Path:
    """What was measured while files were exported, by the digest of the file."""
    return _private("measured")


def assets_folder() -> Path:
    """CSS and JavaScript: inside the installed package, or at the top of a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_assets"
    return installed if installed.is_dir() else package.parent / "assets"


def _private(name: str) -> Path:
    root = platformdirs.user_cache_path("hexviz", appauthor=False)
    folder = root / name
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        root.chmod(0o700)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise WriteError(f"Cannot use the cache folder {root}: {error.strerror}.") from error
    return folder
