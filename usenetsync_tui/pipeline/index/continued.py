"""continued: whether another machine has continued a folder, as its roots in the store tell.

Two machines that back up one folder with one secret compute the same names of roots. A root that is
there and that this catalogue did not plan is another machine's: it is never overwritten.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from functools import partial

from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.codec.index.keys import ATTEMPTS, IndexKeys
from usenetsync_tui.codec.index.root import read_root
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.errors import (
    ArticleCorruptError,
    ArticleMissingError,
    FolderContinuedError,
    IndexUnreadableError,
)
from usenetsync_tui.model.index.roots import IndexRoot
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.text.figures import when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.run.job_run import JobRun

ROOT_COPIES = 2
"""Copies of a root to ask for: every root has at least these."""
_AHEAD = 4
"""Versions to ask for from the next one on: the roots of some may be lost."""


async def refuse_continued(run: JobRun, open_realm: OpenRealm) -> None:
    """`FolderContinuedError` if the store has a root of a version that is not posted here yet.

    An article without a clear answer is no such root: the upload reports a store that is away.
    """
    folder, realm = run.folder.id, open_realm.realm.id
    async with run.catalogue.transaction() as tx:
        newest = await snapshots.latest_finished(tx, folder)
        versions = await posted.to_index(tx, folder, realm)
        ours = await posted.attempts(tx, folder, realm)
    following = newest.version + 1 if newest else 1
    versions = [version for version in versions if version not in ours]
    await refuse_another(open_realm, [*versions, *range(following, following + _AHEAD)])


async def refuse_another(
    open_realm: OpenRealm, versions: Iterable[int], first_attempt: int = 0, *, ours: bytes = b""
) -> Collection[bytes]:
    """`FolderContinuedError` if the store has a root of these versions, from an attempt on.

    `ours`: the bytes of a root that this catalogue planned, some of whose names are of no use.
    Returns the names of such roots that no article of the store has, as it clearly says.
    """
    assert open_realm.secret is not None
    keys = IndexKeys(open_realm.secret)
    names = {
        keys.root_name(version, attempt, copy): version
        for version in versions
        for attempt in range(first_attempt, ATTEMPTS)
        for copy in range(ROOT_COPIES)
    }
    found = await open_realm.store.present(names)
    for name in sorted(found.there, key=lambda name: (names[name], name), reverse=True):
        opened = partial(_opened, keys.sealing)
        try:
            data = await open_realm.store.fetch(name, opened=opened)
            root = read_root(data, names[name])
        except (ArticleMissingError, ArticleCorruptError, IndexUnreadableError):
            continue  # no reader takes it for a root: it does not continue the folder
        if data != ours:
            raise FolderContinuedError(_words(root))
    return names.keys() - found.there - found.unknown.keys()


def _words(root: IndexRoot) -> str:
    current = root.current
    finished = when(datetime.fromtimestamp(current.finished_us / 1_000_000, UTC))
    return (
        f"Another machine has continued {safe_name(root.name)}: its version {current.version} of "
        f"{finished} is in the store. Nothing of it was replaced. To continue from that version, "
        "adopt the folder with its recovery string: usenetsync adopt STRING"
    )


def _opened(key: bytes, payload: bytes) -> bytes:
    return open_sealed(key, payload)[1]
