"""User actions on many files at once: selected by a predicate, in one transaction per batch.

The predicate is the one of the list on the screen (`matching`). Knows how each action changes
rows and articles; refuses to know the run that works on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.index import changes
from usenetsync_tui.catalogue.tables.left_out import HELD
from usenetsync_tui.catalogue.tables.matching import all_of, matching
from usenetsync_tui.model.entries import FileKind, FileState
from usenetsync_tui.model.lists.files import FileAction, FileSelection
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.value_object import value_object

_SQL = load(__package__, "bulk.sql")

REASONS = {FileAction.HOLD: HELD, FileAction.LEAVE_OUT: "left out by you"}
"""The reason in a file's row why it is not in the version, by action."""

Range = tuple[bytes, bytes | None]
"""First and last key, inclusive; None: to the end."""


@value_object
class ActionBatch:
    """The result of one call of `act`."""

    last: bytes | None
    """The key after which the next call continues; None: nothing is left."""
    seen: int
    """Files selected; the sum over all batches is about the result of `count`."""
    changed: tuple[tuple[bytes, int], ...]
    """Path and size of each regular file to be read, left out or posted again from now on."""


class _Meant(NamedTuple):
    """A file to which the action applies; field order is that of the query."""

    key: bytes
    path: bytes
    size: int
    kind: int
    state: int
    object_id: int | None


async def count(tx: Transaction, selection: FileSelection, action: FileAction) -> int:
    """The number of files of a selection to which an action applies."""
    said = await _said(tx, "count", selection, action)
    return sum([(await tx.one(*said.of(part)))[0] for part in _ranges(selection, None)])


async def act(
    tx: Transaction, selection: FileSelection, action: FileAction, after: bytes | None, limit: int
) -> ActionBatch:
    """Apply an action to the next `limit` files of a selection, after a key.

    Files are held, left out and retried only in a version under construction; articles that were
    given up are planned again in any version.
    """
    said = await _said(tx, "page", selection, action)
    files: list[_Meant] = []
    last: bytes | None = None
    for number, part in enumerate(ranges := _ranges(selection, after), 1):
        rows = await tx.fetch(*said.of(part, limit=limit - len(files)))
        files += map(_Meant._make, rows)
        if len(files) == limit:
            last = files[-1].key
            break
        if number >= limit and number < len(ranges):
            last = part[1]  # many ranges with few files: this keeps the transaction short
            break
    changed = await _change(tx, selection, action, files)
    return ActionBatch(last, len(files), changed)


async def _change(
    tx: Transaction, selection: FileSelection, action: FileAction, files: Sequence[_Meant]
) -> tuple[tuple[bytes, int], ...]:
    values: dict[str, object] = {"folder": selection.folder_id, "version": selection.version}
    if action is FileAction.RETRY:
        failed = [f.key for f in files if f.state == FileState.FAILED]
        keys = column(await tx.fetch(_SQL["revive"], {**values, "keys": failed})) if failed else []
        keys += await _plan_again(tx, [f for f in files if f.state != FileState.FAILED])
    else:
        values |= {"keys": [f.key for f in files], "reason": REASONS[action]}
        await changes.announce(tx)
        keys = column(await tx.fetch(_SQL["fail"], values))
    done = set(keys)
    return tuple((f.path, f.size) for f in files if f.key in done and f.kind == FileKind.REGULAR)


async def _plan_again(tx: Transaction, files: Sequence[_Meant]) -> list[bytes]:
    """Plan articles again; returns their files' keys. One statement per object: one shard."""
    planned = set()
    for made in sorted({f.object_id for f in files if f.object_id is not None}):
        if await tx.fetch(_SQL["plan_again"], {"object": made}):
            planned.add(made)
    return [f.key for f in files if f.object_id in planned]


@value_object
class _Said:
    """A statement about the selected files, without its range of keys."""

    sql: LiteralString
    values: dict[str, object]

    def of(
        self, part: Range, *, limit: int | None = None
    ) -> tuple[LiteralString, dict[str, object]]:
        """The statement and its values, for a range of keys."""
        return self.sql, {**self.values, "first": part[0], "last": part[1], "limit": limit}


async def _said(tx: Transaction, name: str, selection: FileSelection, action: FileAction) -> _Said:
    wanted = matching(selection.folder_id, selection.version, selection.filter)
    able = _fragment("retriable" if action is FileAction.RETRY else "pending")
    sql = _SQL[name].replace("{matching}", all_of(wanted.sql, able, _fragment("within")))
    building = (await tx.one(_SQL["is_building"], wanted.values))[0]
    without = [path_key(path) for path in selection.without]
    return _Said(sql, {**wanted.values, "building": building, "without": without})


def _fragment(name: str) -> LiteralString:
    return _SQL[name].rstrip(";")


def _ranges(selection: FileSelection, after: bytes | None) -> list[Range]:
    """The selected ranges of keys, after a key; in order, without overlap."""
    begin = b"" if after is None else after + b"\0"
    if selection.ranges is None:
        return [(begin, None)]
    merged: list[tuple[bytes, bytes]] = []
    for first, last in sorted((path_key(a), path_key(b)) for a, b in selection.ranges):
        if merged and first <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        elif first <= last:
            merged.append((first, last))
    return [(max(first, begin), last) for first, last in merged if last >= begin]
