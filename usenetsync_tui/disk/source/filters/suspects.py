"""Which names of a directory any pattern may match: a fast test of all of them at once.

Most names match no pattern. So this test is the cost of filters: sets and endings, and one regular
expression for the rest. With google-re2 that searches all names in one text, which takes a fifth of
the time. What it finds is a suspect: the lists decide (`rule_lists`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from usenetsync_tui.disk.source.filters.globs import Glob, GlobKind
from usenetsync_tui.disk.source.filters.patterns import Pattern

try:
    import re2
except ImportError:  # the extra is not installed
    re2 = None

_NOTHING: frozenset[bytes] = frozenset()


class Suspects:
    """The test for some patterns. Names of directories end in a slash."""

    def __init__(self, patterns: Iterable[Pattern], *, fast: bool = True) -> None:
        """`fast`: use google-re2 if it is installed."""
        deciding = [p for p in patterns if p.excludes]
        globs = {p.last for p in deciding if not p.matches_any_name or p.is_name}
        self._every = any(g.kind is GlobKind.ANY for g in globs)
        plain = _texts(globs, GlobKind.PLAIN)
        self._plain = frozenset([*plain, *(text + b"/" for text in plain)])
        ends = _texts(globs, GlobKind.ENDS)
        self._ends = (*ends, *(text + b"/" for text in ends))
        self._begins = tuple(_texts(globs, GlobKind.BEGINS))
        others = sorted(g.regex for g in globs if g.kind is GlobKind.OTHER)
        self._search = _search(b"|".join(others), fast=fast) if others else None
        self._of_directory = tuple(p for p in deciding if p.matches_any_name and not p.is_name)
        """Patterns for all names of some directories."""

    def among(self, keys: Sequence[bytes], above: bytes, bases: Sequence[bytes]) -> set[bytes]:
        """The names that some pattern may match.

        `bases`: where the patterns stand, all of them above `above`.
        """
        if self._every or (self._of_directory and self._is_whole(above, bases)):
            return set(keys)
        found = self._plain.intersection(keys) if self._plain else _NOTHING
        more: list[bytes] = []
        if self._ends:
            ends = self._ends
            more += [key for key in keys if key.endswith(ends)]
        if self._begins:
            begins = self._begins
            more += [key for key in keys if key.startswith(begins)]
        if self._search is not None:
            more += self._search(keys)
        return {*found, *more}

    def _is_whole(self, above: bytes, bases: Sequence[bytes]) -> bool:
        parts = {above[len(base) :] for base in bases}
        return any(p.may_match_in(part) for p in self._of_directory for part in parts)


def _texts(globs: Collection[Glob], kind: GlobKind) -> list[bytes]:
    return [g.text for g in globs if g.kind is kind]


def _search(names: bytes, *, fast: bool) -> Callable[[Sequence[bytes]], list[bytes]]:
    """The search for names that a regular expression matches."""
    if fast and re2 is not None:
        options: Any = re2.Options()
        options.encoding = options.Encoding.LATIN1
        options.log_errors = False
        whole = re2.compile(b"\\x00((?:" + names + b")/?)\\x00", options)

        def in_one_text(keys: Sequence[bytes]) -> list[bytes]:
            text = b"\0" + b"\0\0".join(keys) + b"\0"
            return [found[1] for found in whole.finditer(text)]

        return in_one_text
    matches = re.compile(b"(?:" + names + b")/?").fullmatch

    def one_by_one(keys: Sequence[bytes]) -> list[bytes]:
        return [key for key in keys if matches(key)]

    return one_by_one
