"""``hexviz --desktop``: the page in a window of its own.

::

    hexviz --desktop m.onnx
        │ is a window open? ──▶ it takes the file and comes to the front    instance.py
        ▼ no
    the server of hexviz view, on loopback, by token                        run.py
        ├─ pywebview is there ──▶ a window with dialogs                     window.py, qt.py
        ├─ a browser is there ──▶ its app window                            app_window.py
        └─ neither ─────────────▶ a tab of the ordinary browser
    the window is closed ─▶ server, jobs and browser end

How the window was left (size, place, folder, theme) is in :mod:`hexviz.desktop.remembered`;
:mod:`hexviz.desktop.register` makes it known to the desktop.
"""
