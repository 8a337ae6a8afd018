"""`usenetsync cat`: a file of a version on standard output, from the catalogue or by a string."""

from __future__ import annotations

import os
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.tables import snapshots, version_files
from usenetsync_tui.catalogue.tables.version_files import Span, VersionRow
from usenetsync_tui.cli.actions.questions.no_content import no_content
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.recovery_options import typed_string
from usenetsync_tui.cli.run import Exit, catalogue_to_read, environment, folder_named, start
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import FileDamagedError, FileUnavailableError, StoreError, UsageError
from usenetsync_tui.model.entries import FileKind, FileState
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.path_keys import path_key
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.restore.read_file import CatalogueReader
from usenetsync_tui.pipeline.restore.version_paths import contains, no_such_path, spans


def cat(
    folder: str,
    path: str,
    version: int | None,
    passphrase_file: Path | None,
    database: str | None,
) -> None:
    """Write a file to standard output. Ends the process with its exit code."""
    typed = typed_string(folder, passphrase_file, database)

    async def work() -> Exit:
        if typed is None:
            return await _cat(folder, os.fsencode(path).strip(b"/"), version)
        from usenetsync_tui.cli.actions.by_string.recovered import cat_of_string

        return await cat_of_string(typed, path, version)

    start(work, as_json=False, output_is_the_work=True)


async def _cat(word: str, path: bytes, version: int | None) -> Exit:
    settings, locations = environment()
    async with catalogue_to_read("cat") as opened:
        row, store = await _row(opened, word, path, version)
        if store is StoreKind.USENET:
            warn_of_servers(settings)
        async with Stores(opened.catalogue, settings, locations, opened.waits) as stores:
            reader = CatalogueReader(opened.catalogue, stores)
            try:
                async for data in reader.content(row):
                    await to_thread.run_sync(voices.write_bytes, data)
            except FileDamagedError as error:
                raise FileDamagedError(f"{safe_name(path)}: {error.reason}") from error
            except StoreError as error:
                raise FileUnavailableError(f"{safe_name(path)}: {error}") from error
    return Exit.DONE


async def _row(
    opened: OpenCatalogue, word: str, path: bytes, version: int | None
) -> tuple[VersionRow, StoreKind]:
    """The row of a regular file that a version has the content of, and the folder's store."""
    async with opened.catalogue.transaction() as tx:
        folder = await folder_named(tx, word)
        chosen = await snapshots.finished_version(tx, folder.id, version)
        key, name = path_key(path), safe_name(path)
        span = Span(folder.id, chosen, key, key + b"\0")
        rows = await version_files.version_page(tx, span, 1) if path else []
        if not rows:
            if await contains(tx, spans(folder.id, chosen, path)):
                raise UsageError(f'"{name or "."}" is a folder: restore brings it back.')
            raise await no_such_path(tx, folder, chosen, path)
    (row,) = rows
    if row.kind != FileKind.REGULAR:
        raise UsageError(no_content(path, FileKind(row.kind), row.link))
    if row.state == FileState.FAILED:
        raise FileUnavailableError(
            f"{name} could not be backed up: {safe_name(row.reason or 'it was left out')}"
        )
    return row, folder.realm.store
