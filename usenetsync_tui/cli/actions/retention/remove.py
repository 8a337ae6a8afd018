"""`usenetsync remove`: a folder goes with all its versions."""

from __future__ import annotations

from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.cli.actions.retention.forget import done_by_engine
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output.confirmed import confirm
from usenetsync_tui.cli.run import Exit, catalogue_to_read, folder_named, start
from usenetsync_tui.model.commands.folders import RemoveFolder
from usenetsync_tui.model.text.figures import plural
from usenetsync_tui.model.text.safe_name import safe_name


def remove(folder: str, yes: bool, wait: float, detach: bool, quiet: bool, as_json: bool) -> None:
    """Remove a folder from the catalogue. Ends the process with its exit code."""
    voice = Voice(as_json, quiet)
    start(lambda: _remove(folder, voice, yes=yes, wait=wait, detach=detach), as_json=as_json)


async def _remove(word: str, voice: Voice, *, yes: bool, wait: float, detach: bool) -> Exit:
    async with catalogue_to_read("remove", quiet=True) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            versions = await snapshots.finished(tx, folder.id)
    words = (
        f"{folder.name} ({safe_name(folder.path)}) will be removed for good, with "
        f"{plural(len(versions), 'version')}. Its files on disk stay."
    )
    await confirm(words, folder.name, yes=yes)
    return await done_by_engine(RemoveFolder(folder.id), "remove", voice, wait=wait, detach=detach)
