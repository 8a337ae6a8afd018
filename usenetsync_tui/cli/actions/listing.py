"""`usenetsync folders`, `snapshots` and `files`: from the catalogue, or of a recovery string.

Never need the lock.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from usenetsync_tui.catalogue.lookups.browse import file_row
from usenetsync_tui.catalogue.tables import folders, snapshots, version_files
from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import file_fields, folder_fields, snapshot_fields
from usenetsync_tui.cli.output.paged_table import PrintedPages
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.recovery_options import typed_string
from usenetsync_tui.cli.run import Exit, catalogue_to_read, folder_named, start
from usenetsync_tui.cli.typed_string import TypedString
from usenetsync_tui.model.entries import DEVICES, FILE_TYPES, FileKind
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.text.figures import NOTHING, number, size, when, when_ns
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import FILE_WORDS, SNAPSHOT_WORDS, marks_in_words

_PAGE = 1000
_FOLDERS = (
    Column("Id", right=True),
    Column("Folder", least=8),
    Column("Version", right=True),
    Column("Files", right=True),
    Column("Size", right=True),
    Column("Store"),
    Column("Format"),
    Column("Path", least=8),
)
_SNAPSHOTS = (
    Column("Version", right=True),
    Column("Finished"),
    Column("State"),
    Column("Files", right=True),
    Column("Size", right=True),
    Column("Added", right=True),
    Column("Changed", right=True),
    Column("Removed", right=True),
    Column("Posted", right=True),
    Column("Index"),
)
_MARKED = (*_SNAPSHOTS, Column("Marks", least=8))
_FILES = (
    Column("Mode"),
    Column("Size", right=True),
    Column("Modified"),
    Column("State"),
    Column("Path", least=8),
)
_DIGESTED = (*_FILES[:-1], Column("Digest"), _FILES[-1])


def list_folders(as_json: bool) -> None:
    """Print the folders."""
    start(lambda: _folders(as_json), as_json=as_json, output_is_the_work=True)


async def _folders(as_json: bool) -> Exit:
    async with catalogue_to_read("folders") as opened, opened.catalogue.transaction() as tx:
        every = await folders.every(tx)
        versions = {f.id: await snapshots.finished(tx, f.id) for f in every}
    if as_json:
        for folder in every:
            voices.emit("folder", **folder_fields(folder, versions[folder.id]))
    elif every:
        voices.say_table(_FOLDERS, [_folder(f, versions[f.id]) for f in every])
    else:
        voices.say("No folders yet. Back one up: usenetsync upload PATH")
    return Exit.DONE


def _folder(folder: Folder, versions: Sequence[Snapshot]) -> Sequence[str]:
    figures: tuple[str, ...] = (NOTHING, NOTHING, NOTHING)
    if versions:
        newest = versions[-1]
        figures = str(newest.version), number(newest.files), size(newest.size)
    realm = folder.realm
    path = safe_name(folder.path)
    return str(folder.id), safe_name(folder.name), *figures, realm.store, realm.profile, path


def list_snapshots(
    folder: str, passphrase_file: Path | None, database: str | None, as_json: bool
) -> None:
    """Print the versions of a folder, or of a recovery string's folder."""
    typed = typed_string(folder, passphrase_file, database)
    start(lambda: _snapshots(folder, typed, as_json), as_json=as_json, output_is_the_work=True)


async def _snapshots(word: str, typed: TypedString | None, as_json: bool) -> Exit:
    if typed is not None:
        from usenetsync_tui.cli.actions.by_string.recovered import (
            snapshots_of,  # loads the pipeline
        )

        name, versions = await snapshots_of(typed, as_json=as_json)
    else:
        async with catalogue_to_read("snapshots") as opened, opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            name, versions = folder.name, await snapshots.of_folder(tx, folder.id)
    if as_json:
        for version in versions:
            voices.emit("snapshot", **snapshot_fields(name, version))
    elif versions:
        if any(s.protected or s.tags for s in versions):
            voices.say_table(_MARKED, [(*_snapshot(s), marks_in_words(s)) for s in versions])
        else:
            voices.say_table(_SNAPSHOTS, map(_snapshot, versions))
    else:
        voices.say(f"{safe_name(name)} has no version yet.")
    return Exit.DONE


