"""The columns of rows, in the one order that statements and the readers of their rows share.

A statement says ``{segment_row.columns}`` and its reader asks for a column by name; add a column
here, and both have it. Each mapping goes from a field's name to its SQL; ``{t}`` stands for the
table's name and a dot.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.jobs import Job
from usenetsync_tui.model.sweeps import Sweep
from usenetsync_tui.model.versions.keep_rules import KeepRules

Columns = Mapping[str, str]


def _named(names: Iterable[str], instead: Mapping[str, str]) -> Columns:
    return {name: instead.get(name, "{t}" + name) for name in names}


_PATH = "coalesce({t}long_path, {t}path_key)"

ENTRY = _named(Entry._fields, {"path": _PATH, "size": "coalesce({t}stat_size, {t}size)"})
"""A row of `files` in the form of the walk's entries."""

_XATTRS = """CASE WHEN {t}xattrs IS NOT NULL
            THEN (SELECT x.value FROM xattrs x WHERE x.digest = {t}xattrs) END"""
"""Looked up only for the few rows that have some."""

CURRENT: Columns = {
    **ENTRY,
    "state": "{t}state",
    "key": "{t}path_key",
    "racy": "{t}racy",
    "xattrs": "{t}xattrs",
}
"""One side of the merge join: an `Entry`, and the state of its file."""

VERSION: Columns = {
    "path": "coalesce(f.long_path, f.path_key)",
    **_named(["kind", "size", "mtime_ns", "mode", "link", "state"], {}),
    **_named(["object_id", "object_offset", "digest", "digest_kind", "reason"], {}),
    "key": "{t}path_key",
    "segments": "o.segments",
    "posted": "o.posted",
    "copies": "o.copies",
    "complete": "o.complete",
    "object_kind": "o.kind",
    "segment_size": "o.segment_size",
    **_named(["uid", "gid"], {}),
    **{"xattrs": _XATTRS, "link_set": "{t}link_set", "extents": "{t}extents"},
    "file_size": "CASE WHEN {t}extents IS NULL THEN {t}size ELSE {t}stat_size END",
}
"""A file ``f`` of one version with its object ``o``: `version_files.VersionRow`."""

INDEX_ROW: Columns = {
    "path": _PATH,
    **_named(["kind", "mode", "uid", "gid", "size", "stat_size"], {}),
    **_named(["mtime_ns", "ctime_ns", "inode", "link", "state", "object_id"], {}),
    **_named(["object_offset", "digest", "digest_kind", "reason", "racy"], {}),
    **{"link_set": "{t}link_set", "xattrs": _XATTRS, "extents": "{t}extents"},
}
"""A row of `files` as an index keeps it: `index_rows.IndexColumns` without the last field."""

SEGMENT: Columns = _named(
    [
        *("object_id", "index", "redundancy", "size", "hash", "codec", "payload_size"),
        *("message_id", "status", "tries", "error", "realm_id", "reposts", "by_body"),
    ],
    {"index": "{t}segment_index"},
)
"""One copy of a slice: `model.segments.Segment`, except the fields that are never read back."""

JOB: Columns = _named(Job.__dataclass_fields__, {"paths": "{t}prefix"})
"""A row of the queue: `model.jobs.Job`."""

SWEEP: Columns = _named(Sweep.__dataclass_fields__, {"index": "{t}segment_index"})
"""A sweep of verify: `model.sweeps.Sweep`."""

SNAPSHOT: Columns = _named(Snapshot.__dataclass_fields__, {})
"""A version of a folder: `model.folders.Snapshot`."""

FOLDER: Columns = {
    **{
        name: f"f.{name}"
        for name in (
            *("id", "path", "name", "priority", "compression", "copies", "own_files"),
            *("ignore_inode", "unstable_inodes", "adopted_version"),
        )
    },
    "string_seen": "f.string_seen_at IS NOT NULL",
}
"""A folder ``f``: `model.folders.Folder`, except its realm, filters and keep rules."""

FILTERS: Columns = {name: f"f.{name}" for name in Filters.__dataclass_fields__}
"""The filters of a folder ``f``: `model.filters.Filters`."""

KEEP: Columns = {
    "is_own": "f.keep_own",
    **{name: f"f.keep_{name}" for name in KeepRules.__dataclass_fields__},
}
"""The keep rules of a folder ``f``: `model.versions.keep_rules.KeepPolicy`."""

REALM: Columns = {
    "id": "r.id",
    "store": "r.store",
    "profile": "r.profile",
    "domain": "r.domain",
    "newsgroups": "coalesce(h.newsgroups, r.newsgroups)",
    "sender": "coalesce(h.sender, r.sender)",
    "wrapped_key": "r.wrapped_key",
    "header_style": "r.dress",
    "veil": "h.veil",
    "headers": "h.id",
    "digest": "r.digest",
    "is_index": "r.is_index",
}
"""A realm ``r``, and the headers ``h`` of a folder's articles there: `model.folders.Realm`."""

STAGED: Mapping[str, str] = {
    "path_key": "bytea",
    "kind": "int2",
    "state": "int2",
    "size": "int8",
    "mtime_ns": "int8",
    "ctime_ns": "int8",
    "inode": "int8",
    "mode": "int4",
    "link": "bytea",
    "uid": "int8",
    "gid": "int8",
    "long_path": "bytea",
}
"""The rows that a walk sends by COPY: the columns of `staged_files`, with their types."""


def position(columns: Mapping[str, str], name: str) -> int:
    """The index of a column in a row, from 0."""
    return list(columns).index(name)


def listed(columns: Columns, table: str = "") -> str:
    """The columns as SQL; `table`: the name before each column of the row's own table."""
    prefix = f"{table}." if table else ""
    return ", ".join(sql.replace("{t}", prefix) for sql in columns.values())


def _labelled(columns: Columns) -> str:
    return ", ".join(
        sql.replace("{t}", "") + ("" if sql == "{t}" + name else f" AS {name}")
        for name, sql in columns.items()
    )


LISTS: Mapping[str, str] = {
    "entry.columns": listed(ENTRY),
    "entry.columns_of_f": listed(ENTRY, "f"),
    "entry.labelled": _labelled(ENTRY),
    "entry.names": ", ".join(ENTRY),
    "current_row.columns": listed(CURRENT),
    "version_row.columns": listed(VERSION, "f"),
    "index_row.columns": listed(INDEX_ROW, "f"),
    "segment_row.columns": listed(SEGMENT),
    "snapshot_row.columns": listed(SNAPSHOT),
    "snapshot_row.columns_of_s": listed(SNAPSHOT, "s"),
    "folder_row.columns": listed({**FOLDER, **FILTERS, **KEEP}),
    "realm_row.columns": listed(REALM),
    "job_row.columns": listed(JOB),
    "job_row.columns_of_j": listed(JOB, "j"),
    "sweep_row.columns": listed(SWEEP, "sweeps"),
    "staged.columns": ", ".join(STAGED),
    "staged.definition": ", ".join(f"{name} {kind}" for name, kind in STAGED.items()),
}
"""The column lists that the loader puts into `.sql` files, by name."""
