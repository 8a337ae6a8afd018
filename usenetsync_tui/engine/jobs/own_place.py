"""The folder's own place, as the target of a restore: only if it is the folder that was backed up.

A disk that is not mounted leaves an empty folder behind, or none: a restore would fill the wrong
disk. The rules are those of an upload (`pipeline.run.judge`).
"""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.sources import Refusal, RefusalKind
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.pipeline.run.judge import examine_source, known

_WORDS = {
    RefusalKind.GONE: "is not there",
    RefusalKind.EMPTY: "is empty",
    RefusalKind.ANOTHER_FILE_SYSTEM: "is on another file system than before",
}


@value_object
class _Examined:
    catalogue: Catalogue
    folder: Folder
    allow_shrink: bool = False


async def own_place(catalogue: Catalogue, folder: Folder, *, recreate: bool) -> bytes:
    """The folder's path. `SourceError` if it is not the folder of the last version any more.

    `recreate`: the user knows, and wants it there.
    """
    if recreate:
        return folder.path
    async with catalogue.transaction() as tx:
        before = await snapshots.latest_finished(tx, folder.id)
    what = _Examined(catalogue, folder)
    found = await examine_source(what, await known(what, before, None))
    if isinstance(found, Refusal):
        words = _WORDS.get(found.kind, "is not the folder that was backed up")
        raise SourceError(
            f"{safe_name(folder.path)} {words}: a disk may not be mounted. Mount it, or add "
            "--recreate to restore there all the same.",
            whole=True,
        )
    return folder.path
