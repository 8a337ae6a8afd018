"""What `doctor` says of a terminal: colours, size, UTF-8, clipboard. Pure.

The command asks about its standard output, the screen about what it draws on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from usenetsync_tui.model.machine.findings import Finding, good, warn
from usenetsync_tui.model.text.safe_name import safe_name

SMALLEST = (60, 15)
"""Columns and lines that the screen needs."""
_CLIPBOARD = ("xterm", "tmux", "screen", "alacritty", "foot", "kitty", "wezterm", "ghostty")
"""How the names of terminals begin that know OSC 52."""


def terminal_found(
    environment: Mapping[str, str], size: tuple[int, int], encoding: str
) -> Iterator[Finding]:
    """What the screen has to draw on. `size`: columns and lines. `encoding`: of the stream."""
    term = environment.get("TERM", "")
    columns, lines = size
    detail = f"{safe_name(term) or 'unknown'}, {columns} × {lines}, {_colours(term, environment)}"
    if columns < SMALLEST[0] or lines < SMALLEST[1]:
        least = " × ".join(map(str, SMALLEST))
        yield warn("terminal", detail, f"The screen needs {least}: make the window larger.")
    elif term in ("", "dumb"):
        yield warn("terminal", detail, "Set TERM to what the terminal is, such as xterm-256color.")
    else:
        yield good("terminal", detail)
    encoding = encoding.lower().replace("-", "")
    if encoding == "utf8":
        yield good("UTF-8", "used")
    else:
        advice = "Set LANG to a UTF-8 locale such as C.UTF-8; until then ASCII is drawn."
        yield warn("UTF-8", f"the locale's encoding is {safe_name(encoding) or 'unknown'}", advice)
    yield _clipboard(term, environment)


def _colours(term: str, environment: Mapping[str, str]) -> str:
    if environment.get("NO_COLOR"):
        return "no colours (NO_COLOR)"
    if environment.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "16 million colours"
    return "256 colours" if "256" in term else "16 colours"


def _clipboard(term: str, environment: Mapping[str, str]) -> Finding:
    """OSC 52 cannot be asked for: what is known of the terminal must do."""
    if environment.get("TMUX"):
        advice = "If y copies nothing, set -g set-clipboard on in tmux.conf."
        return good("clipboard", f"through tmux (OSC 52). {advice}")
    if term.startswith(_CLIPBOARD):
        return good("clipboard", "this kind of terminal takes OSC 52, unless it is switched off")
    advice = "If y copies nothing in the screen, select with the mouse (--no-mouse)."
    return warn("clipboard", "it is not known whether this terminal takes OSC 52", advice)
