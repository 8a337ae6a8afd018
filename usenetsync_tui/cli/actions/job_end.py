"""How a verb ends that did its job, or waited for it, or left it: report and exit code."""

from __future__ import annotations

from usenetsync_tui.cli.actions.job_report import CODES, tell
from usenetsync_tui.cli.errand.errand import WantedJob
from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import progress, voices
from usenetsync_tui.cli.output.json_fields import verified_fields
from usenetsync_tui.cli.run import Exit
from usenetsync_tui.cli.signals import stopped_by, tell_interrupted
from usenetsync_tui.engine.jobs.command_job import CommandJob
from usenetsync_tui.model.outcomes import Summary, Verified
from usenetsync_tui.model.text.figures import exact_percent, number, plural, when


def left(job: WantedJob) -> Exit:
    """The exit code of a job that was left to the engine. Raises why it was refused."""
    if job.refused is not None:
        raise job.refused
    return Exit.DONE


def concluded(job: WantedJob, voice: Voice) -> Exit:
    """Print how a job ended; returns the exit code. Raises why it was refused."""
    if job.refused is not None:
        raise job.refused
    if job.summary is None:
        tell_interrupted(voice)
        return Exit.INTERRUPTED
    if job.summary.outcome.verified is not None:
        _tell_found(job.summary.outcome.verified, voice)
    tell(job.summary, voice)
    return CODES[job.summary.outcome.state]


async def worked(job: CommandJob, voice: Voice) -> Summary:
    """Run a job to its end, or until a signal stops it."""
    with stopped_by(job.stop, lambda: progress.standing(job.figures), voice):
        return await job.work()


def _tell_found(found: Verified, voice: Voice) -> None:
    bad = found.missing + found.damaged + found.unknown
    if voice.quiet and not bad and not found.lost:
        return
    if voice.as_json:
        voices.emit("verified", **verified_fields(found))
        return
    tell = voices.complain if voice.quiet else voices.say
    # Articles known to be lost for good are not checked again, but still count as missing.
    lacking = max((count for _, count in found.lost), default=0)
    lost = max(0, lacking - max(0, found.missing + found.damaged - found.reposted))
    total = found.checked + lost
    tell(
        f"verified {exact_percent(found.checked - bad, total)} of {plural(total, 'article')}: "
        f"{number(found.missing + lost)} missing, {number(found.damaged)} damaged"
        + (f", {number(found.unknown)} unknown" if found.unknown else "")
        + (f", {number(found.reposted)} posted again" if bad > found.unknown else "")
    )
    if found.sample > 1:
        tell(f"  This was part {found.part + 1} of {found.sample}; the next check takes another.")
    if found.continued_from is not None:
        began = when(found.continued_from)
        tell(f"  This continued the check of {began}: what that found is included.")
    for version, count in found.lost:
        tell(f"  version {version} still lacks {plural(count, 'article')}")
