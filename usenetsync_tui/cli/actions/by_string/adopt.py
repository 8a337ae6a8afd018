"""`usenetsync adopt`: makes the catalogue's rows of a folder from its recovery string."""

from __future__ import annotations

import os
import shlex
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from anyio import to_thread
from pydantic import SecretStr

from usenetsync_tui.cli.errand.request import Request
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.progress import shown
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit, environment, start
from usenetsync_tui.cli.typed_string import TypedString
from usenetsync_tui.engine.by_string.adoption import adopt_folder
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.progress.rates import RateMeter
from usenetsync_tui.environment import real_path
from usenetsync_tui.model.commands.recovery import Adopt, StopAdopting
from usenetsync_tui.model.folders import Priority
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.recovery.adoption import UNKNOWN_FILTERS, AdoptedFolder
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.status.recovery import Adopting
from usenetsync_tui.model.text.figures import number, plural, size, when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.waiting import Waits
from usenetsync_tui.pipeline.index.adoption.load_progress import LoadProgress


def adopt(
    string: str,
    path: Path | None,
    passphrase_file: Path | None,
    database: str | None,
    wait: float,
    quiet: bool,
    as_json: bool,
) -> None:
    """Adopt the folder of a string, and print the result. Ends the process with its exit code."""
    typed = TypedString(string, passphrase_file)
    place = None if path is None else os.fsencode(path)
    voice = Voice(as_json, quiet)
    start(lambda: _adopt(typed, place, database, wait, voice), as_json=as_json)


async def _adopt(
    typed: TypedString, place: bytes | None, database: str | None, wait: float, voice: Voice
) -> Exit:
    settings, locations = environment()
    if database is not None:
        settings = settings.model_copy(update={"database_url": SecretStr(database)})
    secret = await to_thread.run_sync(typed.secret)
    path = None if place is None else real_path(place)
    waits, loaded = Waits(), LoadProgress()

    async def command() -> Adopt:
        return Adopt(typed.text, typed.passphrase, path or b"")

    async def alone(opened: OpenCatalogue) -> AdoptedFolder:
        done = await adopt_folder(
            opened.catalogue,
            settings,
            locations,
            secret,
            path=path,
            progress=loaded,
            waits=waits,
        )
        return done.told

    request = Request[AdoptedFolder](
        settings,
        locations,
        what="adopt",
        voice=voice,
        waits=waits,
        wait=wait,
        stop=StopAdopting(),
    )

    def progress_now() -> LoadProgress | Adopting | None:
        return loaded if request.status is None else request.status.adopting

    async with shown(_Figures(progress_now).now, voice, lambda: waits.current):
        done = await request.run(command, alone)
    if done is None:
        return Exit.INTERRUPTED
    _tell(done, voice)
    return Exit.DONE


class _Figures:
    """The progress in the form of a job's."""

    def __init__(self, progress: Callable[[], LoadProgress | Adopting | None]) -> None:
        self._progress = progress
        self._rates = RateMeter()
        self._began = time.monotonic()

    def now(self) -> JobStatus | None:
        """The figures now; None before anything is loaded."""
        done = self._progress()
        if done is None or not done.total_bytes:
            return None
        now = time.monotonic()
        elapsed = now - self._began
        self._rates.add(now, done.done_bytes, done.files)
        return JobStatus(
            id=0,
            folder_id=0,
            folder=done.folder,
            verb=Verb.ADOPT,
            priority=Priority.NORMAL,
            state=JobState.RUNNING,
            version=None,
            phase=done.phase,
            scanned=True,
            entries=done.files,
            unchanged=0,
            total_files=0,
            done_files=done.files,
            total_bytes=done.total_bytes,
            done_bytes=done.done_bytes,
            posted_bytes=0,
            deduplicated_bytes=0,
            errors=0,
            current=b"",
            bytes_per_second=self._rates.bytes_per_second,
            files_per_second=self._rates.files_per_second,
            eta=self._rates.eta(elapsed, done.total_bytes - done.done_bytes),
            elapsed=elapsed,
        )


def _tell(done: AdoptedFolder, voice: Voice) -> None:
    if voice.as_json:
        voices.emit(
            "adopted",
            folder=done.name,
            path=done.path,
            versions=list(done.versions),
            version=done.newest,
            before=done.before or None,
            finished_at=done.finished_at,
            files=done.files,
            bytes=done.size,
            left_out=list(done.left_out),
            unreadable=list(done.unreadable),
            unsure=done.unsure or None,
            filters=None if done.filters is None else asdict(done.filters),
        )
        return
    for words in _doubts(done):
        voices.complain(words)
    if voice.quiet:
        return
    how = f"brought forward from version {done.before} by" if done.before else "adopted"
    voices.say(
        f"{safe_name(done.name)}: {how} {_named(done.versions)} from {safe_name(done.where)}; "
        f"the newest is of {when(done.finished_at)}: {plural(done.files, 'file')}, "
        f"{size(done.size)}"
    )
    name, path = shlex.quote(done.name), shlex.quote(safe_name(done.path))
    voices.say("Next:")
    voices.say(f"  {program()} restore {name} TARGET    restores it into TARGET")
    voices.say(f"  {program()} upload {path}    reads and posts only what changed since then")


def _doubts(done: AdoptedFolder) -> list[str]:
    """What the adopted folder may lack, a sentence each."""
    words = []
    if done.left_out:
        words.append(
            f"Not adopted: {_named(done.left_out)}. No root in the store leads to "
            f"{'it' if len(done.left_out) == 1 else 'them'} any more."
        )
    if done.unreadable:
        words.append(
            f"Newer, but not readable: {_named(done.unreadable)}. The next upload does not know "
            "what was in it."
        )
    if done.filters is None:
        words.append(f"{UNKNOWN_FILTERS}, with upload --exclude and the like.")
    if done.unsure:
        words.append(f"There may be a newer version: {safe_name(done.unsure)}")
    return words


def _named(versions: tuple[int, ...]) -> str:
    return f"version{'s' if len(versions) > 1 else ''} {_ranges(versions)}"


def _ranges(versions: tuple[int, ...]) -> str:
    """Versions as ``1 to 4, 6``."""
    found: list[list[int]] = []
    for version in sorted(versions):
        if found and version == found[-1][-1] + 1:
            found[-1][1:] = [version]
        else:
            found.append([version])
    return ", ".join(" to ".join(number(v) for v in each) for each in found)
