"""`usenetsync serve` as systemd runs it: ready, stopped, taken over, without its database."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from acceptance_command import Command
from news_home import configure, server_table
from posted_once import assert_posted_once
from slow_news import SlowServer
from trees import content


class Manager:
    """A service manager, at an abstract socket."""

    def __init__(self) -> None:
        self.name = f"@usenetsync-test-{os.getpid()}-{time.monotonic_ns()}"
        self.told: list[str] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.name[1:])
        threading.Thread(target=self._receive, daemon=True).start()

    def _receive(self) -> None:
        while message := self._socket.recv(4096):
            self.told.append(message.decode())

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as last:
            last.sendto(b"", "\0" + self.name[1:])
        self._socket.close()

    def was_told(self, words: str) -> bool:
        return any(message.startswith(words) for message in self.told)


@contextmanager
def serving(command: Command, *options: str) -> Iterator[tuple[subprocess.Popen[str], Manager]]:
    manager = Manager()
    process = command.start(
        "serve", *options, NOTIFY_SOCKET=manager.name, WATCHDOG_USEC="2000000"
    )  # fmt: skip
    try:
        yield process, manager
    finally:
        process.kill()
        process.communicate()
        manager.close()


def until(condition: Callable[[], object], what: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def _kill_database(home: Path) -> None:
    (pid_file,) = home.glob("data/**/postmaster.pid")
    pid = int(pid_file.read_text().splitlines()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for member in (pid, *map(int, children)):
        os.kill(member, signal.SIGKILL)


@pytest.mark.slow
def test_an_upload_survives_services_and_the_database(usenetsync: Command, tmp_path: Path) -> None:
    """Begun by a killed command, continued by one service, taken over by the next one."""
    tree, listed = tmp_path / "tree", ("snapshots", "tree", "--json")
    tree.mkdir()
    (tree / "file").write_bytes(content(2_000_000))
    with SlowServer() as news:
        configure(usenetsync.home, server_table(news), chunk_size=20_000)
        posted = news.articles
        news.slow_down(soon=3)
        upload = usenetsync.start("upload", tree, "--json")
        until(lambda: posted, "the upload posts")
        upload.kill()
        upload.communicate()
        with serving(usenetsync) as (first, manager):
            until(lambda: manager.was_told("READY=1"), "the first service is ready")
            assert manager.was_told("EXTEND_TIMEOUT_USEC=")
            until(lambda: manager.was_told("STATUS=upload of tree: "), "it says what it does")
            before = len(posted)
            news.slow_down(soon=3)
            until(lambda: len(posted) > before, "it continues the upload")
            second = usenetsync("serve", expect=1)
            assert f"usenetsync serve pid {first.pid}" in second.err
            with serving(usenetsync, "--take-over") as (heir, its_manager):
                until(lambda: its_manager.was_told("STATUS=Waiting for another"), "it waits")
                first.send_signal(signal.SIGHUP)
                first.send_signal(signal.SIGTERM)
                assert first.wait(30) == 0
                assert manager.was_told("STOPPING=1")
                until(lambda: its_manager.was_told("READY=1"), "the heir is ready")
                before = len(posted)
                news.slow_down(soon=3)
                until(lambda: len(posted) > before, "the heir continues")
                assert its_manager.was_told("WATCHDOG=1")
                _kill_database(usenetsync.home)
                log = usenetsync.home / "log" / "serve.log"
                until(lambda: "starting again in" in log.read_text(), "it says so")
                news.hurry.set()
                until(lambda: len(posted) > 102, "it posts the index")
                until(lambda: '"indexed": true' in usenetsync(*listed).out, "the upload ends")
                heir.terminate()
                assert heir.wait(30) == 0
        assert log.stat().st_mode & 0o777 == 0o600
        assert_posted_once(usenetsync, news)
        (versions,) = usenetsync(*listed).events
        assert (versions["state"], versions["files"]) == ("complete", 1)
        assert versions["indexed"]
        usenetsync("verify", "tree")


def test_the_second_signal_stops_at_once(usenetsync: Command, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "file").write_bytes(content(3_000_000))
    with SlowServer() as news:
        news.slow_down(soon=0)
        configure(usenetsync.home, server_table(news))
        with serving(usenetsync, "--json") as (process, manager):
            until(lambda: manager.was_told("READY=1"), "ready")
            usenetsync("upload", tmp_path / "tree", "--detach")
            until(lambda: news.commands["POST"], "it posts")
            process.send_signal(signal.SIGSTOP)  # so that it gets both at once, when it goes on
            process.terminate()
            process.send_signal(signal.SIGINT)
            process.send_signal(signal.SIGCONT)
            out, _ = process.communicate(timeout=60)
            assert process.returncode == 130, out
            messages = [json.loads(line)["message"] for line in out.splitlines()]
            assert "finishing articles in flight" in messages[-2]
            assert messages[-1] == "stopped at once"


@pytest.mark.skipif(not Path("/usr/bin/systemd-analyze").exists(), reason="needs systemd")
def test_the_unit_is_one(home: Path) -> None:
    command = Command(home / 'with "quotes" and 100 %')
    unit = home / "usenetsync.service"
    unit.write_text(command("serve", "--unit").out)
    checked = subprocess.run(
        ["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    assert 'Environment="USENETSYNC_HOME=' in unit.read_text()
    assert "100 %%" in unit.read_text()
