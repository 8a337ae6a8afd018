"""`usenetsync forget`: what it would free, a question, and the job that deletes it."""

from __future__ import annotations

from collections.abc import Iterator

from usenetsync_tui.catalogue.tables.forgetting.versions import pending
from usenetsync_tui.catalogue.tables.forgetting.would_free import would_free
from usenetsync_tui.cli.actions.job_end import concluded, left
from usenetsync_tui.cli.errand.detached import detached
from usenetsync_tui.cli.errand.errand import Errand, WantedJob, with_progress
from usenetsync_tui.cli.keeping.options import rules_typed
from usenetsync_tui.cli.keeping.wanted_versions import WantedVersions, wanted_versions
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.confirmed import confirm
from usenetsync_tui.cli.output.retention_fields import preview_fields, space_fields
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.run import Exit, catalogue_to_read, environment, folder_named, start
from usenetsync_tui.model.commands.command import Command
from usenetsync_tui.model.commands.jobs import Forget
from usenetsync_tui.model.text.figures import plural, size, when
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.versions.forgetting import ForgetPreview, VersionSpace
from usenetsync_tui.model.versions.keep_rules import TimeSpan

_COLUMNS = (
    Column("Version", right=True),
    Column("Began"),
    Column("Only it needs", right=True),
)


def forget(
    folder: str,
    versions: tuple[int, ...],
    keep_last: int,
    keep_hourly: int,
    keep_daily: int,
    keep_weekly: int,
    keep_monthly: int,
    keep_yearly: int,
    keep_within: TimeSpan | None,
    keep_tag: tuple[str, ...],
    policy: bool,
    dry_run: bool,
    yes: bool,
    wait: float,
    detach: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Forget versions, and print what that frees. Ends the process with its exit code."""
    voice = Voice(as_json, quiet)
    rules = rules_typed(
        *(keep_last, keep_hourly, keep_daily, keep_weekly, keep_monthly, keep_yearly),
        keep_within,
        keep_tag,
    )
    wanted = wanted_versions(versions, rules, policy=policy)
    start(
        lambda: _forget(folder, wanted, voice, dry_run=dry_run, yes=yes, wait=wait, detach=detach),
        as_json=as_json,
        output_is_the_work=dry_run,
    )


async def _forget(
    word: str,
    wanted: WantedVersions,
    voice: Voice,
    *,
    dry_run: bool,
    yes: bool,
    wait: float,
    detach: bool,
) -> Exit:
    async with catalogue_to_read("forget", quiet=True) as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            versions = await wanted.of(tx, folder, voice, tells=dry_run)
            begun = [] if dry_run else await pending(tx, folder.id)
        if not versions and not begun:
            return Exit.DONE
        async with opened.catalogue.transaction() as tx:
            preview = await would_free(tx, folder.id, versions)
    if preview.versions and (dry_run or not voice.quiet):
        tell_preview(preview, voice)
    if dry_run:
        return Exit.DONE
    count = plural(len(preview.versions), "version")
    if preview.versions:  # those forgotten already, by a run that was stopped, need no question
        await confirm(f"{folder.name}: {count} will be forgotten for good.", "yes", yes=yes)
    command = Forget(folder.id, tuple(sorted({*versions, *begun})))
    return await done_by_engine(command, "forget", voice, wait=wait, detach=detach)


async def done_by_engine(
    command: Command, what: str, voice: Voice, *, wait: float, detach: bool
) -> Exit:
    """Have a job done by the engine that runs, or by one of our own; returns the exit code."""
    settings, locations = environment()
    jobs = [WantedJob(command)]
    if detach:
        await detached(settings, locations, jobs, what, voice)
        return left(jobs[0])
    errand = Errand(settings, locations, jobs, what=what, voice=voice, wait=wait)
    await with_progress(errand, voice)
    return concluded(jobs[0], voice)


def tell_preview(preview: ForgetPreview, voice: Voice) -> None:
    """Print what forgetting versions would free."""
    if voice.as_json:
        for version in preview.versions:
            voices.emit("would_free", **space_fields(preview.folder, version))
        voices.emit("forget_preview", **preview_fields(preview))
        return
    voices.say_table(_COLUMNS, map(_line, preview.versions))
    for line in preview_words(preview):
        voices.say(line)


def preview_words(preview: ForgetPreview) -> Iterator[str]:
    """What forgetting the versions together frees, and what stays, in sentences."""
    name, count = safe_name(preview.folder), plural(len(preview.versions), "version")
    if preview.freed_bytes or not preview.unread_bytes:
        yield f"{name}: {count}, {size(preview.freed_bytes)} freed in the database"
    if preview.unread_bytes:
        yield (
            f"{name}: {size(preview.unread_bytes)} stay on Usenet, unread and unchecked: nothing "
            "can be deleted there"
        )
    if preview.repacked_bytes:
        yield (
            f"{size(preview.repacked_bytes)} of small files are in packs that other files need: "
            "packs of which a twentieth or more is needless are written again without it"
        )
    if preview.packed_bytes:
        yield f"{size(preview.packed_bytes)} of small files stay in packs that other files need"


def _line(row: VersionSpace) -> tuple[str, ...]:
    return str(row.version), when(row.started_at), size(row.own_bytes)
