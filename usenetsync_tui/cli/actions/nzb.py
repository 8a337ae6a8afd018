"""`usenetsync nzb FOLDER -o FILE`: a plain folder's articles for any newsreader."""

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
from usenetsync_tui.cli.run import (
    Exit,
    catalogue_to_read,
    folder_named,
    start,
)
from usenetsync_tui.engine.requests.export import (
    export_each,
    export_file,
    left_out_words,
    listed_words,
)
from usenetsync_tui.errors import TargetError, UsageError
from usenetsync_tui.model.folders import Folder
from usenetsync_tui.model.safe_name import safe_name
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
        lambda: _nzb(folder, version, _Target(output, each_subfolder, force), voice),
        as_json=as_json,
        output_is_the_work=output is not None and os.fsencode(output) == _STDOUT,
    )


class _Target:
    """Where to write NZBs: either a file or a folder."""

    def __init__(self, output: Path | None, directory: Path | None, force: bool) -> None:
        self.output = os.fsencode(output) if output is not None else None
        self.directory = os.fsencode(directory) if directory is not None else None
        self.force = force

    def check(self, voice: Voice) -> None:
        if (self.output is None) == (self.directory is None):
            raise UsageError("Give either --output FILE or --each-subfolder DIR.")
        if self.output == _STDOUT and voice.as_json:
            raise UsageError("--output - and --json both use standard output: give a file.")


async def _nzb(word: str, version: int | None, target: _Target, voice: Voice) -> Exit:
    target.check(voice)
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
    catalogue: Catalogue, folder: Folder, version: int, target: _Target, voice: Voice
) -> Exit:
    code = Exit.DONE
    if target.output == _STDOUT:
        write = sys.stdout.buffer.write
        listed = await write_nzb(catalogue, folder, version, write)
        sys.stdout.buffer.flush()
        _tell("standard output", listed, voice, voices.complain)
        return Exit.INCOMPLETE if listed.left_out else Exit.DONE
    if target.output is not None:
        listed = await export_file(catalogue, folder, version, target.output, replace=target.force)
        return _told(target.output, version, listed, voice)
    assert target.directory is not None
    each = export_each(catalogue, folder, version, target.directory, replace=target.force)
    async for path, listed in each:
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
