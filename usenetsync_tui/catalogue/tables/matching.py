"""The rows of `files` that match a filter: one predicate for lists, counts and bulk actions.

Knows the SQL of each part of a `FileFilter`, for a row called ``f``, and the view that a row's
state belongs to; refuses to know what is done with the rows.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import LiteralString

from usenetsync_tui.catalogue.session import load
from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.model.entries import MOST, FileState
from usenetsync_tui.model.lists.files import FileFilter, FileView
from usenetsync_tui.postgres.globs import is_folded, letters_of, regex_of

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
    named = matching_names(wanted)
    terms = [fragment("at_version"), named.sql]
    if wanted.view is not None:
        terms += _in_view(wanted.view)
    return Predicate(all_of(*terms), {**named.values, "folder": folder, "version": version})


def matching_names(wanted: FileFilter) -> Predicate:
    """The rows of any version whose path and size match; the state does not count."""
    terms: list[LiteralString] = []
    values: dict[str, object] = {}
    if wanted.words:
        terms.append(fragment("words"))
        values["words"] = [_pattern(word.lower()) for word in wanted.words]
    terms_of_globs, values_of_globs = globbed(wanted.globs)
    terms += terms_of_globs
    values |= values_of_globs
    if wanted.min_size is not None or wanted.max_size is not None:
        terms.append(fragment("sized"))
        values["min_size"] = min(wanted.min_size or 0, MOST)
        values["max_size"] = MOST if wanted.max_size is None else min(wanted.max_size, MOST)
    return Predicate(all_of(*terms) if terms else "true", values)


def globbed(globs: Sequence[bytes]) -> tuple[list[LiteralString], dict[str, object]]:
    """The conditions that all globs match, and their values."""
    terms: list[LiteralString] = []
    values: dict[str, object] = {}
    for name, folded in (("folded", True), ("exact", False)):
        alike = [glob for glob in globs if is_folded(glob) is folded]
        if alike:
            terms.append(fragment(f"{name}_globs"))
            values[f"{name}_globs"] = [regex_of(glob) for glob in alike]
            values[f"{name}_letters"] = [_letters(glob) for glob in alike]
    return terms, values


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


def _letters(glob: bytes) -> str:
    """A LIKE pattern that every path has that the glob matches."""
    return "".join(["%", *(_pattern(run)[1:] for run in letters_of(glob))])


def _pattern(word: bytes) -> str:
    """A LIKE pattern. No path has a NUL: it becomes a non-byte."""
    return "%" + _SPECIAL.sub(r"\\\1", word.decode("latin-1").replace("\0", _NO_BYTE)) + "%"
