"""The test of a server as lines: each step with a glyph, its name, its time and its result."""

from __future__ import annotations

import textwrap

from usenetsync_tui.cells import cut
from usenetsync_tui.model.status.tasks import Trial, TrialStep
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Ink, Line

_GLYPHS: dict[bool | None, tuple[str, Ink]] = {
    True: ("✓", "good"),
    False: ("!", "bad"),
    None: ("·", "muted"),
}
_NAME = 13
_TIME = 9
_MOST_DETAIL = 4
"""The most lines of a server's reply; a reply can be long."""


def trial_lines(trial: Trial | None, width: int) -> tuple[Line, ...]:
    """The steps so far and the outcome; None: the test has not started."""
    if trial is None:
        return ((("… waiting for the test to begin", "busy"),),)
    lines: list[Line] = []
    for step in trial.steps:
        lines += _step_lines(step, width)
    if not trial.over:
        lines.append((("… trying", "busy"),))
    elif trial.passed:
        lines.append((("✓ It works: save it.", "good"),))
    else:
        lines.append((("! It does not work. You can save it anyway.", "bad"),))
    return tuple(lines)


def _step_lines(step: TrialStep, width: int) -> list[Line]:
    glyph, ink = _GLYPHS[step.ok]
    indent = 2 + _NAME + _TIME + 2
    room = max(10, width - indent)
    # A reply can be one long word of wide letters: wrapping is not enough, cut it too.
    words = textwrap.wrap(safe_name(step.detail)[:1000], room) or [""]
    if len(words) > _MOST_DETAIL:
        words = [*words[: _MOST_DETAIL - 1], words[_MOST_DETAIL - 1][: room - 1] + "…"]
    detail: Ink = "plain" if step.ok else ink
    first: Line = (
        (f"{glyph} ", ink),
        (cut(safe_name(step.name), _NAME), "plain"),
        (f"{step.seconds * 1000:,.0f} ms".rjust(_TIME) + "  ", "muted"),
        (cut(words[0], room), detail),
    )
    return [first, *(((" " * indent, "plain"), (cut(more, room), detail)) for more in words[1:])]
