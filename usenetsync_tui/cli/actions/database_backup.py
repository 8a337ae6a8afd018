"""`usenetsync db backup` and `db restore`: the catalogue as one file, and back."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

import anyio

from usenetsync_tui.catalogue.backup.restore import refuse_contents
from usenetsync_tui.cli.errand.request import Request
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.confirmed import require_answer, require_terminal
from usenetsync_tui.cli.output.json_fields import starting_fields
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, catalogue_to_work, environment, start, waits_said
from usenetsync_tui.engine.database_backup import back_up, check, put_back
from usenetsync_tui.engine.opening import OpenCatalogue, open_catalogue
from usenetsync_tui.environment import absolute_path
from usenetsync_tui.errors import CatalogueNotEmptyError, UsageError
from usenetsync_tui.model.commands.engine import RestoreDatabase
from usenetsync_tui.model.recovery.backups import BackupFound
from usenetsync_tui.model.text.figures import size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waiting, Waits, Work

_EVERY = 1.0
"""Seconds between two JSON lines of progress."""


def backup(file: Path, with_articles: bool, force: bool, quiet: bool, as_json: bool) -> None:
    """Write a backup, and print what is in it."""
    voice = Voice(as_json, quiet)
    start(
        lambda: _backup(_absolute(file), voice, with_articles=with_articles, force=force),
        as_json=as_json,
    )


async def _backup(path: bytes, voice: Voice, *, with_articles: bool, force: bool) -> Exit:
    waits, far = Waits(), _Far("backing up the catalogue", path)
    async with catalogue_to_work("db backup", waits, quiet=voice.quiet) as opened:
        async with far.shown(waits, voice):
            made = await back_up(
                opened.catalogue,
                path,
                with_articles=with_articles,
                replace=force,
                seen=far.work.seen,
            )
    if voice.as_json:
        voices.emit("db_backup", path=path, **asdict(made))
    elif not voice.quiet:
        voices.say(f"{safe_name(path)}: {made.words}, {size(made.bytes)}")
        for note in made.notes:
            voices.say(f"  {note}")
    return Exit.DONE


def restore(file: Path, replace: bool, yes: bool, wait: float, quiet: bool, as_json: bool) -> None:
    """Restore a backup, and print what it was."""
    voice = Voice(as_json, quiet)
    start(
        lambda: _restore(_absolute(file), voice, replace=replace, yes=yes, wait=wait),
        as_json=as_json,
    )


async def _restore(path: bytes, voice: Voice, *, replace: bool, yes: bool, wait: float) -> Exit:
    settings, locations = environment()
    waits, far = Waits(), _Far("checking the backup", path)
    async with waits_said(waits, quiet=voice.quiet), far.shown(waits, voice):
        found = await check(path, seen=far.work.seen)
    far = _Far("restoring the catalogue", path)

    async def command() -> RestoreDatabase:
        async with open_catalogue(settings, locations, "db restore", waits=waits) as opened:
            await _ask(opened, found, path, replace=replace, yes=yes)
        return RestoreDatabase(path, replace)

    async def alone(opened: OpenCatalogue) -> BackupFound:
        await _ask(opened, found, path, replace=replace, yes=yes)
        with waits.announced(far.work):
            return await put_back(opened.catalogue, path, replace=replace, seen=far.work.seen)

    request = Request[BackupFound](
        settings, locations, what="db restore", voice=voice, waits=waits, wait=wait
    )
    async with waits_said(waits, quiet=voice.quiet), far.listed(voice, lambda: waits.current):
        restored = await request.run(command, alone)
    if restored is None:
        return Exit.INTERRUPTED
    if voice.as_json:
        voices.emit("db_restore", path=path, **asdict(restored))
    elif not voice.quiet:
        voices.say(f"The catalogue is restored from {safe_name(path)}: {restored.words}.")
        voices.say(f"  {program()} key show    says whether its keys open")
    return Exit.DONE


async def _ask(
    opened: OpenCatalogue, found: BackupFound, path: bytes, *, replace: bool, yes: bool
) -> None:
    """Let the user confirm what is lost. `UsageError` if he does not."""
    try:
        await refuse_contents(opened.catalogue, with_articles=found.with_articles)
    except CatalogueNotEmptyError as lost:
        if not replace:
            raise UsageError(f"{lost} Add --replace if that is what you want.") from None
        if yes:
            return
        words = f"{lost} The backup was {found.words}."
    else:
        return
    require_terminal(f"{words} Add --yes to replace it without a question.")
    await require_answer(f"{words} Type yes to replace it with {safe_name(path)}.")


class _Far:
    """How far a transfer is: in the words of a wait, and as JSON lines."""

    def __init__(self, words: str, path: bytes) -> None:
        self._words, self._path = words, path
        self.work = Work(words)

    @asynccontextmanager
    async def shown(self, waits: Waits, voice: Voice) -> AsyncIterator[None]:
        """Show it inside the block, while this program does it."""
        async with self.listed(voice, self.work):
            with waits.announced(self.work):
                yield

    @asynccontextmanager
    async def listed(self, voice: Voice, now: Callable[[], Waiting | None]) -> AsyncIterator[None]:
        """Print JSON lines inside the block, if the user wants them. `now`: how far it is."""
        async with anyio.create_task_group() as group:
            if voice.as_json and not voice.quiet:
                group.start_soon(self._lines, now)
            yield
            group.cancel_scope.cancel()

    async def _lines(self, now: Callable[[], Waiting | None]) -> None:
        began = time.monotonic()
        while True:
            await anyio.sleep(_EVERY)
            far = now() or Waiting(self._words)
            if not far.total:  # the user is being asked, for example
                began = time.monotonic()
            rate = far.done / max(0.001, time.monotonic() - began)
            fields = {
                "phase": self._words,
                "current": far.done,
                "total": far.total,
                "file": self._path,
                "throughput": round(rate, 1),
                "eta": round((far.total - far.done) / rate, 1) if rate else None,
            }
            voices.emit("progress", **{**starting_fields(far), **fields})


def _absolute(path: Path) -> bytes:
    return absolute_path(os.fsencode(path))