def _snapshot(s: Snapshot) -> Sequence[str]:
    return (
        str(s.version),
        when(s.finished_at) if s.finished_at else NOTHING,
        SNAPSHOT_WORDS[s.state],
        number(s.files),
        size(s.size),
        number(s.added),
        number(s.modified),
        number(s.removed),
        size(s.stored_size),
        "missing" if s.lacks_index else "stored" if s.indexed else NOTHING,
    )


def list_files(
    folder: str,
    version: int | None,
    prefix: str | None,
    digests: bool,
    passphrase_file: Path | None,
    database: str | None,
    as_json: bool,
) -> None:
    """Print the files of a version of a folder; None: the newest finished one.

    `prefix`: only those at and below a path. `digests`: with the digest of each, which JSON has
    always, except for large files of a recovery string's folder.
    """
    typed = typed_string(folder, passphrase_file, database)
    path = os.fsencode(prefix or "")
    show = _JsonFiles() if as_json else _FilesTable(digests)
    if typed is None:
        work = partial(_files, folder, version, path, show)
    else:
        work = partial(_files_of_string, typed, version, path, show)
    start(work, as_json=as_json, output_is_the_work=True)


async def _files(
    word: str, version: int | None, prefix: bytes, show: _JsonFiles | _FilesTable
) -> Exit:
    from usenetsync_tui.pipeline.restore.version_paths import require_path, spans

    async with catalogue_to_read("files") as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            chosen = await snapshots.finished_version(tx, folder.id, version)
            await require_path(tx, folder, chosen, prefix)
        for span in spans(folder.id, chosen, prefix):
            while True:
                async with opened.catalogue.transaction() as tx:
                    page = await version_files.version_page(tx, span, _PAGE)
                if not page:
                    break
                show.add(page)
                span = replace(span, start=page[-1].key + b"\0")
    return Exit.DONE


async def _files_of_string(
    typed: TypedString, version: int | None, prefix: bytes, show: _JsonFiles | _FilesTable
) -> Exit:
    from usenetsync_tui.cli.actions.by_string.recovered import file_pages, recovered, tell_lost

    async with recovered(typed, as_json=show.as_json) as recovery:
        reader = await recovery.reader(version)
        async for page in file_pages(recovery, reader, prefix, _PAGE, digests=show.digests):
            show.add(page)
        return tell_lost(reader, as_json=show.as_json)


class _JsonFiles:
    """An object for each file."""

    as_json, digests = True, False

    def add(self, page: Sequence[VersionRow]) -> None:
        """Print more rows."""
        for row in page:
            voices.emit("file", **file_fields(row, file_row(row).state))


class _FilesTable:
    """A table, printed page by page."""

    as_json = False

    def __init__(self, digests: bool) -> None:
        """`digests`: with a column for them."""
        self.digests = digests
        self._pages = PrintedPages(_DIGESTED if digests else _FILES)

    def add(self, page: Sequence[VersionRow]) -> None:
        """Print more rows."""
        self._pages.add([_file(row, self.digests) for row in page])


def _number_of(row: VersionRow) -> str:
    """What stands for the size of something without one: the number of a device."""
    return (row.link or b"").decode("ascii", "replace") if row.kind in DEVICES else NOTHING


def _file(row: VersionRow, digests: bool) -> Sequence[str]:
    seen = file_row(row)
    kind = FileKind(row.kind)
    name = safe_name(row.path) or "."
    if kind is FileKind.SYMLINK:
        name += f" -> {safe_name(row.link or b'')}"
    if row.reason:
        name += f" ({safe_name(row.reason)})"
    return (
        stat.filemode(FILE_TYPES[kind] | row.mode),
        number(row.size) if kind is FileKind.REGULAR else _number_of(row),
        when_ns(row.mtime_ns),
        FILE_WORDS[seen.state],
        *([str(seen.digest or NOTHING)] if digests else []),
        name,
    )
