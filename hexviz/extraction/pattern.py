"""How modules are named: one pattern language for ``--module``, the Extract tab and ``tag:``.

::

    encoder.layer.*.attention      an FQN; its segments stand between dots
    /Model/Encoder/Layer.?         a tag; its segments stand between slashes
    **.query                       ``**`` is any number of segments, also none

``*`` stands for any characters within one segment and ``?`` for one; nothing
else is special, brackets stand for themselves. A name with a slash in it is a
tag, and may do without the first slash. A name means a module with all below it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from hexviz.model.fqn import ancestors
from hexviz.model.modules import ModuleTree
from hexviz.model.near_names import near_names

__all__ = ["ModuleNames", "is_pattern"]

_MOST_NAMED = 4  # modules in a message

Watch = Callable[[Iterable[str]], Iterable[str]]


class ModuleNames:
    """What the modules of a graph can be called: FQNs (also those of lists of them) and tags.

    ``fold_case`` makes no difference between capital and small letters.
    """

    def __init__(self, modules: ModuleTree, *, fold_case: bool = False) -> None:
        self._fold = str.lower if fold_case else str
        # `encoder.layer` is no module if it is a list, but it encloses twelve.
        self._fqns = self._known(one for module in modules for one in ancestors(module.fqn))
        self._tags = self._known(modules.by_tag)
        self._by_tag = modules.by_tag

    def _known(self, names: Iterable[str]) -> dict[str, list[str]]:
        """Each name as it is compared → as it is spelled."""
        found: dict[str, list[str]] = {}
        for name in dict.fromkeys(names):
            found.setdefault(self._fold(name), []).append(name)
        return found

    def matching(self, name: str, watch: Watch = iter) -> list[str]:
        """The FQNs that a name or pattern means, in the order of the model; none if it means none.

        ``watch`` is handed all names that a pattern is compared with, and hands them on.
        """
        wanted = self._fold(name)
        if wanted in self._fqns and not is_pattern(wanted):  # also one with a slash in it
            return self._fqns[wanted]
        if not _is_tag(wanted) and (is_pattern(wanted) or "/" + wanted not in self._tags):
            return _matching(wanted, self._fqns, ".", watch)
        tags = _matching("/" + wanted.strip("/"), self._tags, "/", watch)
        return [self._by_tag[tag] for tag in tags]

    def no_match(self, name: str) -> str:
        """One line that says that a name or pattern means nothing, with the nearest names."""
        separator, names = ("/", self._tags) if _is_tag(name) else (".", self._fqns)
        known = [one for one in names if one.strip("/")]
        near = near_names(self._fold(name), known)
        hint = f"; near ones: {', '.join(names[one][0] for one in near)}" if near else ""
        if known and not near:
            # A stable sort: modules of one depth stay in the order of the model.
            highest = sorted(known, key=lambda one: one.count(separator))[:_MOST_NAMED]
            hint = f"; there are: {', '.join(names[one][0] for one in highest)}"
            hint += ", …" if len(known) > _MOST_NAMED else ""
        if is_pattern(name):
            return f"No module matches {name!r}{hint}."
        return f"No module is called {name!r}{hint}."


def is_pattern(name: str) -> bool:
    """Whether a name has ``*`` or ``?`` in it."""
    return "*" in name or "?" in name


def _is_tag(name: str) -> bool:
    return "/" in name


def _matching(
    wanted: str, known: Mapping[str, Sequence[str]], separator: str, watch: Watch
) -> list[str]:
    if not is_pattern(wanted):
        return list(known.get(wanted, ()))
    # fnmatch also knows sets of characters: "[[]" is a set of one, the bracket.
    pattern = wanted.replace("[", "[[]").split(separator)
    matching = (name for name in watch(known) if name and _fits(pattern, name.split(separator)))
    return [spelled for name in matching for spelled in known[name]]


def _fits(pattern: Sequence[str], segments: Sequence[str]) -> bool:
    """Whether segments match; of several ``**``, only the last one reached is tried anew.

    So no pattern, however it is made, takes longer than the product of both lengths.
    """
    at = here = 0
    star, tried = -1, 0
    while here < len(segments):
        if at < len(pattern) and pattern[at] == "**":
            star, tried = at, here
            at += 1
        elif at < len(pattern) and fnmatchcase(segments[here], pattern[at]):
            at += 1
            here += 1
        elif star != -1:
            tried += 1
            at, here = star + 1, tried
        else:
            return False
    return all(left == "**" for left in pattern[at:])
