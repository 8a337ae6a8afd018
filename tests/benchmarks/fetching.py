"""Getting back what was posted: fetch and restore large files, and ask for many articles.

Both from a server that keeps articles and gives them back with one system call (``sinks.py``,
`ServingSink`); everything was posted to it, unmeasured, by us. NZBGet downloads what ``usenetsync
nzb`` lists, over as many connections, checking each article's CRC; restore also compares digests.

Articles ÷ pipelined round trips: on one connection so many questions are on their way at once as
the server has found waiting at most, so a round trip carries connections × those. It is compared
with the time from the first question to the last answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import ceil
from pathlib import Path

import nzbget

from .contest import Case, Goal, Round, Row, Scene, Side, Stages, faster, memory
from .files import random_files
from .measuring import (
    USENETSYNC,
    Contestant,
    FailedError,
    Run,
    do,
    fresh_home,
    measure,
    stop_database,
)
from .sinks import Server, ServingSink, configure, serving_sink
from .tools import CC, NZBGET

CONNECTIONS, DELAY = 8, 0.05
_SMALL_SEGMENT = 8_192
"""Bytes an article where only their number counts."""


@contextmanager
def posted(scene: Scene, sink: ServingSink, source: Path, **settings: int) -> Iterator[Path]:
    """The home that has posted the files of `source`, its database running."""
    home = scene.scratch / "home"
    fresh_home(home)
    configure(home, [Server("sink", sink.port, CONNECTIONS)], **settings)
    try:
        do(home, "db", "start")
        do(home, "upload", str(source), "--store", "usenet", "--profile", "plain", "--json")
        yield home
    finally:
        stop_database(home)


@contextmanager
def fetch_ground(scene: Scene) -> Iterator[Stages]:
    """A few large files on the server, and an NZB of them."""
    source, nzb = scene.scratch / "source", scene.scratch / "source.nzb"
    size = sum(path.stat().st_size for path in random_files(source, scene.amount, 30))
    with serving_sink(scene.scratch) as sink, posted(scene, sink, source) as home:
        do(home, "nzb", source.name, "--output", str(nzb))

        def served(run: Run) -> Run:
            counted = sink.counted()
            if counted["served_bytes"] < size:
                raise FailedError(f"fetched less than there is: {counted}")
            return replace(run, more={"size": size, **counted})

        def ours() -> Run:
            out = scene.scratch / "out"
            command = [*USENETSYNC, "restore", source.name, str(out), "--json"]
            sink.counted()
            run = measure(Contestant(command, {"USENETSYNC_HOME": str(home)}, home=home))
            shutil.rmtree(out)
            return served(run)

        def theirs() -> Run:
            into = scene.scratch / "nzbget"
            command = nzbget.configure(
                nzb, into, host="127.0.0.1", port=sink.port, connections=CONNECTIONS
            )
            sink.counted()
            run = measure(Contestant(command))
            nzbget.result(into)
            shutil.rmtree(into)
            return served(run)

        yield [[Side("restore", ours), Side("nzbget", theirs, NZBGET)]]


@contextmanager
def verify_ground(scene: Scene) -> Iterator[Stages]:
    """Many small articles on a server that is 50 ms away."""
    source = scene.scratch / "source"
    random_files(source, scene.amount * _SMALL_SEGMENT, 1)
    settings = {"chunk_size": _SMALL_SEGMENT}
    with (
        serving_sink(scene.scratch, DELAY) as sink,
        posted(scene, sink, source, **settings) as home,
    ):
        # The same server, from now on further away.
        configure(home, [Server("sink", sink.delayed_port, CONNECTIONS)], **settings)

        def ours() -> Run:
            command = [*USENETSYNC, "verify", source.name, "--json"]
            sink.counted()
            run = measure(Contestant(command, {"USENETSYNC_HOME": str(home)}, home=home))
            counted = sink.counted()
            if counted["asked"] < scene.amount or counted["missing"]:
                raise FailedError(f"not every article was asked for and found: {counted}")
            trips = ceil(scene.amount / (CONNECTIONS * counted["depth"]))
            return replace(run, more={"possible": trips * DELAY, **counted})

        yield [[Side("verify", ours)]]


def _share(each: Round) -> float:
    more = each["verify"].more
    return more["possible"] / more["seconds"]


def _whole_share(each: Round) -> float:
    return each["verify"].more["possible"] / each["verify"].wall


def _speed(side: str) -> Row:
    """Of the files, in 10^6 bytes a second."""
    return Row(
        f"{side}: speed", (side,), lambda r: r[side].more["size"] / 1e6 / r[side].wall, "MB/s"
    )


_CARRIED = "pipelined round trips"

CASES = (
    Case(
        "fetch",
        "fetch and restore files from a server on loopback, 8 connections",
        3e9,
        "bytes",
        fetch_ground,
        (
            faster("restore", "nzbget", Goal(at_least=1)),
            _speed("restore"),
            _speed("nzbget"),
            memory("restore"),
        ),
        peers=(NZBGET,),
        needs=(CC,),
        least=1_000_000,
    ),
    Case(
        "verify",
        "ask for articles by STAT, 8 connections, every answer 50 ms on its way",
        100_000,
        "articles",
        verify_ground,
        (
            Row(
                "share used while it asks",
                ("verify",),
                _share,
                goal=Goal(at_least=0.9),
                beside=_CARRIED,
            ),
            Row("share used, start to end", ("verify",), _whole_share, beside=_CARRIED),
            Row(
                "on the way at once",
                ("verify",),
                lambda r: r["verify"].more["depth"],
                "articles a connection",
            ),
            memory("verify"),
        ),
        needs=(CC,),
        least=100,
    ),
)
