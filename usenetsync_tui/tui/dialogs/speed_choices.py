"""The speeds one is asked to choose from, and how another one is typed."""

from __future__ import annotations

from textual.widget import Widget

from usenetsync_tui.model.commands import LimitBandwidth
from usenetsync_tui.model.figures import rate
from usenetsync_tui.model.safe_name import safe_name
from usenetsync_tui.tui.dialogs.choices_dialog import SpeedDialog
from usenetsync_tui.tui.kit.command_request import CommandRequest
from usenetsync_tui.tui.kit.question import Ask, Choice

_TYPED = "typed"
SPEEDS = (
    *(
        Choice(str(key), label, hint, str(speed))
        for key, (label, hint, speed) in enumerate(
            (
                ("as fast as it goes", "", 0),
                ("1 MB/s", "8 Mbit/s", 1_000_000),
                ("5 MB/s", "40 Mbit/s", 5_000_000),
                ("10 MB/s", "80 Mbit/s", 10_000_000),
                ("25 MB/s", "200 Mbit/s", 25_000_000),
                ("50 MB/s", "400 Mbit/s", 50_000_000),
                ("100 MB/s", "800 Mbit/s", 100_000_000),
            )
        )
    ),
    Choice("o", "another speed", "typed, like 30M or 200Mbit/s", _TYPED),
)


def ask_speed(widget: Widget, now: int, *, server: str = "") -> None:
    """Ask how fast to post to a server, or to all together, and have `widget` want the answer.

    `now` is the limit in force, in bytes a second; 0: none.
    """
    whom = f"to {safe_name(server)}" if server else "to all servers together"
    state = f"Now at most {rate(now)}." if now else "Now as fast as it goes."

    def limit(speed: int | None) -> None:
        if speed is not None:
            said = f"At most {rate(speed)} {whom}." if speed else f"As fast as it goes {whom}."
            widget.post_message(CommandRequest(LimitBandwidth(speed, server), said=said))

    def answered(choice: str | None) -> None:
        if choice == _TYPED:
            widget.app.push_screen(SpeedDialog(now, server=safe_name(server)), limit)
        elif choice is not None:
            limit(int(choice))

    widget.app.push_screen(Ask(f"How fast to post {whom}? {state}", SPEEDS), answered)
