"""The dialog that limits the speed of posting and fetching: usual speeds, or a typed one."""

from __future__ import annotations

from textual.widget import Widget

from usenetsync_tui.model.commands.servers import LimitBandwidth, LimitFetching
from usenetsync_tui.model.text.figures import rate
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.value_object import value_object
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


@value_object
class _Direction:
    """Posting or fetching."""

    doing: str
    words: str
    """The words before the server's name."""
    key: str
    """The key that switches to this direction from the other one's question."""
    command: type[LimitBandwidth] | type[LimitFetching]


_POST = _Direction("post", "to", "p", LimitBandwidth)
_FETCH = _Direction("fetch", "from", "f", LimitFetching)
_OTHER = "other"


def ask_speed(
    widget: Widget, posting: int, fetching: int, *, server: str = "", first: _Direction = _POST
) -> None:
    """Ask how fast to post to a server or fetch from it; `widget` posts the `CommandRequest`.

    `posting` and `fetching`: the current limits in bytes per second; 0: none. Without a `server`
    they limit all servers together. `first`: the direction to ask about; a key switches to the
    other.
    """
    way, other = (first, _FETCH if first is _POST else _POST)
    now, then = (posting, fetching) if way is _POST else (fetching, posting)
    name = safe_name(server)
    whom = f"{way.words} {name or 'all servers together'}"

    def limit(speed: int | None) -> None:
        if speed is not None:
            fast = f"at most {rate(speed)}" if speed else "as fast as it goes"
            said = f"{way.doing.capitalize()} {whom}: {fast}."
            widget.post_message(CommandRequest(way.command(speed, server), said=said))

    def answered(choice: str | None) -> None:
        if choice == _TYPED:
            asked = SpeedDialog(now, server=name, way=f"{way.doing} {way.words}")
            widget.app.push_screen(asked, limit)
        elif choice == _OTHER:
            ask_speed(widget, posting, fetching, server=server, first=other)
        elif choice is not None:
            limit(int(choice))

    turn = Choice(other.key, f"how fast to {other.doing}", _now(then), _OTHER)
    question = f"How fast to {way.doing} {whom}? N{_now(now)[1:]}."
    widget.app.push_screen(Ask(question, (*SPEEDS, turn)), answered)


def _now(speed: int) -> str:
    return f"now at most {rate(speed)}" if speed else "now as fast as it goes"
