"""A folder with every sort of row, and a model of the lists made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from usenetsync_tui.catalogue.session import Catalogue, Transaction
from usenetsync_tui.catalogue.tables import files, objects, vanished
from usenetsync_tui.catalogue.tables.files import Placed
from usenetsync_tui.catalogue.tables.objects import NewObject
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Entry, FileKind
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.lists.files import FileFilter, FileKey, FileOrder, FileQuery, FileView
from usenetsync_tui.model.path_keys import path_key

_HEAD = b"long/" + b"l" * 1_800
_NAMES = (
    b"Alpha.txt", b"alpha.TXT", b"ALPHA%.txt", b"al_ha.txt", b"back\\slash", b"\\351", b"\xe9",
    b"\xc9", "é".encode(), "É".encode(), "日本".encode(), b"new\nline", b"\x1b]0;x\x07",
    b"\xff\xfe", b"[/]", b"a'b\"c", b"%", b"_", b"%%", b" ", b"~", b"\x7f", b"\x80", b"\x01",
    "ſ".encode(), "\u212a".encode(), b"IMG_001", b"img_002",
)  # fmt: skip
DIRECTORIES = (b"", b"dir/", b"long/", b"new/", b"new/deep/", _HEAD + b"B/", b"none/")
_SIZES = (0, 1, 1_000, 1_000, 50_001, 10**12)


@dataclass(frozen=True, slots=True)
class Listed:
    """A row as a list must show it."""

    path: bytes
    kind: int
    size: int
    view: FileView

    @property
    def key(self) -> FileKey:
        return FileKey(self.path, self.size if self.kind == FileKind.REGULAR else -1)


def matches(row: Listed, wanted: FileFilter) -> bool:
    """The meaning of a `FileFilter`, without SQL."""
    if any(word.lower() not in row.path.lower() for word in wanted.words):
        return False
    if wanted.view is not None and row.view is not wanted.view:
        return False
    if wanted.min_size is None and wanted.max_size is None:
        return True
    if row.kind != FileKind.REGULAR or row.size < (wanted.min_size or 0):
        return False
    return wanted.max_size is None or row.size <= wanted.max_size


def listed(rows: Sequence[Listed], query: FileQuery) -> list[Listed]:
    """The rows of a list in its order."""
    found = sorted(
        (row for row in rows if matches(row, query.filter) and _is_in(row, query)),
        key=lambda row: path_key(row.path),
    )
    if query.is_tree:
        return found
    if query.order is FileOrder.SIZE:
        found.sort(key=lambda row: -row.key.size)
    return found[::-1] if query.reverse else found


def _is_in(row: Listed, query: FileQuery) -> bool:
    name = row.path.removeprefix(query.under or b"")
    if query.under is None or not name or len(name) + len(query.under) != len(row.path):
        return query.under is None
    return not query.is_tree or b"/" not in name[:-1]


async def fill(catalogue: Catalogue, folder: Folder) -> dict[int, list[Listed]]:
    """Two versions of a folder; returns the rows of each."""
    paths = [b"", b"dir/", b"Dir/", b"long/", *(b"dir/" + n for n in _NAMES), *_NAMES]
    paths += [_HEAD + tail for tail in (b"", b"a", b"B", b"B/", b"B/x", b"\xff" * 300)]
    first = {path: _row(path, n) for n, path in enumerate(sorted(set(paths)))}
    gone = sorted(first)[5::7]
    second = {p: _row(p, n + 3) for n, p in enumerate(sorted(first)[::5]) if p not in gone}
    second |= {b"new/" + n: _row(b"new/" + n, i) for i, n in enumerate((b"", *_NAMES))}
    deep = (b"new/deep/", b"new/deep/a", b"new/deep-x", b"new/deep/b/", b"new/deep/b/c")
    second |= {path: _row(path, n) for n, path in enumerate(deep)}
    await _apply(catalogue, folder, 1, list(first.values()), [])
    await _apply(catalogue, folder, 2, list(second.values()), gone)
    kept = {path: row for path, row in first.items() if path not in gone}
    return {1: list(first.values()), 2: list((kept | second).values())}


def _row(path: bytes, number: int) -> Listed:
    if path.endswith(b"/") or not path:
        return Listed(path, FileKind.DIRECTORY, 0, FileView.DONE)
    if number % 11 == 10:
        return Listed(path, FileKind.SYMLINK, 7, FileView.DONE)
    size = _SIZES[number % len(_SIZES)]
    return Listed(
        path,
        FileKind.REGULAR,
        size,
        list(FileView)[number // 2 % len(FileView)] if size else FileView.DONE,
    )


async def _apply(
    catalogue: Catalogue, folder: Folder, version: int, rows: list[Listed], gone: list[bytes]
) -> None:
    entries = [
        Entry(r.path, r.kind, r.size, version, 1, 1, 0o644, b"to" if r.kind == 2 else None)
        for r in rows
    ]
    async with catalogue.transaction() as tx:
        await files.apply_changes(tx, folder.id, version, entries, [path_key(p) for p in gone])
        await vanished.remove(tx, folder.id, version)
        for number, row in enumerate(rows):
            if row.kind == FileKind.REGULAR and not row.size:
                nowhere = Placed(path_key(row.path), None, None, None)
                await files.set_planned(tx, folder.id, [nowhere])
            elif row.kind == FileKind.REGULAR:
                await _bring_to(tx, folder, row, odd=bool(number % 2))


async def _bring_to(tx: Transaction, folder: Folder, row: Listed, *, odd: bool) -> None:
    """Put a file into a state of the screen; each state can come about in two ways."""
    key = path_key(row.path)
    match row.view:
        case FileView.QUEUED if odd:
            await _begin(tx, folder, row, posted=0)
        case FileView.QUEUED:
            pass
        case FileView.POSTING if odd:
            await _begin(tx, folder, row, posted=1)
        case FileView.POSTING:
            await _begin(tx, folder, row, posted=2, laid_out=True)
        case FileView.DONE:
            await _begin(tx, folder, row, posted=3, laid_out=True)
        case FileView.FAILED:
            await files.set_failed(tx, folder.id, [(key, "Permission denied")])


async def _begin(
    tx: Transaction, folder: Folder, row: Listed, *, posted: int, laid_out: bool = False
) -> None:
    """An object of three segments for a file, of which so many are posted."""
    key = path_key(row.path)
    (made,) = await objects.allocate(tx, 1)
    made_of = NewObject(made, 0, row.size, 1, 3, 1, key, key)
    await objects.insert(tx, folder.id, folder.realm.id, 1, [made_of])
    if posted:
        await objects.add_posted(tx, Counter({made: posted}))
    if laid_out:
        await files.set_planned(
            tx, folder.id, [Placed(key, made, 0, FileDigest(DigestKind.BLAKE3, b"s" * 32))]
        )
    else:
        await tx.run(
            "UPDATE files SET object_id = %(made)s, object_offset = 0 WHERE path_key = %(key)s"
            " AND last_version IS NULL",
            {"made": made, "key": key},
        )
