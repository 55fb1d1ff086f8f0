"""Work outside the web process: exports, proofs, and parts that are taken away.

::

    page ──▶ Dash's background callback ──▶ supervise ──JSON──▶ child: one task, then it ends
                (local: a thread here;        ▲   │ kills it: cancelled, too slow, too large
                 celery: a worker)            └───┘ says how it ended, whatever ended it

Arguments and results are plain JSON: a model is named by its path and digest, and a
result that is a file by its own digest. A child that dies takes nothing with it.
"""
