"""Posting large files: what a gigabyte takes, plain and sealed, over TLS, over a slow link.

Nyuu and we make articles of 768,000 bytes and post them over the same connections to the same sink
on loopback (``sink.py``), from files in the page cache. We also hash all we read, and write each
article down in PostgreSQL, which runs already, before it is sent. `hashing alone` (``hashing.py``)
is the part of that which hashing takes. Under TLS we verify the sink's certificate, Nyuu does not.

GIL time is what ``py-spy record --gil`` finds in two further uploads, of all files and of one byte:
100 times a second it looks at the paused process, and each look that finds the GIL held stands for
10 ms. The difference of the two, divided by the articles, is what one article takes, without the
start and the end of the process. On a busy machine a thread may hold the GIL without a processor:
that counts, for nobody else gets it. These uploads are no part of the other figures.

What connections over a slow link can carry: one that waits for POST's 340 and then for the 240
(RFC 3977, 6.3.1) spends two round trips an article, and the time to send it; so they carry
connections × article bytes / (send time + 2 round trips). Send time is what a bare socket needs
for one ready-made article without the delay, while nothing else happens: the strictest there is.
"""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median

from .contest import Case, Goal, Round, Row, Scene, Side, Stages, faster, memory
from .files import SEGMENT, articles_of, random_files
from .measuring import (
    USENETSYNC,
    Contestant,
    FailedError,
    Run,
    fresh_home,
    make_catalogue,
    measure,
    stop_database,
)
from .sinks import Server, Sink, certify, configure
from .tools import NYUU, PY_SPY

HASHING = Path(__file__).with_name("hashing.py")
LOOKS = 100
"""A second, of py-spy."""
DELAY, CONNECTIONS, SLOW_CONNECTIONS = 0.05, 8, 20
_PROBES = 50


class Poster:
    """The sides that post the same files to the same sink."""

    def __init__(self, scene: Scene, sink: Sink, *, files: int, connections: int) -> None:
        self.files = random_files(scene.scratch / "source", scene.amount, files)
        self.size = sum(path.stat().st_size for path in self.files)
        self.articles = sum(map(articles_of, self.files))
        self.sink = sink
        self.scratch = scene.scratch
        self.connections = connections

    def ours(self, profile: str) -> Run:
        """``usenetsync upload`` with a fresh catalogue."""
        return self._measured(self._upload(self.files[0].parent, profile))

    def looked_at(self) -> Run:
        """The same under py-spy, and before it an upload of next to nothing."""
        one = self.scratch / "one"
        one.mkdir(exist_ok=True)
        (one / "byte").write_bytes(b"1")
        with self.sink.running():
            _, start = self._looks(one)
        with self.sink.running() as counted:
            run, held = self._looks(self.files[0].parent)
        return replace(run, more={**counted, "gil": held - start})

    def _looks(self, source: Path) -> tuple[Run, float]:
        """The run, and the seconds in which the GIL was held."""
        looks = self.scratch / "looks"
        how = ["--gil", "--rate", str(LOOKS), "--format", "raw", "--output", str(looks)]
        upload = self._upload(source, "plain")
        command = ["py-spy", "record", *how, "--", *upload.command]
        run = measure(replace(upload, command=command))
        found = looks.read_text().splitlines()
        return run, sum(int(line.rpartition(" ")[2]) for line in found) / LOOKS

    def _upload(self, source: Path, profile: str) -> Contestant:
        home = self.scratch / "home"
        words = ["upload", str(source), "--store", "usenet", "--profile", profile, "--json"]

        def prepare() -> None:
            fresh_home(home)
            configure(home, [self._server()])
            make_catalogue(home)

        def clean() -> None:
            stop_database(home)

        env = {"USENETSYNC_HOME": str(home)}
        return Contestant([*USENETSYNC, *words], env, prepare, home, clean)

    def nyuu(self) -> Run:
        """As fast as it can, checking nothing."""
        host = ["--host", "127.0.0.1", "--port", str(self.sink.port)]
        tls = ["--ssl", "--ignore-cert"] if self.sink.certificate else []
        command = [
            *("nyuu", "--quiet", *host, *tls, "--connections", str(self.connections)),
            *("--from", "a@b.test", "--groups", "alt.binaries.test", "--article-size"),
            *(str(SEGMENT), "--post-chunk-size", "0", "--check-tries", "0"),
            *map(str, self.files),
        ]
        return self._measured(Contestant(command))

    def hashing(self) -> Run:
        """Hashing, and nothing else."""
        return measure(Contestant([sys.executable, str(HASHING), *map(str, self.files)]))

    def _server(self) -> Server:
        return Server("sink", self.sink.port, self.connections, ("post",), self.sink.certificate)

    def _measured(self, contestant: Contestant) -> Run:
        with self.sink.running() as counted:
            run = measure(contestant)
        if counted["articles"] < self.articles or counted["bytes"] < self.size:
            raise FailedError(f"posted less than there is: {counted}")
        return replace(run, more={"size": self.size, **counted})


