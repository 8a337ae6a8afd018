"""The versions in which one path changed, from its rows of `files`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from usenetsync_tui.catalogue.lookups.differences import change_of, kinds_of, with_kinds
from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.catalogue.tables.source import exclusions
from usenetsync_tui.catalogue.tables.source.exclusions import Gone
from usenetsync_tui.model.entries import FileKind, unfitted_time
from usenetsync_tui.model.filters import Rule
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.versions.history import PastState
from usenetsync_tui.postgres.arrays import bytea_array

_SQL = load(__package__, "past.sql")


async def of_path(tx: Transaction, folder: int, path: bytes) -> list[PastState]:
    """The finished versions in which a path changed, newest first; none if no version has it.

    `path`: with a slash at its end or without, whatever it was; ``b""``: the folder itself.
    """
    newest = await snapshots.latest_finished(tx, folder)
    if newest is None:
        return []
    name = path.rstrip(b"/")
    keys = [path_key(name), path_key(name + b"/")] if name else [b""]
    sql = with_kinds(_SQL["of_path"].replace("{kinds_or_null}", _SQL["kinds_or_null"].rstrip(";")))
    values = {"folder": folder, "keys": bytea_array(keys), "newest": newest.version}
    rows = await tx.fetch(sql, values)
    removed = {(path, gone) for *_, path, _, _, _, _, _, gone in rows if gone is not None}
    rules = await exclusions.rules_of(tx, folder, (0, newest.version), removed)
    found: list[PastState] = []
    last = newest.version
    for row in rows:
        state = _state(row, last, rules)
        if state is not None:
            found.append(state)
            last = row[1]
    return found


def _state(row: Sequence[Any], last: int, rules: Mapping[Gone, Rule]) -> PastState | None:
    """A row as a state that lasts until the version `last`; None: only its ctime is another."""
    version, _, finished_at, old_kind, kinds, path, kind, size, mtime_ns, mode, reason, gone = row
    if kinds is not None and not kinds:
        return None
    rule = rules.get((path, gone))
    return PastState(
        version=version,
        finished_at=finished_at,
        change=change_of(old_kind, kinds, rule is not None),
        kinds=kinds_of(kinds),
        path=path,
        kind=None if kind is None else FileKind(kind),
        size=size,
        mtime_ns=None if mtime_ns is None else unfitted_time(mtime_ns),
        mode=mode,
        last_version=None if kind is None else last,
        reason=reason,
        rule=rule,
    )
