r"""Globs of a filter as regular expressions of PostgreSQL, over paths read as Latin-1.

A path read as Latin-1 has a character for each byte, so names of any bytes can be searched; a
character of UTF-8 is then several, and `?` takes them together. A glob without a slash matches the
last name of a path; one with a slash, the whole path. `*` and `?` stop at a slash, `**` does not.
"""

from __future__ import annotations

import re
from itertools import groupby
from operator import itemgetter

_ANY = "(?:[\u00c2-\u00f4][\u0080-\u00bf]+|[^/])"
"""One character of UTF-8, or a byte that is no text; not a slash."""
_NO_BYTE = "\u0100"
"""Matches nothing, as no path has a NUL."""
_TOKEN = re.compile(
    r"(?P<deep>(?:^|(?<=/))\*\*+/)|(?P<name>(?:^|(?<=/))\*+(?=/|$))|(?P<stars>\*+)|(?P<one>\?)"
    r"|(?P<set>\[[!^]?\]?[^\]]*\])|(?P<text>.)",
    re.DOTALL,
)
_MOST_IN_RANGE = 1_000


def is_folded(glob: bytes) -> bool:
    """Whether ASCII letters match in either case: the glob has no capital letter."""
    return glob.lower() == glob


def regex_of(glob: bytes) -> str:
    """A regular expression that matches the same paths; a directory's has a slash at its end."""
    text = glob.decode("utf-8", "surrogateescape")
    above = "" if "/" in text.rstrip("/") else "(?:.*/)?"
    found = "".join(map(_regex, _TOKEN.finditer(text.strip("/"))))
    return f"^{above}{found}{'/' if text.endswith('/') else '/?'}$"


def letters_of(glob: bytes) -> list[bytes]:
    """The runs of bytes that each path that matches has, in this order."""
    text = glob.decode("utf-8", "surrogateescape").strip("/")
    tokens = ((each.lastgroup == "text", each[0]) for each in _TOKEN.finditer(text))
    runs = (
        "".join(t for _, t in run) for is_text, run in groupby(tokens, itemgetter(0)) if is_text
    )
    return [run.encode("utf-8", "surrogateescape") for run in runs]


def _regex(token: re.Match[str]) -> str:
    if token["deep"]:
        return "(?:.*/)?"
    if token["name"]:  # no name is empty
        return "[^/]+" if token["name"] == "*" else ".+"
    if token["stars"]:
        return "[^/]*" if token["stars"] == "*" else ".*"
    if token["one"]:
        return _ANY
    if token["set"]:
        return _set(token["set"][1:-1])
    return _literal(token["text"])


def _set(members: str) -> str:
    """``[ab]``, ``[a-z]``, ``[!ab]``."""
    negated = members[0] in "!^"
    chars = "|".join(_members(members[1:] if negated else members))
    return f"(?!{chars}){_ANY}" if negated else f"(?:{chars})"


def _members(members: str) -> list[str]:
    found, at = [], 0
    while at < len(members):
        first, last = members[at], members[at + 2 : at + 3]
        size = ord(last) - ord(first) if members[at + 1 : at + 2] == "-" and last else -1
        if 0 <= size < _MOST_IN_RANGE:
            found += [_literal(chr(code)) for code in range(ord(first), ord(last) + 1)]
            at += 3
        else:
            found.append(_literal(first))
            at += 1
    return found


def _literal(char: str) -> str:
    try:
        raw = char.encode("utf-8", "surrogateescape").decode("latin-1")
    except UnicodeEncodeError:
        return _NO_BYTE
    if char == "\0":
        return _NO_BYTE
    return raw if char.isalnum() or not char.isascii() else f"\\{raw}"
