"""The `aliases` table: names of articles besides their own Message-IDs.

A server may accept a post under another Message-ID than ours (an adopted name: the article is
found there). An article whose name turns out to be unusable, known to the server but never
readable, is posted under a new one; the old name stays, since it may become readable later.
"""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Catalogue, Transaction, column, load
from usenetsync_tui.catalogue.tables.index import changes

_SQL = load(__package__, "aliases.sql")


class CatalogueAliases:
    """The usenet store's `Aliases`, in the catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def of(self, message_id: bytes) -> list[str]:
        """Wire ids (without ``<>``) that the article may have, adopted ones first."""
        async with self._catalogue.transaction() as tx:
            return column(await tx.fetch(_SQL["of"], {"message_id": message_id}))

    async def adopted(self, message_ids: Collection[bytes]) -> dict[bytes, str]:
        """The names that servers gave these articles, by Message-ID; others are left out."""
        async with self._catalogue.transaction() as tx:
            return dict(await tx.fetch(_SQL["adopted"], {"message_ids": list(message_ids)}))

    async def adopt(self, message_id: bytes, wire_id: str) -> None:
        """Record the server's name of an article. Durable when this returns."""
        async with self._catalogue.transaction(durable=True) as tx:
            await changes.announce(tx)
            await _add(tx, message_id, wire_id, adopted=True)


async def pass_on(tx: Transaction, old: bytes, new: bytes, wire_id: str) -> None:
    """Rename the article `old`, with the wire id `wire_id`, to `new`; keep its further names."""
    await changes.announce(tx)
    await tx.run(_SQL["pass_on"], {"old": old, "new": new})
    await _add(tx, new, wire_id, adopted=False)


async def _add(tx: Transaction, message_id: bytes, wire_id: str, *, adopted: bool) -> None:
    values = {"message_id": message_id, "wire_id": wire_id, "adopted": adopted}
    await tx.run(_SQL["add"], values)
