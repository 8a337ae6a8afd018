"""Commands hand their jobs to a running engine and follow them as if they did the work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import engine_program
import pytest
from acceptance_command import Command, Ended
from forked_command import Case, run_forked
from news_home import configure, server_table
from posted_once import assert_posted_once
from slow_news import SlowServer

from usenetsync_tui.locations import Locations
from usenetsync_tui.wire.places import socket_path

SIZE = 300_000


def until(condition: object) -> None:
    assert callable(condition)
    limit = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.05)


@contextmanager
def an_engine(usenetsync: Command) -> Iterator[subprocess.Popen[bytes]]:
    """An engine that listens, in a process of its own; killed at the end."""
    socket = socket_path(Locations.find({"USENETSYNC_HOME": str(usenetsync.home)}), "embedded")
    socket.unlink(missing_ok=True)  # of one that was killed
    program = engine_program.__file__
    assert program is not None
    process = subprocess.Popen([sys.executable, program], env=usenetsync.environment)
    try:
        until(socket.exists)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def news(usenetsync: Command) -> Iterator[SlowServer]:
    with SlowServer() as server:
        configure(usenetsync.home, server_table(server))
        yield server


def a_folder(tmp_path: Path, name: str, files: int = 3) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for number in range(files):
        (folder / str(number)).write_bytes(os.urandom(SIZE))
    return folder


def shape(ended: Ended) -> list[tuple[str, tuple[str, ...]]]:
    """The kinds of lines, with their keys; progress may be shown any number of times."""
    return [(e["event"], tuple(e)) for e in ended.events if e["event"] != "progress"]


def job_state(usenetsync: Command, job: int) -> str:
    ((state,),) = usenetsync.query(f"SELECT state::text FROM jobs WHERE id = {job}")
    return str(state)


def assert_ledger(usenetsync: Command, news: SlowServer, files: int) -> None:
    """The server has what the ledger says, and the content of each file once."""
    assert_posted_once(usenetsync, news)
    large = [a for a in news.articles.values() if len(a) > SIZE]
    assert len(large) == files, "each file's only segment is larger than any page of the index"


@pytest.mark.slow
def test_the_same_as_alone(usenetsync: Command, news: SlowServer, tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    def told(name: str) -> list[Ended]:
        folder, back = a_folder(tmp_path, name), tmp_path / f"{name} back"
        lines: list[tuple[object, ...]] = [
            ("upload", folder, gone),
            ("upload", gone),
            ("verify", name),
            ("restore", name, back),
            ("restore", name, folder),
        ]
        cases = [Case([*map(str, line), "--json"]) for line in lines]
        ended = run_forked(cases, usenetsync.environment)
        assert [each.code for each in ended] == [3, 1, 0, 0, 2], ended
        return [Ended(each.code, each.out, each.err) for each in ended]

    alone = told("one")
    with an_engine(usenetsync) as engine:
        handed_over = told("two")
        assert engine.poll() is None
    assert [shape(ended) for ended in handed_over] == [shape(ended) for ended in alone]
    assert [f"(pid {engine.pid}" in e.err for e in handed_over] == [True, False, True, True, False]


@pytest.mark.slow
def test_ctrl_c_cancels_that_job_only(
    usenetsync: Command, news: SlowServer, tmp_path: Path
) -> None:
    one, two = a_folder(tmp_path, "one", files=8), a_folder(tmp_path, "two")
    news.slow_down(soon=1)
    with an_engine(usenetsync):
        first = usenetsync.start("upload", one, "--json")
        until(lambda: news.articles)
        second = usenetsync.start("upload", two, "--json")
        assert second.stderr is not None
        assert "does the work: job 2" in second.stderr.readline()
        second.send_signal(signal.SIGINT)
        _, err = second.communicate(timeout=60)
        assert second.returncode == 130, err
        assert "to cancel job 2" in err
        news.hurry.set()
        out, _ = first.communicate(timeout=60)
        assert first.returncode == 0, out
        assert job_state(usenetsync, 2) == "cancelled"


@pytest.mark.slow
def test_a_killed_engine(usenetsync: Command, news: SlowServer, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "folder", files=10)
    news.slow_down(soon=2)
    with an_engine(usenetsync) as engine:
        first = usenetsync.start("upload", folder, "--json")
        until(lambda: len(news.articles) > 1)
        follower = usenetsync.start("jobs", "1", "--follow", "--json")
        assert follower.stdout is not None
        assert '"progress"' in follower.stdout.readline()
        engine.kill()
        news.hurry.set()
        out, err = first.communicate(timeout=120)
        assert first.returncode == 0, err
        assert "The engine has died: serve" in err and "Going on with job 1." in err
        followed, err = follower.communicate(timeout=60)
        assert follower.returncode == 0, err
    for text in (out, followed):
        summary = json.loads(text.splitlines()[-1])
        assert (summary["event"], summary["job"]) == ("summary", 1)
        assert (summary["state"], summary["version"]) == ("completed", 1)
    assert len(usenetsync.query("SELECT 1 FROM jobs")) == 1
    assert_ledger(usenetsync, news, 10)


@pytest.mark.slow
def test_detached_and_followed(usenetsync: Command, news: SlowServer, tmp_path: Path) -> None:
    folder = a_folder(tmp_path, "folder")
    with an_engine(usenetsync):
        begun = usenetsync("upload", folder, "--detach", "--json").event("detached")
        ended = usenetsync("jobs", str(begun["job"]), "--follow", "--json")
        assert ended.event("summary")["state"] == "completed"
        again = usenetsync("jobs", str(begun["job"]), "--follow")
        assert "version 1" in again.out
        usenetsync("jobs", "77", "--follow", expect=2)


@pytest.mark.slow
def test_detached_without_an_engine(usenetsync: Command, news: SlowServer, tmp_path: Path) -> None:
    """A service begins in the background, does the job, and waits for more."""
    folder = a_folder(tmp_path, "folder")
    begun = usenetsync("upload", folder, "--detach", "--json").event("detached")
    try:
        ended = usenetsync("jobs", str(begun["job"]), "--follow", "--json")
        assert ended.event("summary")["state"] == "completed"
        assert (
            usenetsync("verify", "folder", "--detach", "--json").event("detached")["pid"]
            == (begun["pid"])
        )
    finally:
        os.kill(begun["pid"], signal.SIGTERM)
        until(lambda: not Path(f"/proc/{begun['pid']}").exists())
