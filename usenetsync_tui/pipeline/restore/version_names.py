"""version_names: finds the path of the version that an entry in the target belongs to.

Used only when two names lead to one entry. An entry with the exact name of a path belongs to that
path. If the target has merged folders (`Docs` and `docs`), the entry belongs to the first path that
could be meant: the same one in every run, so that the two files never replace each other in turn.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import anyio
import xxhash

from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.disk.restored.names import DigestSet, folded
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.pipeline.run.job_run import JobRun


class VersionNames:
    """The names of the version that a run restores."""

    def __init__(self, run: JobRun) -> None:
        self._run = run
        self._building = anyio.Lock()
        self._alike: dict[int, list[bytes]] | None = None
        """Folders that some file systems merge, by the digest of their folded paths."""

    async def owner(self, real: bytes) -> bytes | None:
        """The path of the version that an entry belongs to; None if it belongs to none.

        `real` is the entry's path as spelled in the target, with a final slash for a directory.
        """
        own = await self._named(real)
        if own is not None:
            return own
        cut = real.rstrip(b"/").rfind(b"/") + 1
        for folder in await self._folders_like(real[:cut]):
            other = await self._named(folder + real[cut:])
            if other is not None:
                return other
        return None

    async def _named(self, path: bytes) -> bytes | None:
        """The path of the version with this name, be it a file or a directory."""
        name = path.rstrip(b"/")
        async with self._run.catalogue.transaction() as tx:
            for key in (path_key(name), path_key(name + b"/")):
                span = Span(self._run.folder.id, self._run.version, key, key + b"\0")
                rows = await version_files.version_page(tx, span, 1)
                if rows:
                    return rows[0].path
        return None

    async def _folders_like(self, place: bytes) -> list[bytes]:
        """The version's folders that `place` may stand for, in order; empty without a merge."""
        async with self._building:
            if self._alike is None:
                self._alike = await self._find_alike()
        return self._alike.get(_digest(place), [])

    async def _find_alike(self) -> dict[int, list[bytes]]:
        """Two passes: first the digests of all folders, eight bytes each, then the duplicates."""
        once, alike = DigestSet(), dict[int, list[bytes]]()
        async for path in self._folders():
            if _digest(path) in once:
                alike[_digest(path)] = []
            once.add(_digest(path))
        if alike:
            async for path in self._folders():
                if _digest(path) in alike:
                    alike[_digest(path)].insert(0, path)  # they come in reverse order
        return alike

    async def _folders(self) -> AsyncIterator[bytes]:
        span = Span(self._run.folder.id, self._run.version)
        while True:
            async with self._run.catalogue.transaction() as tx:
                page = await version_files.version_directories(
                    tx, span, self._run.limits.batch_size
                )
            for row in page:
                yield row.path
            if not page:
                return
            span = replace(span, until=page[-1].key)


def _digest(path: bytes) -> int:
    return xxhash.xxh3_64_intdigest(b"/".join(map(folded, path.split(b"/"))))
