"""Prints the result of a job, for people or for scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from usenetsync_tui.cli.options import Voice
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.json_fields import notice_fields, summary_fields
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit
from usenetsync_tui.model.entries import Notice
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.outcomes import Summary
from usenetsync_tui.model.servers.servers import ServerStatus
from usenetsync_tui.model.status.jobs import JobStatus
from usenetsync_tui.model.text.figures import elapsed, number, plural, rate, size
from usenetsync_tui.model.text.safe_name import safe_name

_SHOWN = 20
CODES = {
    JobState.COMPLETED: Exit.DONE,
    JobState.INCOMPLETE: Exit.INCOMPLETE,
    JobState.FAILED: Exit.FAILED,
    JobState.CANCELLED: Exit.INTERRUPTED,
    JobState.QUEUED: Exit.INTERRUPTED,
}
OWN_IN_PUBLIC = "UsenetSync's OWN PASSWORDS AND KEYS are in it, and everybody can read it."
_GLYPHS = {JobState.COMPLETED: "✓", JobState.INCOMPLETE: "!", JobState.FAILED: "!"}


def tell(summary: Summary, voice: Voice, *, is_kept: bool = True) -> None:
    """Print the summary of a job: a few lines, or one JSON object after its notices.

    With ``--quiet`` it prints nothing for a completed job, and only the problems of any other one;
    for people on standard error. `is_kept`: `jobs` shows the rest of many notices.
    """
    is_done = summary.outcome.state is JobState.COMPLETED
    if voice.quiet and is_done:
        return
    if summary.folder.is_public and summary.folder.own_files:
        voices.complain(voices.red(f"usenetsync: {summary.folder.name}: {OWN_IN_PUBLIC}"))
    if voice.as_json:
        for notice in filter(lambda n: n.is_error or not voice.quiet, summary.notices):
            voices.emit("notice", **notice_fields(summary.figures.id, notice))
        voices.emit("summary", **summary_fields(summary))
        return
    lines = _problems(summary, is_kept) if voice.quiet else _all(summary, is_kept)
    for line in lines:
        voices.complain(line) if voice.quiet else voices.say(line)


def _all(summary: Summary, is_kept: bool) -> Iterator[str]:
    yield _head(summary)
    if summary.outcome.refusal is not None:
        return
    for line in _figures(summary):
        yield f"  {line}"
    yield from _notices(summary, summary.notices, is_kept)


def _problems(summary: Summary, is_kept: bool) -> Iterator[str]:
    yield _head(summary)
    yield from _notices(summary, tuple(n for n in summary.notices if n.is_error), is_kept)


def _head(summary: Summary) -> str:
    glyph = _GLYPHS.get(summary.outcome.state, "‖")
    return f"{glyph} {safe_name(summary.folder.name)}: {safe_name(summary.outcome.message)}"


def _notices(summary: Summary, notices: Sequence[Notice], is_kept: bool) -> Iterator[str]:
    most = _SHOWN if is_kept else len(notices)
    for notice in notices[:most]:
        yield voices.reason(notice)
    left_out = summary.notice_count - len(summary.notices) + max(0, len(notices) - most)
    if left_out > 0:
        where = f": {program()} jobs {summary.figures.id}" if is_kept else ""
        yield f"  … and {number(left_out)} more{where}"


def _figures(summary: Summary) -> list[str]:
    figures, snapshot = summary.figures, summary.snapshot
    lines = []
    if snapshot is not None and figures.verb is Verb.UPLOAD:
        lines.append(_holds(snapshot, made=summary.outcome.made))
    match figures.verb:
        case Verb.UPLOAD:
            lines += _uploaded(summary)
        case Verb.RESTORE:
            lines += _restored(figures)
        case Verb.FORGET | Verb.REMOVE:
            lines += [*summary.outcome.detail.split("; "), f"took {elapsed(figures.elapsed)}"]
        case Verb.VERIFY | Verb.INDEX:
            lines.append(f"took {elapsed(figures.elapsed)}")
    return lines + [_server(s) for s in summary.servers if s.articles or s.errors]


def _holds(snapshot: Snapshot, *, made: bool) -> str:
    """The contents of a version, and its changes if this job made it."""
    links = f", {plural(snapshot.symlinks, 'symlink')}" if snapshot.symlinks else ""
    words = f"holds {plural(snapshot.files, 'file')}{links}, {size(snapshot.size)}"
    if not made:
        return words
    changes = f"{number(snapshot.added)} added, {number(snapshot.modified)} changed"
    return f"{words}: {changes}, {number(snapshot.removed)} removed"


def _uploaded(summary: Summary) -> Iterator[str]:
    figures, store = summary.figures, summary.folder.realm.store
    if figures.done_files:
        yield _moved(f"{plural(figures.done_files, 'file')} read", figures.done_bytes, figures)
    if figures.unchanged:
        yield f"{plural(figures.unchanged, 'entry', 'entries')} unchanged, not read"
    if figures.posted_bytes or figures.done_files:
        stored = figures.deduplicated_bytes
        there = f", {size(stored)} stored already" if stored else ""
        yield f"{size(figures.posted_bytes)} posted to the {store} store{there}"
    yield from _posted_as(summary)
    if figures.verified:
        yield f"{plural(figures.verified, 'article')} checked, present"


def _posted_as(summary: Summary) -> Iterator[str]:
    """Newsgroups and poster of plain articles, so that the user sees a typing error."""
    folder = summary.folder
    if not folder.is_public or not summary.figures.posted_bytes:
        return
    poster = "random posters" if folder.realm.is_obfuscated else safe_name(folder.realm.sender)
    yield f"newsgroups: {', '.join(folder.realm.newsgroups)}; poster: {poster}"


def _restored(figures: JobStatus) -> Iterator[str]:
    """The files restored, left alone as identical, and not restored."""
    written = figures.done_files - figures.unchanged
    if written or not figures.unchanged:
        fresh = figures.done_bytes - figures.kept_bytes
        yield _moved(f"{plural(written, 'file')} restored", fresh, figures)
    if figures.unchanged:
        kept = plural(figures.unchanged, "file")
        yield f"{kept} already there, {size(figures.kept_bytes)}: left alone"
    if figures.deleted:
        yield f"{plural(figures.deleted, 'path')} deleted that the version does not have"
    if figures.missed_files:
        yield f"{plural(figures.missed_files, 'file')} not restored"
    if figures.from_copies:
        count = plural(figures.from_copies, "segment")
        yield f"{count} from another copy, because the first was not available"


def _moved(what: str, count: int, figures: JobStatus) -> str:
    """``20 files read, 1.2 MB in 0.4 s, 3.1 MB/s``; no speed for 0 bytes."""
    words = f"{what}, {size(count)} in {elapsed(figures.elapsed)}"
    if not count or figures.elapsed <= 0:
        return words
    return f"{words}, {rate(count / figures.elapsed)}"


def _server(server: ServerStatus) -> str:
    """What a server did in the job."""
    return (
        f"{server.name}: {plural(server.articles, 'article')}, {size(server.bytes)}"
        + (f", {plural(server.errors, 'error')}" if server.errors else "")
        + (f" ({safe_name(server.message)})" if server.message else "")
    )
