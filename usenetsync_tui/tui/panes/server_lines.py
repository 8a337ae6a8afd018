"""The lines of the servers pane: a row for each server, its problems, and its connections."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.servers.servers import ConnectionStatus, Role, ServerState, ServerStatus
from usenetsync_tui.model.text.figures import bar, count, duration, milliseconds, rate, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.choosing_view import Item
from usenetsync_tui.tui.kit.inks import Ink, Line, Span, fit

SERVER_STATES: dict[ServerState, Span] = {
    ServerState.IDLE: ("· idle", "muted"),
    ServerState.UP: ("▲ up", "good"),
    ServerState.PAUSED: ("‖ resting", "warn"),
    ServerState.DOWN: ("! down", "bad"),
    ServerState.STOPPED: ("! stopped", "bad"),
}
HELD: Span = ("‖ paused", "warn")

_STATE = 11
_BAR = 10
_USED = 7
_LIMIT = 12
_CELL = 44
"""Cells of a connection."""
_FIGURES = (("sent", 9), ("articles", 10), ("errors", 8), ("latency", 9))


def state_of(server: ServerStatus) -> Span:
    """The state's glyph and word; a pause by the user hides the state of the server itself."""
    return HELD if server.held else SERVER_STATES[server.state]


def server_items(
    servers: Sequence[ServerStatus], unfolded: frozenset[str], width: int
) -> list[Item]:
    """The table's header, then an item for each server. `unfolded`: names of servers."""
    longest = max((cell_len(safe_name(server.name)) for server in servers), default=0)
    name = max(6, min(longest, 24, width // 4)) + 2
    return [
        Item(None, (_head(name, width),)),
        *(
            Item(server.name, _server(server, name, width, unfolded=server.name in unfolded))
            for server in servers
        ),
    ]


def _columns(name: int, width: int) -> tuple[int, int, bool, bool]:
    """The bar's cells, the number of figures that fit, and whether roles and the limit fit."""
    room = width - name - _STATE - _USED
    if room < 0:
        return 0, 0, False, False
    fitting = 0
    for _, cells in _FIGURES:
        if room < cells:
            break
        room -= cells
        fitting += 1
    cells = min(_BAR, room) if room >= 4 else 0
    room -= cells
    limit = room >= _LIMIT
    return cells, fitting, room - _LIMIT * limit >= 2 + _ROLES, limit


_ROLES = len("post verify fetch")


def _head(name: int, width: int) -> Line:
    cells, fitting, roles, limit = _columns(name, width)
    text = f"{cut('server', name)}{cut('state', _STATE)}"
    text += cut("connections", cells + _USED) if cells else cut("  conns", _USED)
    text += "".join(f"{word:>{wide}}" for word, wide in _FIGURES[:fitting])
    text += f"{'limit':>{_LIMIT}}" if limit else ""
    text += "  roles" if roles else ""
    return ((cut(text, min(width, cell_len(text))), "muted"),)


def _server(server: ServerStatus, name: int, width: int, *, unfolded: bool) -> tuple[Line, ...]:
    lines: list[Line] = [_row(server, name, width)]
    room = width - 2
    for words, ink in trouble(server):
        lines.append((("  ", "plain"), (cut_middle(words, room), ink)))
    if unfolded:
        lines += _connections(server, width)
    return tuple(lines)


def trouble(server: ServerStatus) -> list[Span]:
    """What the user must know about a server besides its figures: exposure, limit, message."""
    said: list[Span] = []
    if server.exposure is not None:
        said.append((server.exposure, "bad"))
    words = safe_name(server.message)
    if server.retry_in is not None:
        again = f"next try in {duration(server.retry_in)}"
        words = f"{words} · {again}" if words else again
    if server.fetch_limit:
        said.append((f"fetching limited to {rate(server.fetch_limit)}", "muted"))
    if words:
        said.append((words, state_of(server)[1] if server.state is not ServerState.UP else "muted"))
    return said


def trouble_lines(servers: Sequence[ServerStatus]) -> list[Line]:
    """A line for each server that is exposed (others can read its traffic) or does not work."""
    lines: list[Line] = []
    for server in servers:
        serves = server.state in (ServerState.UP, ServerState.IDLE)
        if server.exposure is None and serves:
            continue
        line: Line = ((safe_name(server.name), "strong"), (": ", "muted"))
        if not serves:
            word, ink = SERVER_STATES[server.state]
            line = (*line, (f"{word} ", ink))
        lines.append((*line, *_joined(trouble(server))))
    return lines


def _joined(said: Sequence[Span]) -> Iterable[Span]:
    for number, (words, ink) in enumerate(said):
        yield (f"{'· ' if number else ''}{words} ", ink)


def _row(server: ServerStatus, name: int, width: int) -> Line:
    cells, fitting, roles, limit = _columns(name, width)
    word, ink = state_of(server)
    full, empty = bar(server.busy / server.allowed if server.allowed else 0.0, cells)
    used = f"{server.busy}/{server.allowed}"
    less: Ink = "warn" if server.allowed < server.configured else "plain"
    start: Line = (
        (cut(cut_middle(safe_name(server.name), name - 2), name), "strong"),
        (cut(word, _STATE), ink),
    )
    values = (size(server.bytes), count(server.articles), count(server.errors), _latency(server))
    figures: list[Span] = [(f"{used:>{_USED}}", less)]
    for value, (label, wide) in list(zip(values, _FIGURES, strict=True))[:fitting]:
        wrong = label == "errors" and server.errors
        figures.append((f"{value:>{wide}}", "bad" if wrong else "plain"))
    if limit:
        most = rate(server.bandwidth_limit) if server.bandwidth_limit else "–"
        figures.append((f"{most:>{_LIMIT}}", "warn" if server.bandwidth_limit else "muted"))
    if roles:
        figures.append((f"  {' '.join(role for role in Role if role in server.roles)}", "muted"))
    return fit((*start, (full, "busy"), (empty, "track"), *figures), width)


def _latency(server: ServerStatus) -> str:
    return milliseconds(server.latency) if server.latency else "–"


def _connections(server: ServerStatus, width: int) -> list[Line]:
    """The connections in as many columns as fit."""
    if not server.connections:
        return [(("  no connection is open", "muted"),)]
    beside = max(1, (width - 2) // _CELL)
    down = -(-len(server.connections) // beside)
    lines: list[Line] = []
    for number in range(down):
        row = server.connections[number::down]
        text = "".join(cut(_connection(each), _CELL) for each in row)
        lines.append(fit((("  ", "plain"), (text.rstrip(), "muted")), width))
    return lines


def _connection(each: ConnectionStatus) -> str:
    errors = f" !{count(each.errors)}" if each.errors else ""
    state = cut(safe_name(each.state), 10)
    latency = milliseconds(each.latency) if each.latency else "–"
    figures = f"{size(each.bytes):>8}{count(each.articles):>7}{latency:>8}"
    return f"{each.number:>3} {state}{figures}{errors}"
