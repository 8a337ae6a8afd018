"""`usenetsync` as a user runs it: a process, its exit code, its output.

What runs to its end is a fork of a process that has imported it (`forks`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import forks
import psycopg

from usenetsync_tui.locations import Locations
from usenetsync_tui.postgres.embedded.server import EmbeddedServer


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def events(self) -> list[dict[str, Any]]:
        """Its `--json` lines."""
        return [json.loads(line) for line in self.out.splitlines()]

    def event(self, name: str) -> dict[str, Any]:
        """The only event with this name."""
        (found,) = [e for e in self.events if e["event"] == name]
        return found


class Command:
    """`usenetsync`, run as a user would, in a home of its own."""

    def __init__(self, home: Path, **environment: str) -> None:
        self.home = home
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("USENETSYNC_")},
            "USENETSYNC_HOME": str(home),
            **environment,
        }

    program: tuple[str, ...] = (sys.executable, "-m", "usenetsync_tui")
    """Not to be forked from a process that has imported it, when this is another program."""

    def start(self, *arguments: str | Path, **environment: str) -> subprocess.Popen[str]:
        """Start it, without waiting for its end."""
        return subprocess.Popen(
            [*self.program, *map(os.fspath, arguments)],
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="backslashreplace",
        )

    def __call__(self, *arguments: str | Path, expect: int | None = 0, **environment: str) -> Ended:
        """Run it to its end, which must have the expected exit code; None: any."""
        if self.program == Command.program:
            line = [os.fspath(argument) for argument in arguments]
            ended = Ended(*forks.run(line, {**self.environment, **environment}, patience=300))
        else:
            process = self.start(*arguments, **environment)
            out, err = process.communicate(timeout=300)
            ended = Ended(process.returncode, out, err)
        assert expect is None or ended.code == expect, (
            f"{arguments}: {ended.code}\n{ended.out}\n{ended.err}"
        )
        return ended

    @property
    def server(self) -> EmbeddedServer:
        """The embedded server of this home."""
        return EmbeddedServer(Locations.find({"USENETSYNC_HOME": str(self.home)}))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the catalogue."""
        server = self.server
        conninfo = server.acquire()
        try:
            with psycopg.connect(conninfo) as connection:
                return connection.execute(sql.encode()).fetchall()
        finally:
            server.release()
