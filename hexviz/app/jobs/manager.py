"""Which manager does the jobs: this machine's own, or a queue that a team shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hexviz.app.jobs.supervise import sweep
from hexviz.cache import Cache

if TYPE_CHECKING:
    from hexviz.app.jobs.celery import SharedManager
    from hexviz.app.jobs.local import LocalManager

    Manager = LocalManager | SharedManager

__all__ = ["Manager", "job_manager"]


def job_manager(queue: str | None = None) -> Manager:
    """Dash's manager for background callbacks; ``queue`` is the address of a Redis.

    Raises:
        ExtraError: if Celery is not installed.
        JobError: if no Redis answers there.
        WriteError: if there is no cache folder and none can be made.
    """
    folder = Cache().folder("jobs")
    sweep(folder)
    if queue is None:
        from hexviz.app.jobs.local import LocalManager

        return LocalManager(folder)
    from hexviz.app.jobs.celery import SharedManager, celery_app

    return SharedManager(celery_app(queue))
