"""The parser and writer of the filter line.

``IMG "new york" *.cr3 is:failed >10M <=2G``: words that must all occur in the path, globs that must
all match, a state, sizes in decimal units (``Ki``, ``Mi``… are powers of 1,024). A word with ``*``
or ``?`` is a glob, in which ``[ab]`` is one of some characters: without a slash it matches the
name, with one the whole path, where ``**`` takes any number of folders. Words match in either
case, globs as well unless they have a capital letter. Quotes keep spaces and make ``is:``, ``>`` or
``*`` part of a word; in a glob, ``?`` stands for a space. An unclosed quote ends at the end of the
line.
"""

from __future__ import annotations

import re
from dataclasses import replace

from usenetsync_tui.model.lists.files import FileFilter, FileView

_TOKEN = re.compile(r'"(?P<quoted>[^"]*)(?:"|$)|(?P<bare>[^\s"]+)')
_SIZE = re.compile(r"(?P<sign>[<>]=?)(?P<number>\d{1,19}(?:\.\d{1,9})?)(?P<unit>[a-zA-Z]*)")
_GLOB = re.compile(r"[*?]")
_QUOTED = re.compile(r"[*?\s]")
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}
_UNIT = re.compile(r"(?P<power>[kmgtp]?)(?P<binary>i?)b?", re.IGNORECASE)
_MOST = (1 << 63) - 1
_VIEWS = ", ".join(view.value for view in FileView)


def parse_filter(text: str) -> FileFilter:
    """Parse a filter. Raises ValueError with a sentence for the user."""
    words: list[bytes] = []
    globs: list[bytes] = []
    found = FileFilter()
    for token in _TOKEN.finditer(text):
        bare = token["bare"]
        if bare is None:
            words += [_encoded(token["quoted"])] if token["quoted"] else []
        elif bare.lower().startswith("is:"):
            found = replace(found, view=_view(bare[3:]))
        elif bare[0] in "<>":
            found = _sized(found, bare)
        elif _GLOB.search(bare):
            globs.append(_encoded(bare))
        else:
            words.append(_encoded(bare))
    return replace(found, words=tuple(words), globs=tuple(globs))


def words_of(wanted: FileFilter) -> str:
    """The text that `parse_filter` parses to this filter."""
    parts = [_quoted(word.decode("utf-8", "surrogateescape")) for word in wanted.words]
    parts += [glob.decode("utf-8", "surrogateescape") for glob in wanted.globs]
    if wanted.view is not None:
        parts.append(f"is:{wanted.view.value}")
    if wanted.min_size is not None:
        parts.append(f">={wanted.min_size}")
    if wanted.max_size is not None:
        parts.append(f"<={wanted.max_size}")
    return " ".join(parts)


def _encoded(word: str) -> bytes:
    return word.encode("utf-8", "surrogateescape")


def _quoted(word: str) -> str:
    special = word[0] in "<>" or word.lower().startswith("is:") or _QUOTED.search(word) is not None
    return f'"{word}"' if special else word


def _view(word: str) -> FileView:
    try:
        return FileView(word.lower())
    except ValueError:
        raise ValueError(f"Known states: {_VIEWS}.") from None


def _sized(found: FileFilter, word: str) -> FileFilter:
    match = _SIZE.fullmatch(word)
    unit = _UNIT.fullmatch(match["unit"]) if match else None
    if match is None or unit is None:
        raise ValueError("A size is written like >10M, <=1.5G or <4Ki.")
    base = 1024 if unit["binary"] else 1000
    number = min(_MOST - 1, _scaled(match["number"], base ** _POWERS[unit["power"].lower()]))
    if match["sign"][0] == ">":
        return replace(found, min_size=number + (match["sign"] == ">"))
    if match["sign"] == "<" and not number:
        raise ValueError("No file is smaller than 0 bytes.")
    return replace(found, max_size=number - (match["sign"] == "<"))


def _scaled(number: str, factor: int) -> int:
    """The product as an integer: a float loses digits of large sizes."""
    whole, _, part = number.partition(".")
    return int(whole) * factor + (int(part) * factor // 10 ** len(part) if part else 0)
