"""A store that cannot be reached with the settings of today: each article says why."""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.ports import Opener, Presence
from usenetsync_tui.model.segments import Article, Receipt


class OutOfReach:
    """Stands for a realm whose server or key is not there.

    What lies elsewhere can be restored all the same.
    """

    lanes: int | None = None

    def __init__(self, why: str) -> None:
        self._why = why

    async def post(self, article: Article) -> Receipt:
        """`StoreError`."""
        raise StoreError(self._why)

    async def present(self, message_ids: Collection[bytes]) -> Presence:
        """Nothing is known of any."""
        return Presence(unknown=dict.fromkeys(message_ids, self._why))

    async def fetch(self, message_id: bytes, *, wait: bool = True, opened: Opener = bytes) -> bytes:
        """`StoreError`."""
        raise StoreError(self._why)
