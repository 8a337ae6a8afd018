"""Rows written straight into `files`, beside those that go through the staging table."""

from __future__ import annotations

import pytest

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables import files, new_files
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import MOST, Entry, FileKind
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.path_keys import path_key

pytestmark = pytest.mark.anyio

ENTRIES = [
    Entry(b"", FileKind.DIRECTORY, 0, -(2**63), 0, 0, 0o7777, None, 0, 0),
    Entry(b"link", FileKind.SYMLINK, 5, 1, 2, MOST, 0o777, b"\xff there", 4_294_967_295, 1),
    Entry(b"long/" + b"l" * 3_000, FileKind.REGULAR, MOST, MOST, MOST, -1, 0o644, None, 1, 2),
    Entry(b"old program", FileKind.REGULAR, 0, 1, 1, 1, 0, None),
    Entry(b"to nowhere", FileKind.SYMLINK, 0, 1, 2, 3, 0o777, b"", 1, 1),
    Entry(b"\xff\n", FileKind.REGULAR, 1, 2, 3, 4, 0o600, None, 5, 6),
]
_ROWS = "SELECT * FROM files WHERE folder_id = %(folder)s AND first_version = 1 ORDER BY path_key"


async def _rows(catalogue: Catalogue, folder: Folder) -> list[tuple[object, ...]]:
    async with catalogue.transaction() as tx:
        return await tx.fetch(_ROWS, {"folder": folder.id})


async def test_rows_are_those_of_the_staging_table(catalogue: Catalogue, folder: Folder) -> None:
    async with catalogue.transaction() as tx:
        await new_files.add(tx, folder.id, 1, ENTRIES)
    added = await _rows(catalogue, folder)
    async with catalogue.transaction() as tx:
        await tx.run("DELETE FROM files")
        await files.apply_changes(tx, folder.id, 1, ENTRIES, [])
    assert added == await _rows(catalogue, folder)
    assert len(added) == len(ENTRIES)


async def test_no_row_is_added_beside_one_of_the_same_version(
    catalogue: Catalogue, folder: Folder
) -> None:
    async with catalogue.transaction() as tx:
        await new_files.add(tx, folder.id, 1, ENTRIES[3:4])
    before = await _rows(catalogue, folder)
    with pytest.raises(new_files.RowExistsError):
        async with catalogue.transaction() as tx:
            await new_files.add(tx, folder.id, 1, ENTRIES)
    assert await _rows(catalogue, folder) == before


@pytest.mark.parametrize("digest", [None, *DigestKind], ids=str)
async def test_planned_rows_are_those_of_rows_planned_later(
    catalogue: Catalogue, folder: Folder, digest: DigestKind | None
) -> None:
    """Both ways leave the same row, whatever the digest, and if the size was another meanwhile."""
    entries = [each for each in ENTRIES if each.kind is FileKind.REGULAR]
    places = [Placed(path_key(each.path), None, None, None, 0) for each in entries]
    if digest is not None:
        places = [
            Placed(key, number, 3 * number, FileDigest(digest, bytes([number]) * 32), size, racy)
            for number, ((key, *_), size, racy) in enumerate(
                zip(places, [None, 7, 1], [False, True, False], strict=True)
            )
        ]
    async with catalogue.transaction() as tx:
        pairs = zip(places, entries, strict=True)
        placed = [place._replace(rowless=entry) for place, entry in pairs]
        await new_files.add_planned(tx, folder.id, 1, placed)
    at_once = await _rows(catalogue, folder)
    async with catalogue.transaction() as tx:
        await tx.run("DELETE FROM files")
        await new_files.add(tx, folder.id, 1, entries)
        await files.set_planned(tx, folder.id, places)
    later = await _rows(catalogue, folder)
    assert at_once == later
    assert len(later) == len(entries)
