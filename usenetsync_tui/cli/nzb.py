"""`usenetsync nzb FOLDER -o FILE`: a plain folder's articles for any newsreader."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import click

from usenetsync_tui.catalogue.snapshots import finished_version
from usenetsync_tui.cli import words
from usenetsync_tui.cli.arguments import AnyPath, Name
from usenetsync_tui.cli.run import Exit, folder_named, json_option, looking, start
from usenetsync_tui.errors import TargetError
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.pipeline.nzb import write_nzb


@click.command(name="nzb")
@click.argument("folder", type=Name())
@click.option("-o", "--output", required=True, type=AnyPath(of_file=True))
@click.option("--version", type=click.IntRange(1), help="The version; without it the newest.")
@json_option
def nzb(folder: str, output: Path, version: int | None, as_json: bool) -> None:
    """Write the articles of FOLDER, kept with --profile plain, as an NZB file."""
    start(lambda: _nzb(folder, output, version, as_json), as_json=as_json)


async def _nzb(word: str, output: Path, version: int | None, as_json: bool) -> Exit:
    async with looking("nzb") as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            chosen = await finished_version(tx, folder.id, version)
        with _whole(output) as file:
            listed = await write_nzb(opened.catalogue, folder, chosen, file.write)
    if as_json:
        words.emit("nzb", path=os.fsencode(output), version=chosen, **words.row(listed))
    else:
        words.say(
            f"{safe_name(os.fsencode(output))}: {words.number(listed.files)} files in "
            f"{words.number(listed.articles)} articles, {words.size(listed.bytes)}"
        )
        if listed.empty:
            words.say(f"  {words.number(listed.empty)} empty files: an NZB cannot list them")
        if listed.left_out:
            words.say(f"  {words.number(listed.left_out)} files left out: not wholly posted")
    return Exit.INCOMPLETE if listed.left_out else Exit.DONE


@contextmanager
def _whole(path: Path) -> Iterator[IO[bytes]]:
    """A file that is there when it is whole and on disk, or not at all."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TargetError(f"{safe_name(os.fsencode(path))}: {error.strerror}.") from error
