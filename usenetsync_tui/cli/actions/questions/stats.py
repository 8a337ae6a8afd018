"""`usenetsync stats [FOLDER]`: what folders have, what is stored, and what each version cost."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.catalogue.lookups import costs
from usenetsync_tui.catalogue.session import Transaction
from usenetsync_tui.catalogue.tables import folders, snapshots
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.question_fields import cost_fields, stats_fields
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.run import Exit, catalogue_to_read, folder_named, start
from usenetsync_tui.model.folders import Folder, Snapshot
from usenetsync_tui.model.text.figures import NOTHING, number, size, when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.model.versions.history import StoredBytes, VersionCost

_FOLDERS = (
    Column("Folder", least=8),
    Column("Versions", right=True),
    Column("Files", right=True),
    Column("Newest", right=True),
    Column("All versions", right=True),
    Column("Unique", right=True),
    Column("Compressed", right=True),
    Column("Posted", right=True),
    Column("Index", right=True),
)
_VERSIONS = (
    Column("Version", right=True),
    Column("Finished"),
    Column("Files", right=True),
    Column("Size", right=True),
    Column("Changed files", right=True),
    Column("Changed", right=True),
    Column("Posted", right=True),
)
_TOGETHER = "all, shared once"


@value_object
class _Stats:
    """The figures of a folder, or of all together."""

    name: str | None
    newest: Sequence[Snapshot]
    every: Sequence[Snapshot]
    stored: StoredBytes


def stats(folder: str | None, as_json: bool) -> None:
    """Print the figures of a folder with its versions, or of every folder."""
    start(lambda: _stats(folder, as_json), as_json=as_json, output_is_the_work=True)


async def _stats(word: str | None, as_json: bool) -> Exit:
    async with catalogue_to_read("stats") as opened:
        async with opened.catalogue.transaction() as tx:
            asked = await folders.every(tx) if word is None else [await folder_named(tx, word)]
        found: list[_Stats] = []
        for folder in asked:
            async with opened.catalogue.transaction() as tx:
                found.append(await _of_folder(tx, folder))
                versions = await costs.of_versions(tx, folder.id) if as_json or word else []
            _tell_versions(folder, versions, as_json=as_json)
        if len(found) > 1:
            async with opened.catalogue.transaction() as tx:
                stored = await costs.stored_bytes(tx, None)
            newest = [s for each in found for s in each.newest]
            every = [s for each in found for s in each.every]
            found.append(_Stats(None, newest, every, stored))
    if as_json:
        for each in found:
            fields = stats_fields(each.name, each.newest, each.every, each.stored)
            voices.emit("stats", **fields)
    elif found:
        voices.say_table(_FOLDERS, map(_line, found))
    else:
        voices.say("No folders yet. Back one up: usenetsync upload PATH")
    return Exit.DONE


async def _of_folder(tx: Transaction, folder: Folder) -> _Stats:
    every = await snapshots.finished(tx, folder.id)
    return _Stats(folder.name, every[-1:], every, await costs.stored_bytes(tx, folder.id))


def _tell_versions(folder: Folder, versions: Sequence[VersionCost], *, as_json: bool) -> None:
    if as_json:
        for row in versions:
            voices.emit("cost", **cost_fields(folder.name, row))
    elif versions:
        voices.say_table(_VERSIONS, map(_version, versions))
        voices.say("")


def _version(row: VersionCost) -> tuple[str, ...]:
    return (
        str(row.version),
        when(row.finished_at) if row.finished_at else NOTHING,
        number(row.files),
        size(row.size),
        number(row.changed_files),
        size(row.changed_bytes),
        size(row.posted_bytes),
    )


def _line(row: _Stats) -> tuple[str, ...]:
    return (
        _TOGETHER if row.name is None else safe_name(row.name),
        number(len(row.every)),
        number(sum(s.files for s in row.newest)),
        size(sum(s.size for s in row.newest)),
        size(sum(s.size for s in row.every)),
        size(row.stored.unique),
        size(row.stored.compressed),
        size(row.stored.posted),
        size(row.stored.index),
    )
