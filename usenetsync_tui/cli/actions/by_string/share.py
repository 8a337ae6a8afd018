"""`usenetsync share`: the recovery string of a folder, and what it brings back.

The string is made, and written into its file, before anything is posted: an interruption costs
nothing but the index.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from anyio import to_thread

from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.cli.errand.errand import Errand, WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.exposure import warn_of_servers
from usenetsync_tui.cli.output.json_fields import share_fields
from usenetsync_tui.cli.output.qr_code import say_qr_code
from usenetsync_tui.cli.run import Exit, catalogue_for_job, environment, folder_named, start
from usenetsync_tui.cli.signals import GOES_ON
from usenetsync_tui.codec.recovery_string import grouped
from usenetsync_tui.engine.by_string.folder_string import folder_string, names_that_wait, seen
from usenetsync_tui.engine.new_file import new_file
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.errors import CatalogueHeldError, UsageError, UsenetSyncError, leading_error
from usenetsync_tui.model.commands.jobs import PostIndex
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.recovery.passphrases import passphrase_problem
from usenetsync_tui.model.recovery.recovery_words import brings_back
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.settings.secret_files import secret_line
from usenetsync_tui.whole_file import PRIVATE

_ALONE = "Keep it off this machine. Anyone who has it and reaches the store can read the folder."
_PROTECTED = "Keep it off this machine, and its passphrase elsewhere: you need both."


def share(
    folder: str, passphrase_file: Path | None, qr: bool, output: Path | None, as_json: bool
) -> None:
    """Print the recovery string of a folder. Ends the process with its exit code."""
    wanted = ShareOptions(folder, passphrase_file, qr, output)
    start(lambda: _share(wanted, Voice(as_json)), as_json=as_json, output_is_the_work=True)


@value_object
class ShareOptions:
    """The arguments of a share, as the user typed them."""

    word: str
    passphrase_file: Path | None
    qr: bool
    output: Path | None


async def _share(wanted: ShareOptions, voice: Voice) -> Exit:
    if wanted.qr and voice.as_json:
        raise UsageError("--qr and --json both use standard output: leave one of them out.")
    passphrase = None
    if wanted.passphrase_file is not None:
        passphrase = await to_thread.run_sync(_passphrase, wanted.passphrase_file)
    settings, locations = environment()
    jobs: list[WantedJob] = []
    errand = Errand(settings, locations, jobs, what="share", voice=voice)
    async with catalogue_for_job("share", voice, errand.figures, waiting=errand.waiting) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, wanted.word)
        async with Stores(opened.catalogue, settings, locations, opened.waits) as stores:
            string = await folder_string(opened.catalogue, stores.keys, folder.id, passphrase)
        if wanted.output is not None:
            await to_thread.run_sync(_write, wanted.output, string)
        async with opened.catalogue.transaction() as tx:
            realm = await posted.realm_of(tx, folder.id)
            assert realm is not None
            is_left = bool(await posted.to_index(tx, folder.id, realm))
        left, code = "", Exit.DONE
        if is_left:
            warn_of_servers(settings)
            jobs.append(WantedJob(PostIndex(folder.id)))
            left, code = await _posted(errand)
        if not left:
            left = await names_that_wait(opened.catalogue, folder.id)
            code = Exit.INCOMPLETE if left else code
        versions = await seen(opened.catalogue, folder.id)
    _tell(string, wanted, voice, folder, versions, left)
    is_whole = bool(versions) and versions[-1].indexed
    return max(code, Exit.DONE if is_whole else Exit.INCOMPLETE)


def _passphrase(path: Path) -> str:
    """The passphrase in a file. `UsageError` if it is weak, `SettingsError` if others see it."""
    text = secret_line(path)
    if problem := passphrase_problem(text):
        raise UsageError(f"{safe_name(os.fsencode(path))}: {problem}")
    return text


def _write(path: Path, string: str) -> None:
    with new_file(os.fsencode(path), mode=PRIVATE) as file:
        file.write(f"{grouped(string)}\n".encode())


async def _posted(errand: Errand) -> tuple[str, Exit]:
    """Post what is missing of the index; returns why something is left, and the exit code."""
    (job,) = errand.wanted
    try:
        await errand.run()
    except Exception as group:
        error = leading_error(group)
        if not isinstance(error, UsenetSyncError) or error.retryable:
            raise
        words = str(error)
        if isinstance(error, CatalogueHeldError):
            words += " Its index is posted at the end of the next upload."
        return words, Exit.INCOMPLETE
    if job.refused is not None:
        return str(job.refused), Exit.INCOMPLETE
    if job.summary is None:
        return GOES_ON, Exit.INTERRUPTED
    return _judged(job.summary)


def _judged(summary: Summary) -> tuple[str, Exit]:
    outcome = summary.outcome
    if outcome.state is JobState.COMPLETED:
        return "", Exit.DONE
    if outcome.state is JobState.CANCELLED:
        return GOES_ON, Exit.INTERRUPTED
    return outcome.message, Exit.INCOMPLETE


def _tell(
    string: str,
    wanted: ShareOptions,
    voice: Voice,
    folder: Folder,
    versions: Sequence[Snapshot],
    left: str,
) -> None:
    """Print the string; words about it go to standard error."""
    if voice.as_json:
        fields = share_fields(folder, versions, left)
        path = os.fsencode(wanted.output) if wanted.output is not None else None
        has_passphrase = wanted.passphrase_file is not None
        shown = str(string) if path is None else None
        voices.emit("share", string=shown, passphrase=has_passphrase, path=path, **fields)
        return
    if wanted.output is None:
        voices.say(grouped(string))
    else:
        voices.complain(f"The recovery string is in {safe_name(os.fsencode(wanted.output))}.")
    if wanted.qr:
        say_qr_code(string)
    for line in brings_back(safe_name(folder.name), versions):
        voices.complain(line)
    voices.complain(_PROTECTED if wanted.passphrase_file is not None else _ALONE)
    if left:
        voices.complain(f"usenetsync: {safe_name(left)}")
