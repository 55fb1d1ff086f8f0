"""A graph shown in a notebook: the page's canvas, tree and inspector over the kernel's own channel.

::

    hexviz.show(graph) ─▶ View (widget.py) ─ one for each call ─▶ Session (session.py) ─▶ OpenModel
                            │  messages.py: what a page says, held against its types
            the kernel's channel, as any widget has it: no port, no server
                            │
    the notebook's document: assets/notebook/widget.js ─ frame of its own ─▶ assets/notebook.js
                                                       page.py: that page's HTML, sent once

Beside the live view, a still picture of it is saved with the notebook (still.py).
"""
