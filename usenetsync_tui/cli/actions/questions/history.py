"""`usenetsync history FOLDER PATH`: each version in which one path changed, newest first."""

from __future__ import annotations

import os

from usenetsync_tui.catalogue.lookups import past
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.question_fields import past_fields
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.run import Exit, catalogue_to_read, folder_named, start
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.text.figures import NOTHING, size, when, when_ns
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.history import PastState

_COLUMNS = (
    Column("Version", right=True),
    Column("Finished"),
    Column("Change"),
    Column("Size", right=True),
    Column("Modified"),
    Column("Differs in", least=8),
)


def history(folder: str, path: str, as_json: bool) -> None:
    """Print the versions in which a path changed."""
    start(lambda: _history(folder, path, as_json), as_json=as_json, output_is_the_work=True)


async def _history(word: str, typed: str, as_json: bool) -> Exit:
    path = os.fsencode(typed).strip(b"/")
    async with catalogue_to_read("history") as opened, opened.catalogue.transaction() as tx:
        folder = await folder_named(tx, word)
        newest = await snapshots.finished_version(tx, folder.id, None)
        rows = await past.of_path(tx, folder.id, path)
        if not rows:
            from usenetsync_tui.pipeline.restore.version_paths import no_such_path

            raise await no_such_path(tx, folder, newest, path)
    if as_json:
        for row in rows:
            voices.emit("state", **past_fields(folder.name, row))
    else:
        voices.say_table(_COLUMNS, map(_line, rows))
    return Exit.DONE


def _line(row: PastState) -> tuple[str, ...]:
    words = ", ".join(kind.value for kind in row.kinds) or NOTHING
    if row.reason:
        words = f"not backed up: {safe_name(row.reason)}"
    return (
        str(row.version),
        when(row.finished_at) if row.finished_at else NOTHING,
        row.change.value,
        size(row.size or 0) if row.kind is FileKind.REGULAR else NOTHING,
        NOTHING if row.mtime_ns is None else when_ns(row.mtime_ns),
        words,
    )
