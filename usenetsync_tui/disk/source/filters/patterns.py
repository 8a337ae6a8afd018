"""Patterns of filters: gitignore's syntax, read as git reads it.

Knows one line. Refuses to know where lines come from, and which of several patterns wins. Source:
gitignore(5). A pattern without a slash (but at its end) matches a name anywhere below the place it
stands in; any other matches a path from there. A pattern is bytes, as names are: ``?`` matches one
byte, and a bracket expression lists bytes.
"""

from __future__ import annotations

import re
from functools import cached_property

from usenetsync_tui.disk.source.filters.brackets import OpenBracketError
from usenetsync_tui.disk.source.filters.globs import Glob, GlobKind, glob

_ANYWHERE = b"**"
_ANY = Glob(GlobKind.ANY, b"", b"[^/\\x00]*")
_SLASH = re.compile(rb"(?s)(\[(?:[!^]?\]|[!^])?(?:\\.|\[:[a-z]*:\]|[^\]])*\]|\\[^/])|\\?/")
"""What may hide a slash (a bracket expression, an escaped byte), or else a slash."""


class PatternError(ValueError):
    """A pattern that can match nothing, with the reason."""


class Pattern:
    """A pattern, ready to be matched. Paths are relative to where the pattern stands."""

    def __init__(self, written: bytes, place: str = "") -> None:
        """Read a line that is neither blank nor a comment. Raises `PatternError`.

        `place`: where it stands, safe to show.
        """
        self.written = written
        self.place = place
        body = written
        self.excludes = not body.startswith(b"!")
        if not self.excludes:
            body = body[1:]
        self.only_directories = body.endswith(b"/")
        if self.only_directories:
            body = body[:-1]
        try:
            self._read(body)
        except OpenBracketError:
            raise PatternError("its bracket is not closed; \\[ matches a bracket") from None
        except ValueError as error:
            raise PatternError(str(error)) from None

    def _read(self, body: bytes) -> None:
        self.is_name = b"/" not in body
        """Whether it matches a name in any directory."""
        if self.is_name:
            if not body:
                raise PatternError("it is empty")
            self.last: Glob = glob(body)
            self._parts: list[bytes | Glob] = []
            return
        parts = _split(body.removeprefix(b"/"))
        self._parts = [_ANYWHERE if _is_anywhere(part) else glob(part) for part in parts]
        last = self._parts[-1]
        self.last = _ANY if isinstance(last, bytes) else last

    @property
    def matches_any_name(self) -> bool:
        """Whether only the directory decides."""
        return self.last.kind is GlobKind.ANY

    def matches(self, key: bytes, above: bytes) -> bool:
        """Whether it matches a name in a directory; a directory's name ends in a slash.

        `above`: the directory's path, which ends in a slash or is empty.
        """
        if self.only_directories and key[-1] != 47:
            return False
        name = key[:-1] if key[-1] == 47 else key
        return self._regex.fullmatch(name if self.is_name else above + name) is not None

    def may_match_in(self, above: bytes) -> bool:
        """Whether it can match any name in a directory; costs little, and may say yes in vain."""
        head = self._head
        if not (above.startswith(head) or head.startswith(above)):
            return False
        return self._depth is None or above.count(b"/") == self._depth

    @cached_property
    def _regex(self) -> re.Pattern[bytes]:
        if self.is_name:
            return re.compile(self.last.regex)
        source = b""
        for number, part in enumerate(self._parts, 1):
            if isinstance(part, Glob):
                source += part.regex + (b"/" if number < len(self._parts) else b"")
            elif number < len(self._parts):
                source += b"(?:[^\\x00]*/)?"
            else:
                source += b"[^\\x00]*"
        return re.compile(source)

    @cached_property
    def _head(self) -> bytes:
        """The directories that every path begins with."""
        head = b""
        for part in self._parts[:-1]:
            if isinstance(part, bytes) or part.kind is not GlobKind.PLAIN:
                break
            head += part.text + b"/"
        return head

    @cached_property
    def _depth(self) -> int | None:
        """How many directories are above each path that it matches; None: any number."""
        if self.is_name or _ANYWHERE in self._parts:
            return None
        return len(self._parts) - 1


def _split(body: bytes) -> list[bytes]:
    """The parts between slashes; a slash in a bracket expression separates nothing."""
    parts, start = [], 0
    for found in _SLASH.finditer(body):
        if found[1] is None:
            parts.append(body[start : found.start()])
            start = found.end()
    return [*parts, body[start:]]


def _is_anywhere(part: bytes) -> bool:
    return len(part) > 1 and not part.strip(b"*")


def trimmed(line: bytes) -> bytes:
    """A line without its end and the spaces there, unless a backslash escapes them."""
    line = line.removesuffix(b"\n").removesuffix(b"\r")
    bare = line.rstrip(b" ")
    spaces = len(line) - len(bare)
    escapes = len(bare) - len(bare.rstrip(b"\\"))
    return bare + b" " if spaces and escapes % 2 else bare


def says_nothing(line: bytes) -> bool:
    """Whether a trimmed line is blank or a comment, or a single slash."""
    return not line or line.startswith(b"#") or line in (b"/", b"!", b"!/")
