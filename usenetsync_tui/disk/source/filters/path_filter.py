"""Patterns for paths that no walk finds, such as those of a version: which of them are excluded.

As in a walk, everything below an excluded directory is excluded. Looks at no disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.disk.source.filters.rule_lists import RuleList, read_lines
from usenetsync_tui.errors import UsageError

_REMEMBERED = 4_096
"""Directories whose verdict is remembered."""


class PathFilter:
    """The patterns of one option. Give it paths roughly in their order."""

    def __init__(self, patterns: Sequence[bytes]) -> None:
        """Raises `UsageError` for a pattern that can match nothing."""
        self._rules = checked_patterns(patterns)
        self._above: dict[bytes, bool] = {b"": False}

    def __bool__(self) -> bool:
        return bool(self._rules.patterns)

    def excludes(self, path: bytes) -> bool:
        """Whether a relative path is excluded; that of a directory ends in a slash."""
        if not (path and self._rules.patterns):
            return False
        cut = path.rstrip(b"/").rfind(b"/") + 1
        return self._is_below_excluded(path[:cut]) or self._matches(path[cut:], path[:cut])

    def _is_below_excluded(self, directory: bytes) -> bool:
        known = self._above.get(directory)
        if known is not None:
            return known
        verdict, cut = False, 0
        while cut < len(directory) and not verdict:
            end = directory.index(b"/", cut) + 1
            above = self._above.get(directory[:end])
            verdict = self._matches(directory[cut:end], directory[:cut]) if above is None else above
            cut = end
        if len(self._above) >= _REMEMBERED:
            self._above = {b"": False}
        self._above[directory] = verdict
        return verdict

    def _matches(self, key: bytes, above: bytes) -> bool:
        pattern = self._rules.verdict(key, above)
        return pattern is not None and pattern.excludes


def checked_patterns(patterns: Sequence[bytes]) -> RuleList:
    """The patterns of ``--exclude``. Raises `UsageError` for one that can match nothing."""
    rules, bad = read_lines(patterns, "--exclude", numbered=False)
    if bad:
        raise UsageError(f"--exclude {bad[0]}.")
    return rules
