"""The screen as its user has it: through a pseudo-terminal, from the key to the painted rows.

Run ``python -m tests.benchmarks.screen PART PLACE [SHARE]``; it prints one JSON object of figures.
Each part starts the real command in a terminal of 120×40 and ends it again:

list      in the catalogue of USENETSYNC_HOME=PLACE (``big_catalogue.py`` fills one): the biggest
          folder is opened, paged through key by key and with the key held down, and jumped about
          in. `less`, where it is, does the same in a file of as many lines, in the same terminal:
          what the method itself takes. A home of one folder gets a second, small one, to come from.
busy      the tree PLACE is being uploaded, the database has the articles: `j` and `k` at
          random intervals for 30 s, from the key to the new row number in the list's frame.
tick      the bytes the dashboard sends during such an upload when nobody touches a key: of each
          tick, which is output without a pause of 60 ms, and of each second, which has four. (A
          fixed quarter of a second holds two or none when one comes late: that tells the phase.)
stalled   the process that reads the terminal is stopped for 30 s of such an upload: what the
          article tables grow by before, meanwhile and afterwards; then it reads again, and the
          screen has to answer a key and to end.

Times begin before the key is written. *Final paint* is the last output that changed the list's
pane before 60 ms without any, no row of it still waiting (`…`). Busy is said with the share of
the machine's CPU time that was used. busy, tick and stalled upload into a home of their own, and
last for SHARE of their time.
As root this program runs at a higher priority, as a terminal is another machine.
"""

from __future__ import annotations

import json
import os
import random
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from itertools import pairwise
from pathlib import Path
from statistics import mean, quantiles

import psycopg

from .files import small_files
from .measuring import (
    REPOSITORY,
    USENETSYNC,
    cpu_seconds,
    do,
    fresh_home,
    peak_memory,
    postgres_cpu,
    process_stat,
    proportional_memory,
    stop_database,
)
from .screen_terminal import QUIET, FarEnd, Model, Pane, StuckError, environment
from .tools import LESS

SIZE = (120, 40)
FILES, HOME = "2 Files", "usenetsync-home"
PAGES, HELD_RATE, HELD_SECONDS, JUMPS, OPENINGS = 200, 30, 5, 20, 5
BUSY_SECONDS, TICK_SECONDS, STALL_SECONDS, BESIDE_SECONDS = 30, 20, 30, 12
PAGE_DOWN = "\x1b[6~"
_PREFERRED = 10
_TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def catalogue(home: Path) -> Iterator[psycopg.Connection]:
    """The home's database, up until the block ends, and a connection to it."""
    do(home, "db", "start")
    try:
        address = json.loads(do(home, "db", "url", "--json"))["url"]
        with psycopg.connect(address, autocommit=True) as connection:
            yield connection
    finally:
        stop_database(home)


@contextmanager
def screen(home: Path, *words: str, through: Path | None = None) -> Iterator[FarEnd]:
    """The real command in a terminal; with `through`, a child reads that and writes a file."""
    arguments = [*USENETSYNC, "tui", *words]
    end = FarEnd(arguments, environment(home), size=SIZE, directory=REPOSITORY, through=through)
    priority = os.getpriority(os.PRIO_PROCESS, 0)
    try:
        if os.geteuid() == 0:
            os.setpriority(os.PRIO_PROCESS, 0, priority - _PREFERRED)
        yield end
    finally:
        os.setpriority(os.PRIO_PROCESS, 0, priority)
        end.close()


class Table:
    """What was measured, by its title and unit."""

    def __init__(self) -> None:
        self.found: dict[str, float] = {}

    def times(self, name: str, seconds: Sequence[float]) -> None:
        """Of one thing that was done some times; nothing when it was not."""
        if not seconds:
            return
        ms = sorted(1000 * s for s in seconds)
        cuts = quantiles(ms, n=100, method="inclusive") if len(ms) > 1 else [ms[0]] * 99
        for what, value in (("p50", cuts[49]), ("p95", cuts[94]), ("most", ms[-1])):
            self.found[f"{name}, {what} [ms]"] = value

    def sizes(self, name: str, sizes: Sequence[int]) -> None:
        """Bytes."""
        p95 = quantiles(sizes, n=100, method="inclusive")[94]
        for what, value in (("mean", mean(sizes)), ("p95", p95), ("most", max(sizes))):
            self.found[f"{name}, {what} [bytes]"] = value

    def value(self, name: str, value: float, unit: str = "") -> None:
        """One figure."""
        self.found[f"{name} [{unit}]" if unit else name] = value


