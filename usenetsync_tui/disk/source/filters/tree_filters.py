"""The filters of one folder while it is walked: what each directory keeps of its names."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

from usenetsync_tui.disk.source.filters.directory_tags import DirectoryTags
from usenetsync_tui.disk.source.filters.rule_lists import (
    RuleList,
    lines_of,
    read_ignore_file,
    read_lines,
    read_pattern_file,
)
from usenetsync_tui.disk.source.filters.suspects import Suspects
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.entries import MOST, NoticeKind, Problem
from usenetsync_tui.model.filters import IGNORE_NAME, Excluded, Filters, Rule, name_problem
from usenetsync_tui.model.text.figures import size
from usenetsync_tui.model.text.safe_name import safe_name

PAUSE = b"//"
"""Stands among the names of a directory, so that the walk can give what it has."""

_CHUNK = 5_000
_PAUSE_AFTER = 1_000
"""Names that are left out in a row."""

Found = Callable[[Excluded | Problem], None]


class IgnoreFileError(Exception):
    """The ``.usenetsyncignore`` of a directory cannot be read, with the reason."""


class _Level(NamedTuple):
    """The lists in force in a directory and below it."""

    base: bytes
    in_tree: tuple[RuleList, ...]
    """Those of ``.usenetsyncignore`` files, the nearest first."""
    lists: tuple[RuleList, ...]
    """All of them, the most important first."""
    bases: tuple[bytes, ...]
    """Where they stand."""
    suspects: Suspects


class TreeFilters:
    """What one walk of a folder leaves out. Synchronous; each walk makes a new one.

    Ask in the order of the walk: a directory after those around it.
    """

    def __init__(self, filters: Filters, global_patterns: Sequence[bytes] = ()) -> None:
        """Read the files with patterns. `SourceError` names a file or a pattern that is wrong."""
        self.larger_than = filters.exclude_larger_than or MOST
        words = size(self.larger_than)
        self.too_large = Rule(f"larger than {words}", "--exclude-larger-than")
        self.one_file_system = filters.one_file_system
        self._tags = DirectoryTags(filters)
        self._options = _checked(filters.exclude, "--exclude")
        files = tuple(_of_file(path) for path in reversed(filters.exclude_files))
        self._fixed = (*files, _checked(global_patterns, "config.toml: exclude"))
        self._levels = [self._level(b"", ())]
        """From the folder down to the nearest ``.usenetsyncignore`` around the walk."""

    def kept(self, fd: int, above: bytes, keys: Iterator[bytes], found: Found) -> Iterator[bytes]:
        """The names of an open directory that are walked, in their order; now and then a `PAUSE`.

        `above`: its path, which ends in a slash or is empty. `keys`: its names in byte order, those
        of directories with a slash. Calls `found` with everything that is left out. Raises
        `IgnoreFileError`: then nothing below the directory may be taken.
        """
        while not above.startswith(self._levels[-1].base):
            self._levels.pop()
        first = list(islice(keys, _CHUNK))
        is_all = len(first) < _CHUNK

        def has(name: bytes) -> bool:
            at = bisect_left(first, name)
            return first[at] == name if at < len(first) else not is_all

        if self._tags.any and above and (tag := self._tags.found(fd, has)):
            name, rule = tag
            found(Excluded(above, rule))
            return iter([name])
        if has(IGNORE_NAME):
            self._read_ignore_file(fd, above, found)
        level = self._levels[-1]
        if not is_all:
            return _each(chain(first, keys), above, level, found)
        suspects = level.suspects.among(first, above, level.bases)
        return _left(first, suspects, above, level, found) if suspects else iter(first)

    def _read_ignore_file(self, fd: int, above: bytes, found: Found) -> None:
        try:
            data = read_ignore_file(fd)
        except OSError as error:
            raise IgnoreFileError(error.strerror or str(error)) from error
        except ValueError as error:
            raise IgnoreFileError(str(error)) from error
        if data is None:
            return
        path = above + IGNORE_NAME
        rules, bad = read_lines(lines_of(data), safe_name(path), above)
        for each in bad:
            reason = f"line {each.line} excludes nothing: {each}"
            found(Problem(path, NoticeKind.UNREADABLE, reason))
        if rules.patterns:
            self._levels.append(self._level(above, (rules, *self._levels[-1].in_tree)))

    def _level(self, base: bytes, in_tree: tuple[RuleList, ...]) -> _Level:
        every = (self._options, *in_tree, *self._fixed)
        patterns = [pattern for each in every for pattern in each.patterns]
        bases = tuple({each.base for each in every})
        return _Level(base, in_tree, every, bases, Suspects(patterns))


def _each(keys: Iterator[bytes], above: bytes, level: _Level, found: Found) -> Iterator[bytes]:
    while chunk := list(islice(keys, _CHUNK)):
        suspects = level.suspects.among(chunk, above, level.bases)
        yield from _left(chunk, suspects, above, level, found)


def _left(
    keys: Sequence[bytes], suspects: set[bytes], above: bytes, level: _Level, found: Found
) -> Iterator[bytes]:
    in_a_row = 0
    for key in keys:
        rule = _rule(level.lists, key, above) if key in suspects else None
        if rule is None:
            in_a_row = 0
            yield key
            continue
        found(Excluded(above + key, rule))
        in_a_row += 1
        if in_a_row == _PAUSE_AFTER:
            in_a_row = 0
            yield PAUSE


def _rule(lists: Sequence[RuleList], key: bytes, above: bytes) -> Rule | None:
    """The rule that leaves a name out; None: it stays."""
    for each in lists:
        if (pattern := each.verdict(key, above)) is not None:
            return Rule(safe_name(pattern.written), pattern.place) if pattern.excludes else None
    return None


def _checked(patterns: Sequence[bytes], place: str) -> RuleList:
    rules, bad = read_lines(patterns, place, numbered=False)
    if bad:
        raise SourceError(f"{place} {bad[0]}.", whole=True)
    return rules


def _of_file(path: bytes) -> RuleList:
    name = safe_name(path)
    try:
        rules, bad = read_lines(lines_of(read_pattern_file(path)), name)
    except OSError as error:
        raise SourceError(
            f"--exclude-file {name} cannot be read: {error.strerror}. Without it the upload would "
            "take in what it excludes.",
            whole=True,
        ) from error
    except ValueError as error:
        raise SourceError(f"--exclude-file {name} cannot be read: {error}.", whole=True) from error
    if bad:
        raise SourceError(f"{name}, line {bad[0].line}: {bad[0]}.", whole=True)
    return rules


def check(filters: Filters) -> None:
    """Make sure that filters can be used now. Raises `SourceError`, ValueError with a sentence."""
    for name in filters.exclude_if_present:
        if problem := name_problem(name):
            raise ValueError(problem)
    TreeFilters(filters)
