"""`usenetsync upload PATH… --dry-run`: what an upload would do, found without doing it."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import dry_run_fields, notice_fields, would_fields
from usenetsync_tui.cli.run import Exit, catalogue_to_read, environment
from usenetsync_tui.engine.opening import OpenCatalogue
from usenetsync_tui.engine.own_paths import own_paths
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.dry_runs import DryRunBatch, DryRunRow, DryRunTotals
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.filters import Filters
from usenetsync_tui.model.sources import Refusal
from usenetsync_tui.model.text.figures import number, plural, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import CHANGE_WORDS
from usenetsync_tui.pipeline.upload.dry_run import DryRun, RefusedError
from usenetsync_tui.settings.settings import Settings


async def dry_run(
    paths: Sequence[bytes], choices: FolderChoices, *, allow_shrink: bool, as_json: bool
) -> Exit:
    """Print what the upload of each folder would do. Writes nothing to catalogue or store."""
    settings, _ = environment()
    end = Exit.DONE
    async with catalogue_to_read("upload --dry-run") as opened:
        for path in paths:
            found = await _of_folder(opened, settings, path, choices, allow_shrink, as_json)
            end = max(end, found)
    return end


async def _of_folder(
    opened: OpenCatalogue,
    settings: Settings,
    path: bytes,
    choices: FolderChoices,
    allow_shrink: bool,
    as_json: bool,
) -> Exit:
    _, locations = environment()
    async with opened.catalogue.transaction() as tx:
        folder = await folders.by_path(tx, path)
    name = folder.name if folder is not None else None
    own_files = choices.own_files
    if own_files is None:
        own_files = folder is not None and folder.own_files
    wanted = DryRun(
        opened.catalogue,
        path,
        folder,
        choices.filters.applied_to(folder.filters if folder is not None else Filters()),
        settings.global_patterns,
        own_paths(settings, locations, opened.own, own_files),
        choices.ignore_inode,
        allow_shrink,
    )
    copies = choices.copies or (folder.copies if folder is not None else 1)
    totals, refusal = DryRunTotals(), None
    try:
        async for batch in wanted.batches():
            totals = totals.plus(batch, copies)
            _tell(batch, name, as_json=as_json)
    except RefusedError as error:
        refusal = error.refusal
    _conclude(name, path, totals, refusal, as_json=as_json)
    if refusal is not None:
        return Exit.FAILED
    return Exit.INCOMPLETE if totals.problems else Exit.DONE


def _tell(batch: DryRunBatch, name: str | None, *, as_json: bool) -> None:
    for row in batch.rows:
        if as_json:
            voices.emit("would", **would_fields(name, row))
        else:
            voices.say(_line(row))
    for problem in batch.problems:
        notice = Notice(problem.kind, problem.path, problem.reason)
        if as_json:
            voices.emit("notice", **notice_fields(None, notice))
        else:
            voices.say(voices.reason(notice))


def _line(row: DryRunRow) -> str:
    words = f"{CHANGE_WORDS[row.change]:<10}  {safe_name(row.path) or '.'}"
    if row.to_post:
        words += f"  {size(row.to_post)}"
    return f"{words}  {row.rule}" if row.rule is not None else words


def _conclude(
    name: str | None, path: bytes, totals: DryRunTotals, refusal: Refusal | None, *, as_json: bool
) -> None:
    if as_json:
        voices.emit("dry_run", **dry_run_fields(name, path, totals, refusal))
        return
    counts = ", ".join(
        f"{number(getattr(totals, word))} {word}"
        for word in ("added", "modified", "removed", "excluded", "unchanged")
    )
    voices.say(f"{safe_name(path)}: {counts}")
    if totals.problems:
        voices.say(f"  {plural(totals.problems, 'problem')}: the version would be incomplete")
    voices.say(
        f"  at most {size(totals.to_post)} to post, before deduplication and compression. "
        "Nothing was changed."
    )
    if refusal is not None:
        voices.complain(f"usenetsync: the upload would be refused. {refusal}")
