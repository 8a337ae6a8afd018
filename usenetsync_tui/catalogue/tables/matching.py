"""The rows of `files` that match a filter: one predicate for lists, counts and bulk actions.

Knows the SQL of each part of a `FileFilter`, for a row called ``f``, and the view that a row's
state belongs to; refuses to know what is done with the rows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import LiteralString

from usenetsync_tui.catalogue.session import load
from usenetsync_tui.catalogue.tables.globs import is_folded, regex_of
from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.model.entries import MOST, FileState
from usenetsync_tui.model.files import FileFilter, FileView

_SQL = load(__package__, "matching.sql")
_SPECIAL = re.compile(r"([\\%_])")
_NO_BYTE = "\u0100"


@dataclass(frozen=True, slots=True)
class Predicate:
    """A condition on a row ``f`` of `files`, and the values it names."""

    sql: LiteralString
    values: dict[str, object]


def matching(folder: int, version: int, wanted: FileFilter) -> Predicate:
    """The rows of a version that match; all of them for an empty filter."""
    terms = [fragment("at_version")]
    values: dict[str, object] = {"folder": folder, "version": version}
    if wanted.words:
        terms.append(fragment("words"))
        values["words"] = [_pattern(word) for word in wanted.words]
    folded = [regex_of(glob) for glob in wanted.globs if is_folded(glob)]
    exact = [regex_of(glob) for glob in wanted.globs if not is_folded(glob)]
    for name, globs in (("folded_globs", folded), ("exact_globs", exact)):
        if globs:
            terms.append(_SQL[name].rstrip(";"))
            values[name] = globs
    if wanted.min_size is not None or wanted.max_size is not None:
        terms.append(fragment("sized"))
        values["min_size"] = min(wanted.min_size or 0, MOST)
        values["max_size"] = MOST if wanted.max_size is None else min(wanted.max_size, MOST)
    if wanted.view is not None:
        terms += _in_view(wanted.view)
    return Predicate(all_of(*terms), values)


def fragment(name: str) -> LiteralString:
    """A condition of ``matching.sql``."""
    return _SQL[name].rstrip(";")


def all_of(*terms: LiteralString) -> LiteralString:
    """Conditions joined, each in brackets of its own."""
    return " AND ".join([f"({term})" for term in terms])


def view_of(row: VersionRow) -> FileView:
    """The view that a row belongs to, by the same rules as `matching`."""
    if row.state == FileState.FAILED:
        return FileView.FAILED
    if row.complete is False and (row.state == FileState.PLANNED or row.posted):
        return FileView.POSTING
    return FileView.DONE if row.state == FileState.PLANNED else FileView.QUEUED


def _in_view(view: FileView) -> list[LiteralString]:
    match view:
        case FileView.FAILED:
            return [fragment("failed")]
        case FileView.POSTING:
            return [fragment("waits")]
        case FileView.DONE:
            return [fragment("laid_out"), f"NOT {fragment('waits')}"]
        case FileView.QUEUED:
            return [fragment("pending"), f"NOT {fragment('waits')}"]


def _pattern(word: bytes) -> str:
    """A LIKE pattern, folded like the paths. No path has a NUL: it becomes a non-byte."""
    folded = word.lower().decode("latin-1").replace("\0", _NO_BYTE)
    return "%" + _SPECIAL.sub(r"\\\1", folded) + "%"
