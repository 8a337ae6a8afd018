"""What forgetting versions has freed so far, for `usenetsync db status`."""

from __future__ import annotations

from usenetsync_tui.catalogue.tables.forgetting import freed
from usenetsync_tui.cli.run import catalogue_to_read
from usenetsync_tui.errors import UsenetSyncError
from usenetsync_tui.model.text.figures import plural, size, when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.forgetting import FreedInAll

_SHOWN = 5


async def freed_so_far() -> FreedInAll:
    """What all jobs have freed, of a database that runs.

    What stops this does not stop the status of the database: the reason is in `unknown`.
    """
    try:
        async with (
            catalogue_to_read("db", quiet=True) as opened,
            opened.catalogue.transaction() as tx,
        ):
            freed_bytes, unread_bytes = await freed.all_jobs(tx)
            latest = await freed.latest(tx, _SHOWN)
    except UsenetSyncError as error:
        return FreedInAll(unknown=str(error))
    return FreedInAll(freed_bytes, unread_bytes, tuple(latest))


def freed_lines(space: FreedInAll) -> list[tuple[str, str]]:
    """The head and text of each line."""
    if space.unknown:
        return [("Freed", f"not known: {safe_name(space.unknown)}")]
    words = f"{size(space.freed_bytes)} by forgetting versions"
    if space.unread_bytes:
        words += f"; {size(space.unread_bytes)} stay on Usenet, unread"
    lines = [("Freed", words)]
    for each in space.latest:
        text = f"{when(each.began_at)}: {safe_name(each.folder)}, "
        text += f"{plural(each.versions, 'version')}, {size(each.freed_bytes)}"
        if each.finished_at is None:
            text += ", not finished"
        elif each.disk_before is not None and each.disk_after is not None:
            text += f"; on disk {size(each.disk_before)} before, {size(each.disk_after)} after"
        lines.append(("", text))
    return lines
