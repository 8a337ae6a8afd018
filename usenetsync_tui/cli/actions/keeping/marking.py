"""`usenetsync tag` and `protect`: what the user says about versions."""

from __future__ import annotations

from functools import partial

import click

from usenetsync_tui.cli.actions.keeping.asking import asked, folder_meant
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.keeping_fields import marked_fields
from usenetsync_tui.cli.run import Exit, start
from usenetsync_tui.engine.requests import keeping
from usenetsync_tui.model.commands.versions import ProtectVersions, TagVersion
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.version_marks import MarkedVersion, MarkedVersions


def tag(
    folder: str, version: int, tags: tuple[str, ...], remove: bool, wait: float, as_json: bool
) -> None:
    """Change the tags of a version, and print them. Ends the process with its exit code."""
    if not tags and not remove:
        raise click.UsageError("Name at least one tag.")
    start(partial(_tag, folder, version, tags, remove, wait, Voice(as_json)), as_json=as_json)


def protect(
    folder: str, versions: tuple[int, ...], remove: bool, wait: float, as_json: bool
) -> None:
    """Protect versions, and print them. Ends the process with its exit code."""
    start(partial(_protect, folder, versions, remove, wait, Voice(as_json)), as_json=as_json)


async def _tag(
    word: str, version: int, tags: tuple[str, ...], remove: bool, wait: float, voice: Voice
) -> Exit:
    folder = await folder_meant(word, "tag")
    wanted = TagVersion(folder.id, version, tags, remove)
    return _tell(await asked(wanted, keeping.tag, "tag", wait, voice), voice)


async def _protect(
    word: str, versions: tuple[int, ...], remove: bool, wait: float, voice: Voice
) -> Exit:
    folder = await folder_meant(word, "protect")
    wanted = ProtectVersions(folder.id, versions, remove)
    return _tell(await asked(wanted, keeping.protect, "protect", wait, voice), voice)


def _tell(marked: MarkedVersions | None, voice: Voice) -> Exit:
    if marked is None:
        return Exit.INTERRUPTED
    for version in marked.versions:
        if voice.as_json:
            voices.emit("marked", **marked_fields(marked.folder, version))
        else:
            voices.say(f"{safe_name(marked.folder)}, version {version.version}: {_words(version)}")
    return Exit.DONE


def _words(version: MarkedVersion) -> str:
    words = ["protected" if version.protected else "not protected"]
    words.append(f"tags {', '.join(version.tags)}" if version.tags else "no tags")
    return ", ".join(words)
