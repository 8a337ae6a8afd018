"""The lines of the database pane: pool, table sizes, and the sizes of a table's 16 shards."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from usenetsync_tui.cells import cut, cut_middle
from usenetsync_tui.model.ports.browser import DatabaseFigures, TableSize
from usenetsync_tui.model.status.engine import EngineStatus, PoolStatus
from usenetsync_tui.model.text.figures import bar, columns, count, milliseconds, plural, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.tui.kit.inks import Line, Span, fit, flow, width_of

_BAR = 16
_NAME = 12
_SIZE = 10
_ROWS = 9


def database_lines(
    figures: DatabaseFigures | None, status: EngineStatus, width: int, *, problem: str = ""
) -> list[Line]:
    """Server and pool from the status, sizes from `figures`; None: not read yet."""
    lines = [line for line in flow(_server(figures, status), width, rows=2) if line]
    if status.pool is not None:
        lines.append(_pool(status.pool, width))
    if problem:
        lines.append(((cut_middle(safe_name(problem), width), "bad"),))
    if figures is None:
        return lines if problem else [*lines, (("…", "muted"),)]
    return [*lines, (), *_tables(figures.tables, width)]


def _server(figures: DatabaseFigures | None, status: EngineStatus) -> list[Line]:
    fields: list[Line] = []
    if status.database:
        fields.append(((safe_name(status.database), "strong"),))
    if figures is None:
        return fields
    return [
        *fields,
        ((safe_name(figures.version), "plain"),),
        ((size(figures.bytes), "plain"),),
        ((plural(figures.connections, "connection"), "muted"),),
    ]


def _pool(pool: PoolStatus, width: int) -> Line:
    words = f" {pool.in_use} of {pool.limit} in use"
    waiting = f" · {pool.waiting} waiting" if pool.waiting else ""
    rest = f" · {pool.size} open · query {milliseconds(pool.query_ms / 1000)}"
    spans: list[Span] = [("pool  ", "muted")]
    room = width - cell_len("pool  " + words + waiting + rest)
    if room >= 4:
        full, empty = bar(pool.in_use / pool.limit if pool.limit else 0.0, min(_BAR, room))
        spans += [(full, "busy"), (empty, "track")]
    spans += [(words, "plain"), (waiting, "warn"), (rest, "muted")]
    return fit(spans, width)


def _tables(tables: Sequence[TableSize], width: int) -> list[Line]:
    longest = max((cell_len(safe_name(table.name)) for table in tables), default=0)
    name = min(max(_NAME, longest + 1), max(1, width - _SIZE))
    with_rows = width >= name + _SIZE + _ROWS
    head = f"{cut('table', name)}{'size':>{_SIZE}}" + (f"{'rows':>{_ROWS}}" if with_rows else "")
    if width >= cell_len(head) + 3 + _BAR:
        head += "   shards"
    return [
        ((cut_middle(head, width), "muted"),),
        *(_table(table, name, width, with_rows=with_rows) for table in tables),
    ]


def _table(table: TableSize, name: int, width: int, *, with_rows: bool) -> Line:
    title = cut(cut_middle(safe_name(table.name), name - 1), name)
    figures = f"{size(table.bytes):>{_SIZE}}" if width >= name + _SIZE else ""
    if with_rows:
        # The planner's estimate, so show no exact digits; below zero: not analysed yet.
        rows = count(table.rows) if table.rows >= 0 else "–"
        figures += f"{rows:>{_ROWS}}"
    line: Line = ((title, "plain" if table.bytes else "muted"), (figures, "plain"))
    if not table.shards or width < width_of(line) + 3 + len(table.shards):
        return line
    line = (*line, ("   ", "plain"), (columns(table.shards), "busy"))
    even = f"  {size(min(table.shards))} to {size(max(table.shards))} a shard"
    return (*line, (even, "muted")) if width >= width_of(line) + len(even) else line
