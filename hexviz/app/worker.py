"""A worker for a team: it does the jobs in the queue until a signal stops it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from hexviz.app.jobs.celery import SharedManager, beat_for_ever
from hexviz.app.jobs.manager import job_manager
from hexviz.app.jobs.supervise import SLOTS
from hexviz.app.models.store import ModelStore
from hexviz.app.server import create_app
from hexviz.cache import Cache

if TYPE_CHECKING:
    from celery import Celery

__all__ = ["work"]


def work(queue: str) -> None:
    """Do the jobs in the queue of a Redis; a web server with the same code puts them there.

    A signal stops it, and the jobs that it is doing; their pages say so.

    Raises:
        ExtraError: if Celery is not installed.
        JobError: if no Redis answers there.
    """
    manager = job_manager(queue)
    assert isinstance(manager, SharedManager)  # noqa: S101 - as there is a queue
    # The tasks are the callbacks of the page: making the page makes them known.
    store = ModelStore(Cache(), trusted=True)
    create_app(store, manager=manager)
    threading.Thread(target=beat_for_ever, args=[manager.handle], daemon=True).start()
    try:
        print("hexviz does the jobs in the queue (Ctrl+C stops it)", flush=True)  # noqa: T201
        worker = _worker(manager.handle)
        try:
            worker.blueprint.start(worker)
        finally:
            manager.close()
            worker.stop()
    except (KeyboardInterrupt, SystemExit):
        pass


def _worker(celery: Celery) -> Any:
    """Celery's worker, which leaves signals alone.

    By itself it takes SIGHUP, also under ``nohup``, for a wish to be started anew; waits at
    SIGTERM until its jobs are done, which may be half an hour; and says that it failed
    where Ctrl+C stopped it.
    """
    from celery.apps.worker import Worker

    class Plain(Worker):  # type: ignore[misc] # Celery has no types
        def install_platform_tweaks(self, worker: Worker) -> None:
            """Take no signal."""

    return celery.subclass_with_self(Plain, name="Worker")(
        pool_cls="threads",  # as each job has a process of its own anyway
        concurrency=SLOTS,
        queues=["hexviz"],
        loglevel="WARNING",
        # What workers tell each other is of no use here.
        without_mingle=True,
        without_gossip=True,
    )