@contextmanager
def plain_ground(scene: Scene) -> Iterator[Stages]:
    """Over bare TCP."""
    poster = Poster(scene, Sink(), files=50, connections=CONNECTIONS)
    yield [
        [
            Side("plain", lambda: poster.ours("plain")),
            Side("sealed", lambda: poster.ours("sealed")),
            Side("nyuu", poster.nyuu, NYUU),
        ],
        [
            Side("plain, py-spy", poster.looked_at, PY_SPY),
            Side("hashing alone", poster.hashing),
        ],
    ]


@contextmanager
def tls_ground(scene: Scene) -> Iterator[Stages]:
    """TLS 1.3 from the start."""
    sink = Sink(certify(scene.scratch / "certificates"))
    poster = Poster(scene, sink, files=50, connections=CONNECTIONS)
    yield [
        [
            Side("plain over TLS", lambda: poster.ours("plain")),
            Side("nyuu over TLS", poster.nyuu, NYUU),
        ]
    ]


@contextmanager
def slow_ground(scene: Scene) -> Iterator[Stages]:
    """Every answer is 50 ms on its way."""
    poster = Poster(scene, Sink(delay=DELAY), files=30, connections=SLOW_CONNECTIONS)

    def plain() -> Run:
        run = poster.ours("plain")
        size = run.more["bytes"] / run.more["articles"]
        sending = send_time(Sink(), b"x" * (int(size) - 5) + b"\r\n.\r\n")
        carried = SLOW_CONNECTIONS * size / (sending + 2 * DELAY)
        return replace(run, more={**run.more, "possible": carried})

    yield [[Side("plain", plain)]]


def send_time(sink: Sink, article: bytes) -> float:
    """Seconds from the first byte of an article to its answer, over loopback, undelayed."""
    times = []
    with sink.running():
        address = ("127.0.0.1", sink.port)
        with socket.create_connection(address) as client, client.makefile("rb") as answers:
            answers.readline()
            for _ in range(_PROBES):
                client.sendall(b"POST\r\n")
                answers.readline()
                begin = time.perf_counter()
                client.sendall(article)
                answers.readline()
                times.append(time.perf_counter() - begin)
            client.sendall(b"QUIT\r\n")
            answers.readline()
    return median(times)


def _cpu_per_gigabyte(each: Round) -> float:
    run = each["plain"]
    return run.cpu / (run.more["size"] / 1e9)


def _database_cpu_per_gigabyte(each: Round) -> float:
    run = each["plain"]
    return (run.database_cpu or 0.0) / (run.more["size"] / 1e9)


def _gil_per_article(each: Round) -> float:
    """Milliseconds."""
    more = each["plain, py-spy"].more
    return 1e3 * more["gil"] / more["articles"]


def _share(each: Round) -> float:
    more = each["plain"].more
    return more["bytes"] / more["seconds"] / more["possible"]


def _whole_share(each: Round) -> float:
    more = each["plain"].more
    return more["bytes"] / each["plain"].wall / more["possible"]


def speed(side: str) -> Row:
    """Of the files, in 10^6 bytes a second."""
    title = f"{side}: speed, start to end"
    return Row(title, (side,), lambda r: r[side].more["size"] / 1e6 / r[side].wall, "MB/s")


_CARRIED = "what the connections can carry"

CASES = (
    Case(
        "post",
        "post random files over 8 connections to a sink on loopback",
        5e9,
        "bytes",
        plain_ground,
        (
            faster("plain", "nyuu", Goal(at_least=0.9)),
            Row(
                "plain: CPU time, without PostgreSQL",
                ("plain",),
                _cpu_per_gigabyte,
                "s/GB",
                Goal(at_most=1.1),
            ),
            Row("plain: CPU time of PostgreSQL", ("plain",), _database_cpu_per_gigabyte, "s/GB"),
            Row(
                "plain: GIL time of an article",
                ("plain, py-spy",),
                _gil_per_article,
                "ms",
                Goal(at_most=0.15),
            ),
            faster("sealed", "plain", Goal(at_least=0.85)),
            faster("plain", "hashing alone"),
            speed("plain"),
            speed("sealed"),
            memory("plain", "sealed"),
        ),
        peers=(NYUU, PY_SPY),
        least=1_000_000,
    ),
    Case(
        "post-tls",
        "the same over TLS",
        5e9,
        "bytes",
        tls_ground,
        (
            faster("plain over TLS", "nyuu over TLS", Goal(at_least=0.9)),
            speed("plain over TLS"),
            memory("plain over TLS"),
        ),
        peers=(NYUU,),
        least=1_000_000,
    ),
    Case(
        "post-latency",
        "post over 20 connections, every answer 50 ms on its way",
        3e9,
        "bytes",
        slow_ground,
        (
            Row(
                "share used while it posts",
                ("plain",),
                _share,
                goal=Goal(at_least=0.97),
                beside=_CARRIED,
            ),
            Row("share used, start to end", ("plain",), _whole_share, beside=_CARRIED),
            memory("plain"),
        ),
        least=1_000_000,
    ),
)
