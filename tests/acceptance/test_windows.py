"""Two screens and a command at one engine, in a real tmux, beside a slow news server."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from news_home import configure, server_table
from posted_once import assert_posted_once
from slow_news import SlowServer
from tmux_windows import PATIENCE, Tmux, TmuxWindow

from usenetsync_tui.locations import Locations
from usenetsync_tui.wire.places import socket_path

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
]

SMALL, LARGE = (80, 24), (140, 45)
SCREEN = (sys.executable, "-m", "usenetsync_tui", "tui")
SEGMENT = 10_000


class Cron:
    """A command without a terminal, and all that it has said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.out, self.err = process, "", ""
        self._readers = [threading.Thread(target=self._hear, args=(to,)) for to in ("out", "err")]
        for reader in self._readers:
            reader.start()

    def _hear(self, to: str) -> None:
        for line in getattr(self.process, f"std{to}"):
            setattr(self, to, getattr(self, to) + line)

    @property
    def progress(self) -> list[int]:
        """The bytes done, at each look."""
        events = [json.loads(line) for line in self.out.splitlines(keepends=True) if "\n" in line]
        return [event["current"] for event in events if event["event"] == "progress"]

    def ended(self) -> int:
        """Wait for its end; returns the exit code."""
        code = self.process.wait(PATIENCE)
        for reader in self._readers:
            reader.join()
        return code

    def close(self) -> None:
        """End it, whatever it does."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def cron(usenetsync: Command) -> Iterator[Callable[..., Cron]]:
    """Starts commands as cron does."""
    with ExitStack() as stack:

        def start(*arguments: str | Path) -> Cron:
            begun = Cron(usenetsync.start(*arguments))
            stack.callback(begun.close)
            return begun

        yield start


@pytest.fixture
def news(usenetsync: Command) -> Iterator[SlowServer]:
    with SlowServer() as server:
        configure(usenetsync.home, server_table(server), chunk_size=SEGMENT)
        yield server


def the_part(text: str) -> str:
    """How much is done, as the status line of a screen has it."""
    found = re.search(r"\d+%", "\n".join(text.splitlines()[:3]))
    return found[0] if found else ""


def moves(window: TmuxWindow) -> None:
    before = the_part(window.until(the_part, "shows no part"))
    window.until(lambda text: the_part(text) not in ("", before), f"stays at {before}")


def said_by(upload: Cron, *screens: TmuxWindow) -> list[float]:
    """Wait until each says that the engine has died; returns after how many seconds."""
    began, said = time.monotonic(), {}

    def all_say() -> bool:
        texts = {upload: upload.err} | {screen: screen.text for screen in screens}
        for each, text in texts.items():
            if "The engine has died" in text:
                said.setdefault(each, time.monotonic() - began)
        return len(said) == len(texts)

    until(all_say, "not all say that the engine has died")
    return list(said.values())


def until(condition: object, what: str) -> None:
    assert callable(condition)
    limit = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < limit, what
        time.sleep(0.05)


def test_two_screens_and_a_command_at_one_engine(
    usenetsync: Command,
    news: SlowServer,
    cron: Callable[..., Cron],
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    first, tree = tmp_path / "first", tmp_path / "tree"
    trees.small_files(first, 3)
    tree.mkdir()
    (tree / "file").write_bytes(os.urandom(400 * SEGMENT))
    with Tmux(usenetsync.environment) as tmux:
        small = tmux.open(SMALL, *SCREEN, str(first))
        small.shows("idle")
        large = tmux.open(LARGE, *SCREEN)
        large.shows("engine screen")
        news.slow_down(soon=200)
        upload = cron("upload", tree, "--json")
        for window in (small, large):
            moves(window)
        until(lambda: len(set(upload.progress)) > 2, "the command shows no progress")

        pressed = time.monotonic()
        large.press("P")
        small.shows("‖ paused")
        record_property("a pause is seen after ms", round(1000 * (time.monotonic() - pressed)))
        large.shows("‖ paused")  # until then, P would pause it once more
        large.press("P")
        small.shows("▲ running")

        small.press("q")
        small.shows("Keep working")
        small.press("b")
        assert small.ended() == 0
        found = re.search(r"in the background \(pid (\d+)\)", small.text.replace("\n", ""))
        assert found is not None, small.text
        service = int(found[1])
        large.shows(f"engine serve (pid {service}")
        moves(large)
        news.hurry.set()
        assert upload.ended() == 0, upload.err + upload.out
        assert f"serve (pid {service}) does the work" in upload.err
        large.press("q")
        assert large.ended() == 0
    os.kill(service, signal.SIGTERM)
    until(lambda: not Path(f"/proc/{service}").exists(), "the service does not end")
    assert_posted_once(usenetsync, news)


def test_the_engine_is_killed_under_all(
    usenetsync: Command,
    news: SlowServer,
    tmp_path: Path,
    cron: Callable[..., Cron],
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    tree, seconds = tmp_path / "tree", []
    tree.mkdir()
    socket = socket_path(Locations.find({"USENETSYNC_HOME": str(usenetsync.home)}), "embedded")
    for number in range(request.config.getoption("--kill-rounds") or 1):
        (tree / f"file{number}").write_bytes(os.urandom(100 * SEGMENT))
        with Tmux(usenetsync.environment) as tmux:
            engine = ["serve"] if number % 2 == 0 else ["tui"]
            killed = tmux.open(SMALL, *SCREEN[:-1], *engine)
            until(socket.exists, "no engine listens")
            screens = [tmux.open(size, *SCREEN) for size in (SMALL, LARGE)]
            for screen in screens:
                screen.shows(f"(pid {killed.pid}")
            news.slow_down(soon=60)
            enough = len(news.articles) + 5
            upload = cron("upload", tree, "--json")
            until(lambda enough=enough: len(news.articles) > enough, "nothing is posted")
            os.kill(killed.pid, signal.SIGKILL)
            seconds += said_by(upload, *screens)
            news.hurry.set()
            assert upload.ended() == 0, upload.err + upload.out
            for screen in screens:
                screen.shows("idle")
                screen.press("q")
                assert screen.ended() == 0, screen.text
        assert_posted_once(usenetsync, news)
    record_property("the end is told after s", [round(each, 2) for each in seconds])
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(tree, tmp_path / "out") == []
