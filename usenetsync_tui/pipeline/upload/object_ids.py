"""Unused object ids, allocated in blocks: one query for each block."""

from __future__ import annotations

import anyio

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import objects

_IDS_A_BLOCK = 100


class ObjectIds:
    """Hands out object ids to all readers of a run."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._ids: list[int] = []
        self._lock = anyio.Lock()

    async def next(self) -> int:
        """An id that no object has."""
        async with self._lock:
            if not self._ids:
                async with self._catalogue.transaction() as tx:
                    self._ids = (await objects.allocate(tx, _IDS_A_BLOCK))[::-1]
            return self._ids.pop()
