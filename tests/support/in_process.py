"""The command in this process: fast enough to run often."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from scripted_server import ScriptedServer
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from syrupy.location import PyTestLocation

from usenetsync_tui.cli.command import root

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"


class TextSnapshots(SingleFileSnapshotExtension):
    """Stores each output as a text file under `snapshots/`."""

    _write_mode = WriteMode.TEXT
    file_extension = "txt"
    _file_extension = "txt"

    @classmethod
    def dirname(cls, *, test_location: PyTestLocation) -> str:
        return str(SNAPSHOTS / test_location.basename)


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

    def of(self, event: str) -> list[dict[str, Any]]:
        """The events with this name."""
        return [e for e in self.events if e["event"] == event]


class InProcess:
    """`usenetsync ARGUMENTS`, in a home of its own, on a database of its own."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capture = capture

    def __call__(self, *arguments: str | Path, expect: int | None = 0) -> Ended:
        """Run it to its end, which must have the expected exit code; None: any."""
        self._capture.readouterr()
        code: object = 0
        try:
            root.main([os.fspath(a) for a in arguments], prog_name="usenetsync")
        except SystemExit as end:
            code = end.code or 0
        out, err = self._capture.readouterr()
        assert isinstance(code, int)
        assert expect is None or code == expect, f"{arguments}: {code}\n{out}\n{err}"
        return Ended(code, out, err)

    def configure(self, *servers: ScriptedServer, **keys: object) -> None:
        """Write `config.toml` with these servers."""
        keys = {"check_delays": [], **keys}
        lines = [f"{key} = {value}" for key, value in keys.items()]
        for number, server in enumerate(servers, 1):
            lines += ["[[servers]]", f'name = "s{number}"', f'host = "{server.host}"']
            lines += [f"port = {server.port}", 'tls = "none"', "connections = 2"]
        folder = self.home / "config"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        (folder / "config.toml").write_text("\n".join(lines) + "\n")
        (folder / "config.toml").chmod(0o600)
