"""`snapshots`, `files` and `cat` with a recovery string: read from the index, no catalogue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio import to_thread

from usenetsync_tui.catalogue.tables.version_files import VersionRow
from usenetsync_tui.cli.actions.questions.no_content import no_content
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import notice_fields, recovered_fields
from usenetsync_tui.cli.run import Exit, environment, waits_said
from usenetsync_tui.cli.typed_string import TypedString
from usenetsync_tui.codec.index.attributes import extents_of_entry, write_extents
from usenetsync_tui.engine.by_string.found_versions import found_versions
from usenetsync_tui.engine.by_string.recovery import Recovery, open_recovery
from usenetsync_tui.errors import FileDamagedError, UsageError
from usenetsync_tui.model.digests import FileDigest, file_digest
from usenetsync_tui.model.entries import FileKind, FileState, Notice, NoticeKind
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.index.entries import AttributeTag, IndexEntry
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.index_paths import no_such_path, spans_of
from usenetsync_tui.pipeline.index.read_file import FileReader
from usenetsync_tui.pipeline.index.read_version import VersionReader


@asynccontextmanager
async def recovered(typed: TypedString, *, as_json: bool) -> AsyncIterator[Recovery]:
    """The folder of a recovery string; says what could not be read of it."""
    settings, locations = environment()
    warn_of_servers(settings)
    waits = Waits()
    async with waits_said(waits) as begin_to_print:
        secret = await to_thread.run_sync(typed.secret)
        async with open_recovery(
            secret, settings, locations, database=typed.database, waits=waits
        ) as recovery:
            begin_to_print()
            tell_found(recovery, as_json=as_json)
            yield recovery


def tell_found(recovery: Recovery, *, as_json: bool) -> None:
    """Print which version is the newest, and why a newer one is not used."""
    if as_json:
        voices.emit("recovered", **recovered_fields(recovery.found, recovery.where))
        return
    name = safe_name(recovery.root.name)
    newest = recovery.root.current.version
    for version, why in recovery.found.unreadable.items():
        voices.complain(
            f"usenetsync: version {version} of {name} is there, but its root cannot be read "
            f"({safe_name(why)}). Version {newest} is used."
        )
    if recovery.found.unsure:
        voices.complain(
            f"usenetsync: there may be a version of {name} newer than {newest}: "
            f"{safe_name(recovery.found.unsure)}"
        )


async def snapshots_of(typed: TypedString, *, as_json: bool) -> tuple[str, list[Snapshot]]:
    """Name and versions of a recovery string's folder."""
    async with recovered(typed, as_json=as_json) as recovery:
        return recovery.root.name, found_versions(recovery.root)


async def file_pages(
    recovery: Recovery, reader: VersionReader, prefix: bytes, page: int, *, digests: bool
) -> AsyncIterator[list[VersionRow]]:
    """The files of a version, or those at and below a path, in pages. `UnknownPathError`."""
    files = FileReader(reader, recovery.of, recovery.aliases.add)
    rows: list[VersionRow] = []
    found = False
    for start_key, until in spans_of(prefix):
        async for entry in reader.entries(start_key, until):
            found = True
            rows.append(_row(entry, await files.digest(entry) if digests else _known(entry)))
            if len(rows) == page:
                yield rows
                rows = []
    if not found and prefix and not reader.lost:
        raise await no_such_path(reader, prefix, recovery.root.name, recovery.root.path)
    yield rows


def tell_lost(reader: VersionReader, *, as_json: bool) -> Exit:
    """Print which paths the index no longer lists; returns the exit code."""
    for first, end in reader.lost:
        upto = "" if end is None else f' to before "{safe_name(end)}"'
        words = (
            f'the paths from "{safe_name(first)}"{upto} are not listed: no copy of that part of '
            "the index can be fetched"
        )
        if as_json:
            lost = Notice(NoticeKind.MISSING, first, words)
            voices.emit("notice", **notice_fields(None, lost))
        else:
            voices.complain(f"usenetsync: {words}.")
    return Exit.INCOMPLETE if reader.lost else Exit.DONE


def _known(entry: IndexEntry) -> FileDigest | None:
    """The digest that the entry has; that of a large file would take the pages of its object."""
    return file_digest(entry.digest_kind, entry.digest)


def _row(entry: IndexEntry, digest: FileDigest | None) -> VersionRow:
    """An entry as a row of the catalogue; what only the catalogue knows is None."""
    reason = dict(entry.attributes).get(AttributeTag.REASON)
    lacks = entry.kind == FileKind.REGULAR and reason is not None
    is_kept, extents = entry.object is not None, extents_of_entry(entry)
    return VersionRow(
        path=entry.path,
        kind=entry.kind,
        size=entry.size,
        mtime_ns=entry.mtime_ns,
        mode=entry.mode,
        link=entry.link,
        state=FileState.FAILED if lacks else FileState.PLANNED,
        object_id=entry.object,
        object_offset=entry.offset if is_kept else None,
        digest=None if digest is None else digest.value,
        digest_kind=None if digest is None else digest.kind,
        reason=None if reason is None else reason.decode("utf-8", "replace"),
        key=entry.path,
        segments=None,
        posted=None,
        copies=None,
        complete=is_kept or None,
        object_kind=None,
        segment_size=None,
        uid=entry.uid,
        gid=entry.gid,
        extents=None if extents is None else write_extents(extents),
        file_size=entry.size if extents is None else extents.size,
    )


async def cat_of_string(typed: TypedString, word: str, version: int | None) -> Exit:
    """Write a file of a recovery string's folder to standard output."""
    path = word.encode("utf-8", "surrogateescape").strip(b"/")
    async with recovered(typed, as_json=False) as recovery:
        reader = await recovery.reader(version)
        entry = await reader.entry(path)
        if entry is None:
            if path == b"" or await reader.entry(path + b"/") is not None:
                raise UsageError(f'"{safe_name(path)}" is a folder: restore brings it back.')
            raise await no_such_path(reader, path, recovery.root.name, recovery.root.path)
        if entry.kind != FileKind.REGULAR:
            raise UsageError(no_content(path, FileKind(entry.kind), entry.link))
        reason = dict(entry.attributes).get(AttributeTag.REASON)
        if entry.object is None and reason is not None:
            words = reason.decode("utf-8", "replace")
            problem = f"{safe_name(path)} could not be backed up: {safe_name(words)}"
            raise FileDamagedError(problem)
        try:
            async for data in FileReader(reader, recovery.of, recovery.aliases.add).content(entry):
                await to_thread.run_sync(voices.write_bytes, data)
        except FileDamagedError as error:
            raise FileDamagedError(f"{safe_name(path)}: {error.reason}") from error
    return Exit.DONE