# The list


def list_part(home: Path, scratch: Path, table: Table, share: float) -> None:
    with catalogue(home) as connection:
        ask = "SELECT name FROM folders f ORDER BY (SELECT count(*) FROM snapshots s\
               WHERE s.folder_id = f.id AND s.state > 0) = 0, (SELECT max(files) FROM snapshots s\
               WHERE s.folder_id = f.id) DESC"
        names = [str(name) for (name,) in connection.execute(ask)]
        if len(names) < 2:
            small = scratch / "a small folder"
            small_files(small, 50)
            do(home, "upload", str(small), "--store", "shards")
        with screen(home) as end:
            rows = _browse(end, names[0], home, table)
            _memory(end.process.pid, table)
    _less(scratch, rows, table)


def _browse(end: FarEnd, big: str, home: Path, table: Table) -> int:
    end.until(lambda model: _at(model, lambda pane: pane.row == 1))
    table.times("open the folder: key → first rows", _openings(end, big))
    pane = _to_files(end)
    print(f"list: {big}, {pane.total:,} rows, {len(pane.lines) - 1} of them in sight", flush=True)
    table.value("list", pane.total, "rows")
    with said_how_busy("PageDown", end, home, table):
        used = cpu_seconds(end.process.pid)
        table.times("PageDown: key → final paint", [_page_down(end) for _ in range(PAGES)])
        used = cpu_seconds(end.process.pid) - used
    table.value("PageDown: CPU time of the screen's process", 1000 * used / PAGES, "ms a key")
    held, caught_up, waiting = _held(end)
    table.times(f"PageDown held at {HELD_RATE}/s: key → its row number", held)
    table.times("PageDown held: last key → final paint", [caught_up])
    table.value("PageDown held: frames with rows that wait", waiting)
    jumps = _jumps(end, pane.total)
    table.times(":goto N%: enter → row number, none waiting", [right for right, _ in jumps])
    table.times(":goto N%: enter → final paint", [last for _, last in jumps])
    end.press("2")
    end.listen_for(0.5)
    end.interpret()
    ends = [_painted(end, end.press(key), _is_at_end)[1] for key in "Gg" * 5]
    table.times("G, g: key → final paint", ends)
    return pane.total


def _at(model: Model, condition: Callable[[Pane], bool]) -> bool:
    pane = model.pane(FILES)
    return pane is not None and condition(pane)


def _openings(end: FarEnd, big: str) -> list[float]:
    """Choose the folder, coming from another one, a few times: the first time is among them."""
    wanted = re.compile(rf"· {re.escape(big)}(\s|$)")
    end.press("1")
    end.listen_for(0.5)
    end.interpret()
    times: list[float] = []
    for key in "j" * 8 + "k" * 8:
        if _lists(end, wanted):
            break
        times += _opening(end, key, wanted)
    for key in "jk" * (OPENINGS + 1):
        if len(times) < OPENINGS:
            times += _opening(end, key, wanted)
    return times


def _opening(end: FarEnd, key: str, wanted: re.Pattern[str]) -> list[float]:
    """The seconds a key took that opened the folder; none when it opened nothing or another."""
    was, begin = _lists(end, wanted), end.press(key)
    at = _first_rows(end)
    return [at - begin] if at is not None and not was and _lists(end, wanted) else []


def _lists(end: FarEnd, wanted: re.Pattern[str]) -> bool:
    return _at(end.model, lambda pane: wanted.search(pane.title) is not None)


def _first_rows(end: FarEnd) -> float | None:
    """When another list's first rows came to the screen; None when it stays the same list."""
    pane = end.model.pane(FILES)
    title = pane.title if pane else ""
    try:
        end.until(lambda model: _at(model, lambda p: p.title.strip() != title.strip()), 2)
    except StuckError:
        return None
    return end.until(lambda model: _at(model, lambda p: p.row == 1 and p.filled))


def _to_files(end: FarEnd) -> Pane:
    """The list has the focus, and the count is there."""
    end.press("2")
    end.listen_for(0.5)
    end.press("g")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        end.listen_for(1)
        end.interpret()
        pane = end.model.pane(FILES)
        if pane is not None and pane.filled and pane.total:
            return pane
    raise StuckError("the list was not counted")


