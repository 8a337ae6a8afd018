"""The lines that show what stays and what goes. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from usenetsync_tui.cells import cut
from usenetsync_tui.model.folders import Snapshot
from usenetsync_tui.model.text.figures import plural, size
from usenetsync_tui.model.text.words import marks_in_words
from usenetsync_tui.model.versions.forgetting import ForgetPreview
from usenetsync_tui.model.versions.kept_versions import KeepVerdict
from usenetsync_tui.tui.kit.inks import Line
from usenetsync_tui.tui.kit.list_lines import minute

_VERSION = 7
_OWN = 9


def verdict_lines(
    verdicts: Sequence[KeepVerdict], versions: Mapping[int, Snapshot], width: int
) -> list[Line]:
    """A line for each version, newest first, that says which rule keeps it."""
    gone = sum(not verdict.is_kept for verdict in verdicts)
    count = plural(len(verdicts), "version")
    head = f"{gone} of {count} would go" if gone else f"All of {count} stay"
    lines: list[Line] = [((cut(f"{head}. Nothing goes before the next upload.", width), "strong"),)]
    for verdict in verdicts:
        began = minute(versions[verdict.version].started_at)
        words = f"✓ {', '.join(verdict.reasons)}" if verdict.is_kept else "x goes"
        number = f"{verdict.version:>{_VERSION}}"
        room = max(0, width - len(number) - len(began) - 4)
        ink = "plain" if verdict.is_kept else "warn"
        lines.append(
            ((number, "strong"), (f"  {began}  ", "muted"), (cut(words, room), ink))  # type: ignore[arg-type]
        )
    return lines


def preview_lines(
    preview: ForgetPreview, versions: Mapping[int, Snapshot], width: int
) -> list[Line]:
    """What forgetting versions frees in all, then a line for each."""
    count = plural(len(preview.versions), "version")
    heads = [f"{count} and what only {'it needs' if len(preview.versions) == 1 else 'they need'}:"]
    if preview.freed_bytes or not preview.unread_bytes:
        heads.append(f"{size(preview.freed_bytes)} freed in the database")
    if preview.unread_bytes:
        heads.append(f"{size(preview.unread_bytes)} stay on Usenet, unread and unchecked")
    if preview.repacked_bytes:
        heads.append(f"up to {size(preview.repacked_bytes)} more by writing packs again")
    if preview.packed_bytes:
        heads.append(f"{size(preview.packed_bytes)} of small files stay in packs with others")
    lines: list[Line] = [((cut(words, width), "strong"),) for words in heads]
    for each in preview.versions:
        marks = marks_in_words(versions[each.version]) if each.version in versions else ""
        words = f"  {minute(each.started_at)}  {size(each.own_bytes):>{_OWN}}  {marks}"
        number = f"{each.version:>{_VERSION}}"
        lines.append(((number, "strong"), (cut(words, max(0, width - len(number))), "muted")))
    return lines
