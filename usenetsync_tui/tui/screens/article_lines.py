"""An article as one line of a list, and all its fields as lines. Pure functions."""

from __future__ import annotations

import textwrap
from datetime import datetime

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.ports.browser import ArticleRow
from usenetsync_tui.model.segments import SegmentStatus
from usenetsync_tui.model.text.figures import NOTHING, plural, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Ink, Line
from usenetsync_tui.tui.kit.list_lines import MARK, mark

ARTICLE_STATES: dict[SegmentStatus, tuple[str, Ink]] = {
    SegmentStatus.PLANNED: ("· planned", "muted"),
    SegmentStatus.SENDING: ("▲ sending", "busy"),
    SegmentStatus.POSTED: ("✓ posted", "good"),
    SegmentStatus.VERIFIED: ("✓ verified", "good"),
    SegmentStatus.MISSING: ("! missing", "bad"),
    SegmentStatus.FAILED: ("! failed", "bad"),
    SegmentStatus.STALE: ("x stale", "muted"),
}
_SEGMENT = 8
_COPY = 6
_SIZE = 9
_STATE = 12
_SERVER = 12
_TRIES = 6
_GAP = "  "
_WIDE = 96
"""The width in cells from which the payload also has a column."""
_LABEL = 17


def _rest(width: int) -> int:
    """Cells left for the Message-ID."""
    payload = _SIZE if width >= _WIDE else 0
    taken = MARK + _SEGMENT + _COPY + _SIZE + payload + _STATE + _SERVER + _TRIES
    return max(0, width - taken - 2 * len(_GAP))


def article_header(width: int) -> Line:
    """The names of the columns."""
    payload = f"{'PAYLOAD':>{_SIZE}}" if width >= _WIDE else ""
    text = (
        f"{' ' * MARK}{'SEGMENT':>{_SEGMENT}}{'COPY':>{_COPY}}{'SIZE':>{_SIZE}}{payload}{_GAP}"
        f"{'STATE':<{_STATE}}{'SERVER':<{_SERVER}}{'TRIES':>{_TRIES}}{_GAP}MESSAGE-ID"
    )
    return ((cut(text, width), "muted"),)


def article_line(row: ArticleRow, width: int, *, cursor: bool) -> Line:
    """Segment and copy from 1, sizes, state, server, tries, Message-ID."""
    word, ink = ARTICLE_STATES[row.status]
    payload = f"{size(row.payload_size):>{_SIZE}}" if width >= _WIDE else ""
    server = cut_middle(safe_name(row.server) or NOTHING, _SERVER - 1)
    return (
        *mark(cursor=cursor),
        (f"{row.index + 1:>{_SEGMENT},}{row.redundancy + 1:>{_COPY}}", "plain"),
        (f"{size(row.size):>{_SIZE}}{payload}{_GAP}", "muted"),
        (cut(word, _STATE), ink),
        (f"{cut(server, _SERVER)}{row.tries:>{_TRIES}}{_GAP}", "muted"),
        (cut_middle(safe_name(row.message_id), _rest(width)), "plain"),
    )


def article_lines(row: ArticleRow, width: int) -> list[Line]:
    """Every field of an article after its name; long values are wrapped, none is cut."""
    word, ink = ARTICLE_STATES[row.status]
    lines: list[Line] = []
    fields: list[tuple[str, str, Ink]] = [
        ("Message-ID", f"<{safe_name(row.message_id)}>", "strong"),
        *(("also known as", f"<{safe_name(alias)}>", "plain") for alias in row.aliases),
        ("state", word, ink),
        ("server", safe_name(row.server) or NOTHING, "plain"),
        (
            "server reply",
            safe_name(row.error) if row.error else NOTHING,
            "bad" if row.error else "muted",
        ),
        ("tries", f"{row.tries:,}", "plain"),
        ("not found", plural(row.checks, "time"), "plain"),
        ("posted again", plural(row.reposts, "time"), "plain"),
        ("posted", _second(row.posted_at), "plain"),
        ("verified", _second(row.verified_at), "plain"),
        ("source", f"{size(row.size)} ({row.size:,} bytes)", "plain"),
        ("payload", f"{size(row.payload_size)} ({row.payload_size:,} bytes)", "plain"),
        ("on the wire", f"{row.wire_size:,} bytes" if row.wire_size else NOTHING, "plain"),
        ("digest", f"{row.algorithm}:{row.hash.hex()}", "plain"),
    ]
    for label, text, shade in fields:
        for number, part in enumerate(_wrapped(text, width - _LABEL)):
            lines.append(((cut("" if number else label, _LABEL), "muted"), (part, shade)))
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    # East Asian letters take two cells: wrap as if every letter of such a text did.
    room = max(8, width if text.isascii() else width // 2)
    return textwrap.wrap(text, room, break_on_hyphens=False) or [NOTHING]


def _second(at: datetime | None) -> str:
    return NOTHING if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")