def _painted(end: FarEnd, begin: float, condition: Callable[[Pane], bool]) -> tuple[float, float]:
    """Seconds until the list is as it should be, no row of it waiting; until its final paint."""
    right, last = end.settle(FILES, lambda pane: not pane.waiting and condition(pane))
    return right - begin, last - begin


def _is_at_end(pane: Pane) -> bool:
    return pane.row in (1, pane.total)


def _row(end: FarEnd) -> int:
    pane = end.model.pane(FILES)
    return pane.row if pane else 0


def _page_down(end: FarEnd) -> float:
    row = _row(end)
    return _painted(end, end.press(PAGE_DOWN), lambda pane: pane.row > row)[1]


def _held(end: FarEnd) -> tuple[list[float], float, float]:
    """The key held down: how far the picture is behind; until it is whole; frames with gaps."""
    row = _row(end)
    _page_down(end)
    page, row = _row(end) - row, _row(end)
    begin, pressed = time.perf_counter(), []
    for number in range(HELD_RATE * HELD_SECONDS):
        while (left := begin + number / HELD_RATE - time.perf_counter()) > 0:
            end.listen(left)
        pressed.append(end.press(PAGE_DOWN))
    rows = [row + page * number for number in range(1, len(pressed) + 1)]
    _answer(end, rows[-1])
    end.listen_for(0.5)
    pictures = list(end.pictures(FILES))
    shown = [
        next(at for at, pane in pictures if pane.row >= row) - key
        for key, row in zip(pressed, rows, strict=True)
    ]
    changed = [at for (_, a), (at, b) in pairwise(pictures) if a.picture != b.picture]
    waiting = sum(1 for _, pane in pictures if pane.waiting) / len(pictures)
    return shown, changed[-1] - pressed[-1], waiting


def _jumps(end: FarEnd, total: int) -> list[tuple[float, float]]:
    """Through the command line."""
    shares = random.Random(1).sample(range(2, 99), JUMPS)
    return [_jump(end, share, total) for share in shares]


def _jump(end: FarEnd, share: int, total: int) -> tuple[float, float]:
    words = f"goto {share}%"
    end.press(":")
    end.listen_for(0.3)
    end.press(words)
    end.until(lambda model: model.shows(words))
    end.listen_for(0.5)
    end.interpret()
    near = range(int(total * (share - 1) / 100), int(total * (share + 1) / 100) + 2)
    seconds = _painted(end, end.press("\r"), lambda pane: pane.row in near)
    end.listen_for(1)
    end.interpret()
    return seconds


