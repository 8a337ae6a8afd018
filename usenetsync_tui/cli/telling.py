"""How a job ended, told to people or to scripts."""

from __future__ import annotations

from usenetsync_tui.cli import words
from usenetsync_tui.cli.program import program
from usenetsync_tui.cli.run import Exit
from usenetsync_tui.engine.summary import Summary
from usenetsync_tui.model.folders import Folder, StoreKind
from usenetsync_tui.model.jobs import JobState, Verb
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.servers import ServerStatus
from usenetsync_tui.model.status import JobStatus

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


def tell(summary: Summary, *, as_json: bool) -> None:
    """The summary of a job: a few lines, or one JSON object after its notices."""
    if summary.folder.is_public and summary.folder.own_files:
        words.complain(words.red(f"usenetsync: {summary.folder.name}: {OWN_IN_PUBLIC}"))
    if as_json:
        for notice in summary.notices:
            words.emit("notice", job=summary.figures.id, **words.row(notice))
        words.emit("summary", **_fields(summary))
        return
    glyph = _GLYPHS.get(summary.outcome.state, "‖")
    words.say(f"{glyph} {summary.folder.name}: {summary.outcome.message}")
    if summary.outcome.refusal is not None:
        return
    for line in _figures(summary):
        words.say(f"  {line}")
    for notice in summary.notices[:_SHOWN]:
        words.say(words.reason(notice))
    if summary.notice_count > _SHOWN:
        more = words.number(summary.notice_count - _SHOWN)
        words.say(f"  … and {more} more: {program()} jobs {summary.figures.id}")


def _figures(summary: Summary) -> list[str]:
    figures, snapshot = summary.figures, summary.snapshot
    lines = []
    if snapshot is not None:
        lines.append(
            f"version {snapshot.version} holds {words.number(snapshot.files)} files, "
            f"{words.size(snapshot.size)} (added {words.number(snapshot.added)}, "
            f"modified {words.number(snapshot.modified)}, "
            f"removed {words.number(snapshot.removed)})"
        )
    seconds = max(figures.elapsed, 0.001)
    rate = (
        f"in {words.duration(figures.elapsed)}, {words.size(int(figures.done_bytes / seconds))}/s"
    )
    lines += [_server(s) for s in summary.servers if s.articles or s.errors]
    match figures.verb:
        case Verb.UPLOAD:
            lines.append(
                f"{words.number(figures.done_files)} files read, "
                f"{words.size(figures.posted_bytes)} posted to the "
                f"{summary.folder.realm.store} store, "
                f"{words.size(figures.deduplicated_bytes)} already there; "
                f"{words.number(figures.unchanged)} unchanged; {rate}"
            )
            lines += _posted_as(summary)
            if figures.verified:
                lines.append(f"{words.number(figures.verified)} articles looked for, and there")
        case Verb.RESTORE:
            lines.append(_restored(figures, rate))
            if figures.from_copies:
                count = words.number(figures.from_copies)
                lines.append(f"{count} segments from a further copy: the first was not to be had")
        case Verb.VERIFY:
            pass
    return lines


def _posted_as(summary: Summary) -> list[str]:
    """Where plain articles went, and from whom: a typing error is seen here."""
    folder = summary.folder
    if not folder.is_public or not summary.figures.posted_bytes:
        return []
    poster = "random posters" if folder.realm.is_obfuscated else safe_name(folder.realm.sender)
    return [f"newsgroups: {', '.join(folder.realm.newsgroups)}; poster: {poster}"]


def _headers(folder: Folder) -> dict[str, object]:
    """What the articles of a folder say of themselves; nothing where there is no wire."""
    if folder.realm.store is not StoreKind.USENET:
        return {}
    hidden = not folder.is_public or folder.realm.is_obfuscated
    return {
        "newsgroups": folder.realm.newsgroups,
        "poster": None if hidden else folder.realm.sender,
        "obfuscated": folder.realm.is_obfuscated,
    }


def _restored(figures: JobStatus, rate: str) -> str:
    """What is in the target now: what was there already is part of it, what failed is not."""
    done = f"{words.number(figures.done_files)} files, {words.size(figures.done_bytes)} restored"
    there = f" ({words.number(figures.unchanged)} were there already)" if figures.unchanged else ""
    missed = (
        f"; {words.number(figures.missed_files)} files not restored" if figures.missed_files else ""
    )
    return f"{done}{there} {rate}{missed}"


def _server(server: ServerStatus) -> str:
    """What a server did for the job."""
    return (
        f"{server.name}: {words.number(server.articles)} articles, {words.size(server.bytes)}"
        + (f", {words.number(server.errors)} errors" if server.errors else "")
        + (f" ({safe_name(server.message)})" if server.message else "")
    )


def _fields(summary: Summary) -> dict[str, object]:
    figures = summary.figures
    return {
        "job": figures.id,
        "verb": figures.verb,
        "folder": summary.folder.name,
        "path": summary.folder.path,
        "state": summary.outcome.state,
        "version": summary.outcome.version,
        "message": summary.outcome.message,
        "refusal": summary.outcome.refusal,
        "snapshot": summary.snapshot,
        "entries": figures.entries,
        "unchanged": figures.unchanged,
        "missed": figures.missed_files,
        "files": figures.done_files,
        "bytes": figures.done_bytes,
        "posted_bytes": figures.posted_bytes,
        "deduplicated_bytes": figures.deduplicated_bytes,
        "verified": figures.verified,
        "unverified": figures.unverified,
        "from_copies": figures.from_copies,
        "servers": summary.servers,
        "errors": figures.errors,
        "notices": summary.notice_count,
        "elapsed": round(figures.elapsed, 3),
        **(_headers(summary.folder) if figures.verb is Verb.UPLOAD else {}),
    }
