"""`usenetsync nzb FOLDER -o FILE`: lists a plain folder's articles for any newsreader."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables.snapshots import finished_version
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.run import Exit, catalogue_to_read, folder_named, start
from usenetsync_tui.engine.requests.export import NzbTarget, export, left_out_words, listed_words
from usenetsync_tui.errors import TargetError, UsageError
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.nzb.nzb import Listed, write_nzb

_STDOUT = b"-"


def nzb(
    folder: str,
    output: Path | None,
    each_subfolder: Path | None,
    version: int | None,
    force: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write the NZBs, and print their contents. Ends the process with its exit code."""
    voice = Voice(as_json, quiet)
    start(
        lambda: _nzb(folder, version, _target(output, each_subfolder, force, as_json), voice),
        as_json=as_json,
        output_is_the_work=output is not None and os.fsencode(output) == _STDOUT,
    )


def _target(
    output: Path | None, each_subfolder: Path | None, force: bool, as_json: bool
) -> NzbTarget:
    """Where to write. `UsageError` if the options name no target, or two."""
    if output is not None and each_subfolder is None:
        path = os.fsencode(output)
        if path == _STDOUT and as_json:
            raise UsageError("--output - and --json both use standard output: give a file.")
        return NzbTarget(path, replace=force)
    if output is None and each_subfolder is not None:
        return NzbTarget(os.fsencode(each_subfolder), each_subfolder=True, replace=force)
    raise UsageError("Give either --output FILE or --each-subfolder DIR.")


async def _nzb(word: str, version: int | None, target: NzbTarget, voice: Voice) -> Exit:
    async with catalogue_to_read("nzb", quiet=voice.quiet) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            chosen = await finished_version(tx, folder.id, version)
        try:
            return await _written(opened.catalogue, folder, chosen, target, voice)
        except TargetError as error:
            raise _with_advice(error) from None


def _with_advice(error: TargetError) -> TargetError:
    """The error, with advice if a file exists already."""
    if isinstance(error.__cause__, FileExistsError):
        return TargetError(f"{error.args[0]} Choose another name, or add --force to replace it.")
    return error


async def _written(
    catalogue: Catalogue, folder: Folder, version: int, target: NzbTarget, voice: Voice
) -> Exit:
    if target.path == _STDOUT and not target.each_subfolder:
        write = sys.stdout.buffer.write
        listed = await write_nzb(catalogue, folder, version, write)
        sys.stdout.buffer.flush()
        _tell("standard output", listed, voice, voices.complain)
        return Exit.INCOMPLETE if listed.left_out else Exit.DONE
    code = Exit.DONE
    async for path, listed in export(catalogue, folder, version, target):
        code = max(code, _told(path, version, listed, voice))
    return code


def _told(path: bytes, version: int, listed: Listed, voice: Voice) -> Exit:
    is_done = not listed.left_out
    if voice.as_json and not (voice.quiet and is_done):
        voices.emit("nzb", path=path, version=version, **asdict(listed))
    elif not voice.as_json:
        _tell(safe_name(path), listed, voice, voices.complain if voice.quiet else voices.say)
    return Exit.DONE if is_done else Exit.INCOMPLETE


def _tell(name: str, listed: Listed, voice: Voice, say: Callable[[str], None]) -> None:
    if voice.quiet and not listed.left_out:
        return
    say(f"{name}: {listed_words(listed)}")
    for line in left_out_words(listed):
        say(f"  {line}")