def _memory(pid: int, table: Table) -> None:
    """After all that; its children (PostgreSQL is none) have a line of their own."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    table.value("resident", int(found[1]) / 1024 if found else 0, "MiB")
    table.value("resident, most so far", peak_memory(pid) / 2**20, "MiB")
    table.value("proportional", proportional_memory(pid) / 2**20, "MiB")
    others = [child for child in _children(pid) if _name(child) != "postgres"]
    table.value("proportional, its children", sum(map(proportional_memory, others)) / 2**20, "MiB")


def _children(pid: int) -> list[int]:
    """Those that live, with theirs."""
    parents: dict[int, list[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int(process_stat(int(process.name))[1])
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has ended meanwhile
        parents.setdefault(parent, []).append(int(process.name))
    found, ahead = [], [pid]
    while ahead:
        of = parents.get(ahead.pop(), [])
        found += of
        ahead += of
    return found


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except FileNotFoundError:
        return ""


def _less(scratch: Path, rows: int, table: Table) -> None:
    """The peer: a pager of text in a file."""
    if reason := LESS.missing():
        print(reason)
        return
    listing = scratch / "listing"
    with open(listing, "w") as file:
        for number in range(rows):
            file.write(
                f"d{number // 10_000:03}/e{number // 200 % 50:02}/f{number:07}  12.3 kB done\n"
            )
    end = FarEnd(["less", "-n", str(listing)], environment(scratch), size=SIZE, directory=scratch)
    try:
        end.until(lambda model: model.shows("f0000000"))
        table.times(
            "less, PageDown: key → final paint", [_burst(end, PAGE_DOWN) for _ in range(PAGES)]
        )
        times = []
        for share in random.Random(1).sample(range(2, 99), JUMPS):
            end.press(str(share))
            end.listen_for(0.1)
            times.append(_burst(end, "%"))
        table.times("less, N%: key → final paint", times)
        end.press("q")
        end.wait(5)
    finally:
        end.close()
        listing.unlink()


def _burst(end: FarEnd, key: str) -> float:
    begin = end.press(key)
    if not end.listen(5):
        raise StuckError("less does not answer")
    while end.listen(QUIET):
        pass
    return end.chunks[-1][0] - begin


# An upload under way


@contextmanager
def upload(
    tree: Path, scratch: Path, through: Path | None = None
) -> Iterator[tuple[FarEnd, psycopg.Connection]]:
    """The screen over the upload of a tree into a fresh home, from its first articles on."""
    home = scratch / HOME
    fresh_home(home)
    with catalogue(home) as connection, screen(home, str(tree), through=through) as end:
        end.until(lambda model: _at(model, lambda pane: pane.row == 1))
        deadline = time.monotonic() + 60
        while not stored(connection)[0]:
            if time.monotonic() > deadline:
                raise StuckError("no article has been stored")
            end.listen_for(0.2)
        end.listen_for(3)
        end.interpret()
        yield end, connection


def still_running(connection: psycopg.Connection, part: str) -> None:
    ((state,),) = connection.execute("SELECT state FROM jobs ORDER BY id DESC LIMIT 1").fetchall()
    if state != "running":
        raise StuckError(
            f"{part}: the upload was over ({state}) before the end: use a larger --scale"
        )


def stored(connection: psycopg.Connection) -> tuple[int, int]:
    """Posted articles, as the ledger counts them, and the bytes of their tables: it scans none."""
    query = """SELECT (SELECT coalesce(sum(posted), 0) FROM objects),
                      (SELECT sum(pg_relation_size(oid)) FROM pg_class
                        WHERE relname LIKE 'articles\\_%' AND relkind = 'r')"""
    ((articles, size),) = connection.execute(query).fetchall()
    return int(articles), int(size)


def processor_times() -> tuple[float, float]:
    """Seconds all processors were in use, and all of them (proc(5))."""
    ticks = list(map(int, Path("/proc/stat").read_text().partition("\n")[0].split()[1:9]))
    return (sum(ticks) - ticks[3] - ticks[4]) / _TICKS, sum(ticks) / _TICKS


def our_times(pid: int, home: Path) -> float:
    """The same, and the home's database."""
    return cpu_seconds(pid) + (postgres_cpu(home) or 0)


@contextmanager
def said_how_busy(part: str, end: FarEnd, home: Path, table: Table) -> Iterator[None]:
    before = (*processor_times(), our_times(end.process.pid, home))
    yield
    after = (*processor_times(), our_times(end.process.pid, home))
    used, passed, ours = (now - was for now, was in zip(after, before, strict=True))
    table.value(f"{part}: share of all processors that is in use", used / passed)
    table.value(f"{part}: share of all processors that is ours", ours / passed)


def busy_part(tree: Path, scratch: Path, table: Table, share: float) -> None:
    with upload(tree, scratch) as (end, connection):
        _to_files(end)
        row, times, rng = _row(end), [], random.Random(1)
        stop = time.perf_counter() + share * BUSY_SECONDS
        with said_how_busy("busy", end, scratch / HOME, table):
            while time.perf_counter() < stop:
                key = "j" if row < 3 else rng.choice("jk")
                row += 1 if key == "j" else -1
                begin = end.press(key)
                times.append(_answer(end, row) - begin)
                end.listen_for(max(0.0, begin + rng.uniform(0.1, 0.4) - time.perf_counter()))
        still_running(connection, "busy")
        end.interpret()
        if _row(end) != row:
            raise StuckError(f"the cursor is on row {_row(end)}, not on {row}")
    table.times("busy: j or k → its row number", times)


def _answer(end: FarEnd, row: int) -> float:
    """When the output came that has a row number the screen had not."""
    words, first = re.compile(rb"row %s / " % f"{row:,}".encode()), len(end.chunks)
    deadline = time.perf_counter() + 10
    while time.perf_counter() < deadline:
        end.listen(0.1)
        if words.search(b"".join(data for _, data in end.chunks[first:])):
            return end.chunks[-1][0]
    raise StuckError(f"row {row:,} was not shown within 10 s")


