"""The page that asks for the token. It loads nothing: the server gives nothing out yet."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

__all__ = ["token_form"]

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,">{again}
<title>hexviz: token</title>
<style>
  :root {{ color-scheme: light dark; --page: #fbfbfc; --surface: #fff; --line: #868d9b;
    --soft: #e3e5ea; --ink: #1d2129; --quiet: #5c6370; --accent: #4051b5; --on: #fff;
    --bad: #b3261e; }}
  @media (prefers-color-scheme: dark) {{ :root {{ --page: #14161a; --surface: #1b1e24;
    --line: #747c8a; --soft: #2e333c; --ink: #e6e8ec; --quiet: #a0a7b4; --accent: #9aa8ff;
    --on: #14161a; --bad: #ff8f85; }} }}
  body {{ margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--page);
    color: var(--ink); font: 14px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }}
  main {{ box-sizing: border-box; width: min(420px, calc(100vw - 32px)); padding: 28px;
    background: var(--surface); border: 1px solid var(--soft); border-radius: 8px; }}
  h1 {{ display: flex; align-items: center; gap: 8px; margin: 0 0 12px; font-size: 16px; }}
  h1 span {{ width: 20px; height: 22px; background: linear-gradient(160deg, #6b7cff, #2fb7a6);
    clip-path: polygon(50% 0, 100% 25%, 100% 75%, 50% 100%, 0 75%, 0 25%); }}
  p {{ margin: 0 0 16px; color: var(--quiet); }}
  [role=alert] {{ color: var(--bad); }}
  label {{ display: block; margin-bottom: 4px; font-weight: 600; }}
  input, button {{ box-sizing: border-box; width: 100%; padding: 8px 10px; border-radius: 4px;
    font: inherit; }}
  input {{ border: 1px solid var(--line); background: var(--page); color: var(--ink); }}
  button {{ margin-top: 12px; border: 0; background: var(--accent); color: var(--on);
    font-weight: 600; cursor: pointer; }}
  code {{ white-space: nowrap; }}
  :focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
</style>
</head>
<body>
<main>
<h1><span></span>hexviz</h1>
<p>This server asks for its token. It is in the address that <code>hexviz view</code> printed when
it started, behind <code>?token=</code>.</p>{remark}
<form method="get" action="/">{kept}
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password"{value}
required autofocus>
<button>Open</button>
</form>
</main>
</body>
</html>
"""

_WRONG = '\n<p role="alert">That is not this server\'s token.</p>'
_CARRIED = "\n<p>A link on another site brought one along, and nobody has looked at it yet.</p>"
_AGAIN = '\n<meta http-equiv="refresh" content="0">'


def token_form(
    query: Iterable[tuple[str, str]], *, wrong: bool, again: bool, carried: str | None = None
) -> str:
    """The page's HTML. ``query`` is what else the address asks for: the form asks for it again.

    With ``again``, the browser asks once more by itself: it holds back a strict cookie
    when it follows a link from another site, and not when our own page sends it on.
    ``carried`` is a token that was not looked at: it stands in the field, for a person to send.
    """
    kept = "".join(
        f'\n<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in query
    )
    remark = _WRONG if wrong else _CARRIED if carried is not None else ""
    value = "" if carried is None else f' value="{escape(carried)}"'
    return _PAGE.format(kept=kept, remark=remark, value=value, again=_AGAIN if again else "")
