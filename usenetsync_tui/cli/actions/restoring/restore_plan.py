"""`restore --dry-run`: what a restore would do to each path; and the question before it deletes."""

from __future__ import annotations

from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.confirmed import require_answer, require_terminal
from usenetsync_tui.cli.output.json_fields import plan_fields, would_restore_fields
from usenetsync_tui.cli.run import Exit
from usenetsync_tui.engine.jobs.guarded import Guarded, planned
from usenetsync_tui.engine.jobs.new_jobs import NewJob
from usenetsync_tui.model.restores.plans import Fate, PlannedPath, PlanTotals
from usenetsync_tui.model.text.figures import number, plural, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import FATE_SUMS, FATE_WORDS

_NAMED = 10
"""Paths that the question lists."""


async def show_plan(catalogue: Catalogue, new: NewJob, guarded: Guarded, voice: Voice) -> Exit:
    """Print what the restore would do to each path, and the sums. Changes nothing."""
    totals = PlanTotals()
    async for batch in planned(catalogue, new, guarded):
        totals = totals.plus(batch)
        for row in batch.rows:
            if voice.as_json:
                voices.emit("would_restore", **would_restore_fields(new.folder.name, row))
            elif not voice.quiet or row.fate is Fate.FAIL:
                voices.say(_line(row))
        for problem in batch.problems:
            voices.complain(f"usenetsync: {problem}")
    if voice.as_json:
        fields = plan_fields(new.folder.name, new.version, new.target or b"", new.choices, totals)
        voices.emit("restore_plan", **fields)
    elif not voice.quiet:
        for line in _sums(new, totals):
            voices.say(line)
    return Exit.INCOMPLETE if totals.fail.paths or totals.problems else Exit.DONE


async def confirm_deletion(
    catalogue: Catalogue, new: NewJob, guarded: Guarded, *, yes: bool
) -> None:
    """Let the user confirm what a restore deletes, if it does. `UsageError` if he does not."""
    if yes or not new.choices.delete:
        return
    require_terminal(
        "--delete asks before it deletes, and nobody can answer here. Add --yes to delete "
        "without a question, or --dry-run to see what it would delete."
    )
    totals, first = PlanTotals(), list[PlannedPath]()
    async for batch in planned(catalogue, new, guarded, only_deleted=True):
        totals = totals.plus(batch)
        first += batch.rows[: max(0, _NAMED - len(first))]
    count = totals.delete.paths
    if not count:
        return
    target = safe_name(new.target or b"")
    voices.complain(f"{target} has {plural(count, 'path')} that version {new.version} has not:")
    for row in first:
        voices.complain(f"  {safe_name(row.path)}")
    if count > len(first):
        voices.complain(f"  … and {number(count - len(first))} more: --dry-run lists them all")
    them = "it" if count == 1 else "them"
    await require_answer(f"Type yes to restore, and to delete {them} then.")


def _line(row: PlannedPath) -> str:
    words = f"{FATE_WORDS[row.fate]:<11}  {safe_name(row.path)}"
    if row.size:
        words += f"  {size(row.size)}"
    return f"{words}  ({safe_name(row.reason)})" if row.reason else words


def _sums(new: NewJob, totals: PlanTotals) -> list[str]:
    lines = [f"{safe_name(new.target or b'')}: version {new.version} of {new.folder.name}"]
    for fate in Fate:
        count = totals.of(fate)
        if count.paths:
            paths = plural(count.paths, "path")
            lines.append(f"  {paths} {FATE_SUMS[fate]}, {size(count.bytes)}")
    return [*lines, "  Nothing was changed."]