def tick_part(tree: Path, scratch: Path, table: Table, share: float) -> None:
    length = max(2.0, share * TICK_SECONDS)
    with upload(tree, scratch) as (end, connection):
        first, begin = len(end.chunks), time.perf_counter()
        with said_how_busy("tick", end, scratch / HOME, table):
            end.listen_for(length)
        still_running(connection, "tick")
    chunks = end.chunks[first:]
    seconds = [0] * int(length)
    for at, data in chunks:
        if int(at - begin) < len(seconds):
            seconds[int(at - begin)] += len(data)
    bursts = [0]
    for (before, _), (at, data) in pairwise([(begin, b""), *chunks]):
        if at - before > QUIET:
            bursts.append(0)
        bursts[-1] += len(data)
    ticks = bursts[1:]
    table.sizes("tick: bytes of each tick", ticks)
    table.sizes("tick: bytes of each second", seconds)
    table.value("tick: ticks a second", len(ticks) / length)


def stalled_part(tree: Path, scratch: Path, table: Table, share: float) -> None:
    copy = scratch / "terminal output"
    with upload(tree, scratch, through=copy) as (end, connection):
        _to_files(end)
        before = _throughput(end, connection, share * BESIDE_SECONDS)
        sent = copy.stat().st_size
        end.stall()
        during = _throughput(end, connection, share * STALL_SECONDS)
        through = copy.stat().st_size - sent
        end.go_on()
        after = _throughput(end, connection, share * BESIDE_SECONDS)
        still_running(connection, "stalled")
        for name, (articles, size) in zip(
            ("before", "stalled", "after"), (before, during, after), strict=True
        ):
            table.value(f"stalled: articles stored, {name}", articles, "a second")
            table.value(f"stalled: bytes stored, {name}", size / 1e6, "MB/s")
        table.value("stalled ÷ before", during[1] / before[1])
        table.value("stalled ÷ mean of before and after", 2 * during[1] / (before[1] + after[1]))
        table.value("stalled: taken by the terminal meanwhile", through, "bytes")
        _lives(end, table)


def _throughput(end: FarEnd, connection: psycopg.Connection, seconds: float) -> tuple[float, float]:
    """Articles and bytes a second that the database has more, a sample each second."""
    samples = []
    begin = time.perf_counter()
    while True:
        samples.append((time.perf_counter(), *stored(connection)))
        passed = samples[-1][0] - begin
        if passed >= seconds:
            break
        end.listen_for(min(1.0, seconds - passed))
    first, last = samples[0], samples[-1]
    steps = [(b[2] - a[2]) / (b[0] - a[0]) / 1e6 for a, b in pairwise(samples)]
    print("  MB/s each second:", " ".join(f"{step:.0f}" for step in steps), flush=True)
    passed = last[0] - first[0]
    return (last[1] - first[1]) / passed, (last[2] - first[2]) / passed


def _lives(end: FarEnd, table: Table) -> None:
    """It answers a key, and ends when it is asked to."""
    end.listen_for(1)
    end.interpret()
    row = _row(end)
    begin = end.press("j")
    table.times("after the stall: j → its row number", [_answer(end, row + 1) - begin])
    begin = end.press("q")
    end.until(lambda model: model.shows("Quit now"), 10)
    end.press("n")
    code = end.wait(60)
    end.interpret()
    left = b"".join(data for _, data in end.chunks[-20:]).rfind(b"\x1b[?1049l") >= 0
    if code or not left:
        raise StuckError(f"after the stall: exit code {code}, terminal restored: {left}")
    table.value("after the stall: q, n → the end", time.perf_counter() - begin, "s")


# Together


PARTS: dict[str, Callable[[Path, Path, Table, float], None]] = {
    "list": list_part,
    "busy": busy_part,
    "tick": tick_part,
    "stalled": stalled_part,
}


def main() -> None:
    """One part."""
    part, place, *rest = sys.argv[1:]
    signal.signal(signal.SIGTERM, _end)
    scratch = Path(tempfile.mkdtemp(prefix="usenetsync-bench-", dir=Path(place).parent))
    scratch.chmod(0o711)
    table = Table()
    try:
        with redirect_stdout(sys.stderr):
            PARTS[part](Path(place), scratch, table, float(rest[0]) if rest else 1.0)
        print(json.dumps(table.found))
    finally:
        stop_database(scratch / HOME)
        shutil.rmtree(scratch)


def _end(number: int, frame: object) -> None:
    """What runs is ended on the way out, once."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
