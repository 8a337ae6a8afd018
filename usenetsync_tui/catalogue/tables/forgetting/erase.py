"""Deletes what nothing needs any more, a batch in a transaction: rows of files, objects, articles.

The order makes each batch safe to be the last before a kill. First the rows of files go, each batch
with a note of the objects they had: candidates. When all are gone, candidates that a remaining row
has are none (`spare`); the objects of the others go, and only then their segments, each batch with
the articles that no other segment has. While an object has segments left, others may share their
articles: an article goes with the last row that has it.

No upload of the folder may run meanwhile, since it looks for objects by the rows of files; nor any
other that may decide to share an article between the look-up and its own row: the caller has the
ledger's lock (`model.competition`, `Catalogue.ledger_lock`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from usenetsync_tui.catalogue.session import Transaction, column, load
from usenetsync_tui.catalogue.tables.forgetting.versions import Gap
from usenetsync_tui.postgres.arrays import bytea_array, int4_array, int8_array

_SQL = load(__package__, "erase.sql")


class Erased(NamedTuple):
    """What a batch of segments has freed."""

    rows: int = 0
    """Rows of segments deleted; 0: none is left."""
    articles: int = 0
    """Articles deleted from the database."""
    freed_bytes: int = 0
    """Bytes of these."""
    unread_bytes: int = 0
    """Bytes of articles that stay in a store where nothing can be deleted."""
    new_bytes: int = 0
    """Bytes of articles that packs got instead of some of the deleted ones."""


async def delete_files(tx: Transaction, folder: int, gaps: Sequence[Gap], limit: int) -> int:
    """Delete the next rows of files that reach no version which stays; 0: none is left."""
    values = {
        "folder": folder,
        "after": [gap.after for gap in gaps],
        "before": [gap.before for gap in gaps],
        "limit": limit,
    }
    count: int = (await tx.one(_SQL["delete_files"], values))[0]
    return count


async def delete_all_files(tx: Transaction, folder: int, limit: int) -> int:
    """Delete the next rows of files of a removed folder; 0: none is left."""
    values = {"folder": folder, "limit": limit}
    count: int = (await tx.one(_SQL["delete_all_files"], values))[0]
    return count


async def delete_xattrs(tx: Transaction, limit: int) -> int:
    """Delete the next sets of extended attributes that no file has; 0: none is left.

    They are locked first, since an upload may be about to refer to them (`metadata.add_xattrs`);
    the second look sees what it has committed until then.
    """
    digests = column(await tx.fetch(_SQL["needless_xattrs"], {"limit": limit}))
    if not digests:
        return 0
    await tx.run(_SQL["delete_xattrs"], {"digests": bytea_array(digests)})
    return len(digests)


async def spare(tx: Transaction, folder: int) -> None:
    """Candidates that a row of a file still has are none."""
    await tx.run(_SQL["analyze_candidates"])
    await tx.run(_SQL["spare"], {"folder": folder})


async def make_certain(tx: Transaction, folder: int, limit: int) -> int:
    """After `spare`: delete the objects of the next candidates; 0: none is left."""
    values = {"folder": folder, "limit": limit}
    count: int = (await tx.one(_SQL["make_certain"], values))[0]
    return count


async def forget_objects(tx: Transaction, folder: int, limit: int) -> int:
    """Delete the next objects of a removed folder, its index's among them; 0: none is left."""
    values = {"folder": folder, "limit": limit}
    count: int = (await tx.one(_SQL["forget_objects"], values))[0]
    return count


async def release(tx: Transaction, folder: int) -> None:
    """Of a removed folder even the roots go by which versions are found."""
    await tx.run(_SQL["release"], {"folder": folder})


async def total(tx: Transaction, folder: int) -> tuple[int, int]:
    """The articles of a folder's forgotten objects, and their bytes. Others may share them."""
    articles, size = await tx.one(_SQL["total"], {"folder": folder})
    return articles, size


async def delete_articles(tx: Transaction, folder: int, limit: int, stride: int) -> Erased:
    """Delete the next segments of forgotten objects, and the articles that no other segment has.

    `stride`: as in `index_pages.forget_needless`. The caller holds the ledger's lock.
    """
    values: dict[str, object] = {"folder": folder, "limit": limit, "stride": stride}
    rows = await tx.fetch(_SQL["next_segments"], values)
    if not rows:
        return Erased(new_bytes=await _finish_objects(tx, folder, _LAST))
    last, index = rows[-1]
    values = {"objects": int8_array(sorted({row[0] for row in rows})), "last": last, "index": index}
    gone = await tx.fetch(_SQL["delete_segments"], values)
    erased = await _delete_unused(tx, gone)
    return erased._replace(new_bytes=await _finish_objects(tx, folder, last))


_LAST = (1 << 63) - 1


async def _finish_objects(tx: Transaction, folder: int, last: int) -> int:
    new: int = (await tx.one(_SQL["finish_objects"], {"folder": folder, "last": last}))[0]
    return new


async def _delete_unused(tx: Transaction, gone: Sequence[tuple[bytes, int, int, bool]]) -> Erased:
    """`gone`: Message-ID, realm, bytes and whether it is there, of each row that was deleted."""
    realms = sorted({row[1] for row in gone})
    names = sorted({row[0] for row in gone})
    here = set(column(await tx.fetch(_SQL["shards_realms"], {"realms": int8_array(realms)})))
    in_shards = sorted({row[0] for row in gone if row[1] in here})
    freed = column(await tx.fetch(_SQL["delete_articles"], {"message_ids": bytea_array(in_shards)}))
    elsewhere = [row for row in gone if row[1] not in here and row[3]]
    values = {
        "message_ids": bytea_array([row[0] for row in elsewhere]),
        "sizes": int4_array([row[2] for row in elsewhere]),
    }
    unread: int = (await tx.one(_SQL["unread"], values))[0] if elsewhere else 0
    await tx.run(_SQL["delete_aliases"], {"message_ids": bytea_array(names)})
    return Erased(len(gone), len(freed), sum(freed), unread)
