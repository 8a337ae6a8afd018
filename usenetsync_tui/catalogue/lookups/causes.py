"""Why files of a folder are incomplete, grouped: from its latest job's notices and the ledger.

For articles the ledger has the reasons, up to date and with the server. A restore records in it
only articles that it could not get at all, so a restore's notices about files count as well.
Article names in a server's reply are cut out (``…``), so that equal reasons have equal texts. A
cause from the ledger counts articles, one from a job counts files.
"""

from __future__ import annotations

from typing import LiteralString

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.model.entries import NoticeKind
from usenetsync_tui.model.ports.browser import Cause
from usenetsync_tui.model.segments import SegmentStatus

_SQL = load(__package__, "causes.sql")
_CUT = "…"
_KINDS = {SegmentStatus.FAILED: NoticeKind.UNPOSTED, SegmentStatus.MISSING: NoticeKind.MISSING}
_STATUSES = {kind: status for status, kind in _KINDS.items()}


async def of_folder(tx: Transaction, folder: int, limit: int) -> list[Cause]:
    """The causes, the most frequent first."""
    values: dict[str, object] = {"folder": folder, "limit": limit}
    rows = await tx.fetch(_about("given_up", "error"), values)
    found = [Cause(_KINDS[SegmentStatus(s)], words, server, n) for s, words, server, n in rows]
    latest = await tx.maybe(_SQL["latest"], values)
    if latest is not None:
        said = [cause.reason for cause in found]
        values |= {"job": latest[0], "alone": latest[1], "said": said}
        rows = await tx.fetch(_about("told", "error"), values)
        found += [Cause(NoticeKind(kind), words, "", n) for kind, words, n in rows]
    found.sort(key=lambda cause: -cause.count)
    return found[:limit]


async def affected_paths(
    tx: Transaction, folder: int, cause: Cause, after: bytes | None, limit: int
) -> list[bytes]:
    """The paths that a cause affects, after a path, in the order of their bytes."""
    values: dict[str, object] = {
        "folder": folder,
        "kind": int(cause.kind),
        "reason": cause.reason,
        "server": cause.server,
        "cut": _CUT in cause.reason,
        "after": after,
        "limit": limit,
    }
    paths: set[bytes] = set()
    latest = await tx.maybe(_SQL["latest"], values)
    if latest is not None and not cause.server:
        told = await tx.fetch(_about("told_of", "reason"), {**values, "job": latest[0]})
        paths.update(column(told))
    if (status := _STATUSES.get(cause.kind)) is not None:
        values["status"] = int(status)
        paths.update(column(await tx.fetch(_about("given_up_of", "s.error"), values)))
    return sorted(paths)[:limit]


def _about(name: str, words: LiteralString) -> LiteralString:
    """A statement that compares `words` (a column) with the article names cut out."""
    cut = _SQL["words"].rstrip(";").replace("{words}", words)
    return _SQL[name].replace("{words}", cut)
