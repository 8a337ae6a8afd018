"""The `aliases` table: names of articles besides their own Message-IDs.

A server may answer a post with another Message-ID than ours (adopted: that is where the
article is). An article whose name turned out to be poisoned, known to the server but never
readable, is posted under a new one; the old name is kept, for it may be readable some day.
"""

from __future__ import annotations

from collections.abc import Collection

from usenetsync_tui.catalogue.session import Catalogue, Transaction, column, load

_SQL = load(__package__, "aliases.sql")


class CatalogueAliases:
    """What the usenet store asks, and tells, about further names."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    async def of(self, message_id: bytes) -> list[str]:
        """Wire ids (without ``<>``) under which the article may be found, adopted ones first."""
        async with self._catalogue.transaction() as tx:
            return column(await tx.fetch(_SQL["of"], {"message_id": message_id}))

    async def adopted(self, message_ids: Collection[bytes]) -> dict[bytes, str]:
        """What servers call these articles, by Message-ID, as far as it is another name."""
        async with self._catalogue.transaction() as tx:
            return dict(await tx.fetch(_SQL["adopted"], {"message_ids": list(message_ids)}))

    async def adopt(self, message_id: bytes, wire_id: str) -> None:
        """The server calls the article so. Durable when this returns."""
        async with self._catalogue.transaction(durable=True) as tx:
            await _add(tx, message_id, wire_id, adopted=True)


async def pass_on(tx: Transaction, old: bytes, new: bytes, wire_id: str) -> None:
    """The article `old`, known on the wire as `wire_id`, is called `new` from now on."""
    await tx.run(_SQL["pass_on"], {"old": old, "new": new})
    await _add(tx, new, wire_id, adopted=False)


async def _add(tx: Transaction, message_id: bytes, wire_id: str, *, adopted: bool) -> None:
    values = {"message_id": message_id, "wire_id": wire_id, "adopted": adopted}
    await tx.run(_SQL["add"], values)
