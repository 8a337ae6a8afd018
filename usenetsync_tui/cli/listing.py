"""`folders`, `snapshots`, `files`, `jobs`: what the catalogue knows. Never needs the lock."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import click

from usenetsync_tui.catalogue import files, folders, jobs, snapshots
from usenetsync_tui.catalogue.browse import file_row
from usenetsync_tui.catalogue.files import Span
from usenetsync_tui.cli import words
from usenetsync_tui.cli.run import Exit, folder_named, json_option, looking, start
from usenetsync_tui.errors import UsageError
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.safe_name import safe_name

_PAGE = 1000
_RECENT = 50


@click.command(name="folders")
@json_option
def list_folders(as_json: bool) -> None:
    """The folders that are kept."""
    start(lambda: _folders(as_json), as_json=as_json)


async def _folders(as_json: bool) -> Exit:
    async with looking("folders") as opened, opened.catalogue.transaction() as tx:
        every = await folders.every(tx)
        versions = {f.id: await snapshots.finished(tx, f.id) for f in every}
    for folder in every:
        done = versions[folder.id]
        if as_json:
            shown = replace(folder, realm=replace(folder.realm, wrapped_key=None))
            words.emit("folder", **words.row(shown), versions=[s.version for s in done])
            continue
        latest = (
            f"version {done[-1].version}, {words.number(done[-1].files)} files, "
            f"{words.size(done[-1].size)}"
            if done
            else "no version yet"
        )
        words.say(
            f"{folder.id:>4}  {folder.name}  {safe_name(folder.path)}  "
            f"{folder.realm.profile} in {folder.realm.store}  {latest}"
        )
    if not every and not as_json:
        words.say("No folders yet. Keep one: usenetsync upload PATH")
    return Exit.DONE


@click.command(name="snapshots")
@click.argument("folder")
@json_option
def list_snapshots(folder: str, as_json: bool) -> None:
    """The versions of FOLDER."""
    start(lambda: _snapshots(folder, as_json), as_json=as_json)


async def _snapshots(word: str, as_json: bool) -> Exit:
    async with looking("snapshots") as opened, opened.catalogue.transaction() as tx:
        folder = await folder_named(tx, word)
        versions = await snapshots.of_folder(tx, folder.id)
    for s in versions:
        if as_json:
            words.emit("snapshot", **words.row(s))
            continue
        words.say(
            f"{s.version:>5}  {_when(s.finished_at or s.started_at)}  {s.state.name.lower():10}  "
            f"{words.number(s.files):>11} files  {words.size(s.size):>9}  "
            f"+{words.number(s.added)} ~{words.number(s.modified)} -{words.number(s.removed)}  "
            f"{words.size(s.stored_size)} posted"
        )
    return Exit.DONE


@click.command(name="files")
@click.argument("folder")
@click.option("--version", type=click.IntRange(1), help="The version; without it the newest.")
@json_option
def list_files(folder: str, version: int | None, as_json: bool) -> None:
    """The files of a version of FOLDER, as a stream."""
    start(lambda: _files(folder, version, as_json), as_json=as_json)


async def _files(word: str, version: int | None, as_json: bool) -> Exit:
    async with looking("files") as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            chosen = await snapshots.finished_version(tx, folder.id, version)
        start_key = b""
        while True:
            async with opened.catalogue.transaction() as tx:
                span = Span(folder.id, chosen, start_key)
                page = await files.version_page(tx, span, _PAGE)
            for row in page:
                seen = file_row(row)
                if as_json:
                    fields = words.row(replace(seen, object_id=None, sha256=None))
                    digest = row.sha256.hex() if row.sha256 else None
                    words.emit("file", **{**fields, "sha256": digest, "mode": row.mode})
                else:
                    kind = "dl"[row.kind - 1] if row.kind else "-"
                    words.say(
                        f"{kind}{row.mode:04o} {row.size:>14} {_when_ns(row.mtime_ns)} "
                        f"{seen.state:8} {safe_name(row.path) or '.'}"
                        + (
                            f" -> {safe_name(row.link or b'')}"
                            if row.kind == FileKind.SYMLINK
                            else ""
                        )
                        + (f" ({safe_name(row.reason)})" if row.reason else "")
                    )
            if not page:
                return Exit.DONE
            start_key = page[-1].key + b"\0"


@click.command(name="jobs")
@click.argument("job", required=False, type=click.IntRange(1))
@json_option
def list_jobs(job: int | None, as_json: bool) -> None:
    """The latest jobs, or every reason JOB recorded."""
    start(lambda: _notices(job, as_json) if job else _jobs(as_json), as_json=as_json)


async def _jobs(as_json: bool) -> Exit:
    async with looking("jobs") as opened, opened.catalogue.transaction() as tx:
        names = {f.id: f.name for f in await folders.every(tx)}
        recent = await jobs.recent(tx, _RECENT)
    for j in reversed(recent):
        if as_json:
            words.emit("job", **words.row(j), folder=names[j.folder_id])
            continue
        words.say(
            f"{j.id:>5}  {_when(j.created_at)}  {j.verb:8} {j.state:11} {names[j.folder_id]}  "
            f"{words.number(j.done_files)} files, {words.size(j.done_bytes)}"
            + (f"  {j.errors} errors" if j.errors else "")
            + (f"  {safe_name(j.message)}" if j.message else "")
        )
    return Exit.DONE


async def _notices(job_id: int, as_json: bool) -> Exit:
    after = 0
    async with looking("jobs") as opened:
        async with opened.catalogue.transaction() as tx:
            if await jobs.by_id(tx, job_id) is None:
                raise UsageError(f"There is no job {job_id}.")
        while True:
            async with opened.catalogue.transaction() as tx:
                page = await jobs.notices(tx, job_id, after, _PAGE)
            for _, notice in page:
                if as_json:
                    words.emit("notice", job=job_id, **words.row(notice))
                else:
                    words.say(words.reason(notice))
            if len(page) < _PAGE:
                return Exit.DONE
            after = page[-1][0]


def _when(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"


def _when_ns(mtime_ns: int) -> str:
    try:
        return f"{datetime.fromtimestamp(mtime_ns // 1_000_000_000).astimezone():%Y-%m-%d %H:%M}"
    except (ValueError, OverflowError, OSError):
        return f"{mtime_ns // 1_000_000_000:>16}"
