"""What went wrong, by cause first, then by file."""

from __future__ import annotations

from collections.abc import Sequence

from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.model.status import EngineStatus
from usenetsync_tui.tui.inks import Line, cut, cut_middle
from usenetsync_tui.tui.words import NOTICE_WORDS

SHOWN_PER_KIND = 3


def notice_lines(status: EngineStatus, width: int, height: int) -> list[Line]:
    """Groups by kind, the one heard of last first; under each its latest files."""
    if not status.notices:
        quiet = "Nothing to report." if status.jobs else "Files with a problem are listed here."
        return [((quiet, "muted"),)]
    lines: list[Line] = []
    for kind, notices in _grouped(status.notices):
        bad = notices[-1].is_error
        mark, ink = ("!", "bad") if bad else ("·", "muted")
        lines.append(
            (
                (f"{mark} {NOTICE_WORDS[kind]}", "bad" if ink == "bad" else "muted"),
                (f" × {len(notices):,}", "plain"),
            )
        )
        lines += [_file(notice, width) for notice in reversed(notices[-SHOWN_PER_KIND:])]
    if status.notice_count > len(status.notices):
        lines.append(((f"the latest {len(status.notices):,} of {status.notice_count:,}", "muted"),))
    return lines


def _grouped(notices: Sequence[Notice]) -> list[tuple[NoticeKind, list[Notice]]]:
    groups: dict[NoticeKind, list[Notice]] = {}
    for notice in notices:
        # Taken out and put back: the group heard of last ends up last.
        groups[notice.kind] = [*groups.pop(notice.kind, ()), notice]
    return list(reversed(groups.items()))


def _file(notice: Notice, width: int) -> Line:
    room = max(8, width - 2)
    path = cut_middle(safe_name(notice.path) or ".", room * 3 // 5)
    reason = safe_name(notice.reason)
    return (("  ", "plain"), (path, "plain"), ("  ", "plain"), (cut(reason, room), "muted"))
