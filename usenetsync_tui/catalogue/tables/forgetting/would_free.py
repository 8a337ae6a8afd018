"""What forgetting versions would free: the preview. Changes nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import LiteralString

from usenetsync_tui.catalogue.session import Transaction, load
from usenetsync_tui.catalogue.tables import folders, snapshots
from usenetsync_tui.catalogue.tables.forgetting.versions import forgotten, newest_stays
from usenetsync_tui.catalogue.tables.keeping import marks
from usenetsync_tui.errors import UnknownFolderError, UnknownSnapshotError
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.versions.forgetting import ForgetPreview, VersionSpace

_SQL = load(__package__, "would_free.sql")
_DYING = _SQL["dying"].rstrip(";")


async def would_free(tx: Transaction, folder: int, versions: Sequence[int]) -> ForgetPreview:
    """What forgetting some versions of a folder would free; those forgotten already do not count.

    One pass over the folder's rows of files, whatever the number of versions; and one look-up for
    each article that would go. `UnknownFolderError`, `UnknownSnapshotError`, `UsageError` for the
    newest finished version, and for a protected one.
    """
    named = await folders.by_id(tx, folder)
    if named is None:
        raise UnknownFolderError(f"It has the number {folder}.")
    finished = {s.version: s for s in await snapshots.finished(tx, folder)}
    wanted = sorted(set(versions) - set(await forgotten(tx, folder, versions)))
    for version in wanted:
        if version not in finished:
            raise UnknownSnapshotError(f"There is no version {version}.")
    marks.refuse(version for version in wanted if finished[version].protected)
    if wanted and wanted[-1] == max(finished):
        raise newest_stays(wanted[-1])
    values: dict[str, object] = {"folder": folder, "versions": wanted}
    gaps = await tx.fetch(_SQL["gaps"], values)
    values |= {"after": [gap[0] for gap in gaps], "before": [gap[1] for gap in gaps]}
    own, together = Counter[int](), Counter[str]()
    for version, store, size in await tx.fetch(_of_dying("forgotten"), values):
        together[store] += size
        if version is not None:
            own[version] += size
    files, packed, repacked = await tx.one(_of_dying("rows"), values)
    return ForgetPreview(
        folder=named.name,
        versions=tuple([VersionSpace(v, finished[v].started_at, own[v]) for v in wanted]),
        freed_bytes=sum(size for store, size in together.items() if store != StoreKind.USENET),
        unread_bytes=together[StoreKind.USENET],
        repacked_bytes=repacked,
        packed_bytes=packed,
        files=files,
    )


def _of_dying(name: str) -> LiteralString:
    return _SQL[name].replace("{dying}", _DYING)
