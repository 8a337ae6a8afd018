"""Filters: what a folder's versions leave out, and why a path was left out."""

from __future__ import annotations

import re
from dataclasses import fields, replace

from usenetsync_tui.model.text.figures import size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object

IGNORE_NAME = b".usenetsyncignore"
"""The name of the files in a tree that hold patterns for what is below them."""

_SIZE = re.compile(r"(\d{1,18}(?:\.\d{1,9})?)\s*([kmgtp]?)(i?)b?", re.ASCII | re.IGNORECASE)
_LARGEST = 1 << 62


@value_object
class Filters:
    """What the versions of a folder leave out. Paths, patterns and names are bytes."""

    exclude: tuple[bytes, ...] = ()
    """Patterns in gitignore's syntax; the last one that matches decides."""
    exclude_files: tuple[bytes, ...] = ()
    """Files with such patterns, absolute; each upload reads them again."""
    exclude_if_present: tuple[bytes, ...] = ()
    """Names: a directory that has one of them is left out, but for the directory and that name."""
    exclude_caches: bool = False
    """The same for a directory with a ``CACHEDIR.TAG`` (https://bford.info/cachedir/)."""
    exclude_larger_than: int = 0
    """Files with more bytes are left out; 0: none."""
    one_file_system: bool = False
    """What is below a mount point in the folder is left out."""


@value_object
class FilterChoices:
    """The choices for a folder's filters; None keeps what is stored, after `clear`."""

    exclude: tuple[bytes, ...] | None = None
    exclude_files: tuple[bytes, ...] | None = None
    exclude_if_present: tuple[bytes, ...] | None = None
    exclude_caches: bool | None = None
    exclude_larger_than: int | None = None
    one_file_system: bool | None = None
    clear: bool = False
    """Forget everything that is stored first."""

    def applied_to(self, filters: Filters) -> Filters:
        """The filters of a folder with these choices."""
        if self.clear:
            filters = Filters()
        chosen = {each.name: getattr(self, each.name) for each in fields(Filters)}
        return replace(filters, **{k: v for k, v in chosen.items() if v is not None})

    @classmethod
    def of(cls, filters: Filters) -> FilterChoices:
        """The choices that make a folder have exactly these filters."""
        return cls(**{each.name: getattr(filters, each.name) for each in fields(Filters)})


@value_object
class Rule:
    """What leaves a path out, and where that stands. Both are safe to show."""

    text: str
    """A pattern as it was written, or an option."""
    place: str
    """``--exclude``, ``src/.usenetsyncignore:3``, ``config.toml``…"""

    def __str__(self) -> str:
        return f"{self.text} ({self.place})" if self.place != self.text else self.text


@value_object
class Excluded:
    """A path that is left out, and all below it. A directory's path ends in ``/``.

    If the path is one that the walk has entered, only what is below it is left out.
    """

    path: bytes
    rule: Rule


def size_typed(text: str) -> int:
    """A size in bytes as the user types it: ``500M``, ``2 GB`` (decimal units), ``1.5 GiB``.

    ValueError with a sentence.
    """
    found = _SIZE.fullmatch(text.strip())
    if found is None or (found[3] and not found[2]):
        raise ValueError("Type a size such as 500M, 2 GB or 1.5 GiB.")
    unit = 1024 if found[3] else 1000
    count = int(float(found[1]) * unit ** " kmgtp".index(found[2].lower() or " "))
    if count > _LARGEST:
        raise ValueError("This size is too large.")
    return count


def in_words(filters: Filters) -> list[str]:
    """Each filter in a few words, safe to show."""
    words = [safe_name(pattern) for pattern in filters.exclude]
    words += [f"patterns in {safe_name(path)}" for path in filters.exclude_files]
    words += [f"directories with {safe_name(name)}" for name in filters.exclude_if_present]
    if filters.exclude_caches:
        words.append("caches")
    if filters.exclude_larger_than:
        words.append(f"files larger than {size(filters.exclude_larger_than)}")
    if filters.one_file_system:
        words.append("other file systems")
    return words


def name_problem(name: bytes) -> str:
    """What is wrong with a name of `exclude_if_present`; empty: nothing."""
    if not name or name in (b".", b"..") or b"/" in name or b"\0" in name:
        return f'"{safe_name(name)}" is not the name of a file: it must have no slash.'
    return ""
