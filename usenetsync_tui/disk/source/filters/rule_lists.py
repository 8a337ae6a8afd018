"""Lists of patterns: of an option, of a file with patterns, of a file in the tree."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Sequence

from usenetsync_tui.disk.source.filters.patterns import Pattern, PatternError, says_nothing, trimmed
from usenetsync_tui.model.filters import IGNORE_NAME
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object

LARGEST = 4 << 20
"""Bytes of the largest file with patterns that we read."""
_BOM = b"\xef\xbb\xbf"
_NOT_FOLLOWED = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class RuleList:
    """Patterns that stand in one place, in their order, for what is below a directory."""

    def __init__(self, patterns: Sequence[Pattern], base: bytes = b"") -> None:
        """`base`: the directory, which ends in a slash or is empty."""
        self.patterns = patterns
        self.base = base
        self._latest_first = tuple(reversed(patterns))

    def verdict(self, key: bytes, above: bytes) -> Pattern | None:
        """The last pattern that matches a name in a directory; None: no pattern does."""
        above = above[len(self.base) :]
        return next((p for p in self._latest_first if p.matches(key, above)), None)


@value_object
class BadPattern:
    """A pattern that can match nothing."""

    line: int
    """Its line, or its number among several, from 1."""
    text: bytes
    reason: str

    def __str__(self) -> str:
        return f'"{safe_name(self.text)}": {self.reason}'


def read_lines(
    lines: Iterable[bytes], place: str, base: bytes = b"", *, numbered: bool = True
) -> tuple[RuleList, list[BadPattern]]:
    """The patterns of some lines, without comments, and those that are wrong.

    `place`: where the lines stand, safe to show; with `numbered`, each has its number there.
    """
    patterns, bad = [], []
    for number, line in enumerate(lines, 1):
        text = trimmed(line)
        if says_nothing(text):
            continue
        try:
            patterns.append(Pattern(text, f"{place}:{number}" if numbered else place))
        except PatternError as error:
            bad.append(BadPattern(number, text, str(error)))
    return RuleList(patterns, base), bad


def lines_of(data: bytes) -> list[bytes]:
    """The lines of a file with patterns."""
    return data.removeprefix(_BOM).split(b"\n")


def read_pattern_file(path: bytes) -> bytes:
    """The bytes of a file that the user names. Raises OSError, ValueError with a reason."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return _bytes_of(fd)


def read_ignore_file(directory: int) -> bytes | None:
    """The bytes of the ``.usenetsyncignore`` of an open directory; None: it has none.

    A symlink is not followed. Raises OSError, ValueError with a reason.
    """
    try:
        fd = os.open(IGNORE_NAME, _NOT_FOLLOWED, dir_fd=directory)
    except FileNotFoundError:
        return None
    return _bytes_of(fd)


def _bytes_of(fd: int) -> bytes:
    with open(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise ValueError("it is not a regular file")
        data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise ValueError("it is too large for a file with patterns")
    return data
