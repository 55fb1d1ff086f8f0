"""A worker for a team: it does the jobs that stand in the queue, until it is interrupted."""

from __future__ import annotations

import threading

from hexviz.app.factory import create_app
from hexviz.app.folders import uploads_folder
from hexviz.app.jobs.limits import SLOTS
from hexviz.app.jobs.manager import job_manager
from hexviz.app.jobs.shared import beat_for_ever
from hexviz.app.places import kept_places
from hexviz.app.store import ModelStore

__all__ = ["work"]


def work(queue: str) -> None:
    """Do the jobs in the queue of a Redis; a web server with the same code puts them there.

    Raises:
        JobError: if Celery is not installed, or no Redis answers there.
    """
    manager = job_manager(queue)
    celery = manager.handle
    # The tasks are the callbacks of the page: making the page makes them known.
    store = ModelStore(uploads_folder(), places=kept_places(trusted=True))
    create_app(store, manager=manager)
    threading.Thread(target=beat_for_ever, args=[celery], daemon=True).start()
    print("hexviz does the jobs in the queue (Ctrl+C stops it)", flush=True)  # noqa: T201
    # Threads, as each job has a process of its own anyway.
    options = ["--pool=threads", f"--concurrency={SLOTS}", "--queues=hexviz", "--loglevel=WARNING"]
    # What workers tell each other is of no use here.
    celery.worker_main(["worker", *options, "--without-mingle", "--without-gossip"])
