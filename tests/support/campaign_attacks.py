"""Attacks on a running command: kills or stops it, its database or its news server."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from acceptance_command import Command
from inn import Inn

Attack = Callable[["subprocess.Popen[str]"], None]


class Attacks:
    """The attacks on commands of one home; `counts` says how often each was made."""

    def __init__(self, command: Command, inn: Inn | None, rng: random.Random) -> None:
        self._command = command
        self._inn = inn
        self._rng = rng
        self.counts: dict[str, int] = {}

    def strike(self, process: subprocess.Popen[str], seconds: float) -> None:
        """Make one attack on a process, at a random moment of its `seconds`; await its end."""
        attacks: list[Attack] = [
            self.kill_command,
            self.kill_command,
            self.kill_database_process,
            self.kill_database,
            self.terminate,
            self.interrupt,
            self.stop_for_a_while,
            self.stop_and_kill,
        ]
        if self._inn is not None:
            attacks += [self.kill_news_server, self.stop_news_server]
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._rng.uniform(0.0, seconds))
        attack = self._rng.choice(attacks)
        name = getattr(attack, "__name__", "")
        if process.poll() is None:
            self.counts[name] = self.counts.get(name, 0) + 1
            attack(process)
        process.communicate(timeout=300)

    def kill_command(self, process: subprocess.Popen[str]) -> None:
        process.kill()

    def terminate(self, process: subprocess.Popen[str]) -> None:
        process.terminate()

    def interrupt(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGINT)

    def stop_for_a_while(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(self._rng.uniform(0.2, 2.0))
        process.send_signal(signal.SIGCONT)

    def stop_and_kill(self, process: subprocess.Popen[str]) -> None:
        process.send_signal(signal.SIGSTOP)
        time.sleep(self._rng.uniform(0.0, 0.5))
        process.kill()

    def kill_database_process(self, process: subprocess.Popen[str]) -> None:
        """Kill one of them, at random: PostgreSQL then ends all others and recovers."""
        if family := self._database()[1:]:
            _kill(self._rng.choice(family))

    def kill_database(self, process: subprocess.Popen[str]) -> None:
        for member in self._database():
            _kill(member)

    def kill_news_server(self, process: subprocess.Popen[str]) -> None:
        assert self._inn is not None
        self._inn.kill()
        time.sleep(self._rng.uniform(0.0, 1.0))
        self._inn.revive()

    def stop_news_server(self, process: subprocess.Popen[str]) -> None:
        assert self._inn is not None
        self._inn.signal(signal.SIGSTOP)
        time.sleep(self._rng.uniform(0.2, 2.0))
        self._inn.signal(signal.SIGCONT)

    def _database(self) -> list[int]:
        """The postmaster, if it runs, and its children."""
        pid = self._command.server.status().pid
        if pid is None:
            return []
        children = Path(f"/proc/{pid}/task/{pid}/children")
        try:
            return [pid, *map(int, children.read_text().split())]
        except OSError:
            return [pid]  # it is just ending


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it ended by itself meanwhile
