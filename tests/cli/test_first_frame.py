"""The first frame of the screen waits for nothing that only the engine needs (no time is measured).

The command runs in a pseudo-terminal, and notes which modules are loaded when the frame is drawn.
Its settings are wrong, so no database is needed: the screen closes when they are read.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from terminals import ALTERNATE_ON, Terminal, is_clean

_PROGRAM = """
import gc, json, sys
from usenetsync_tui.cli.command import main
from usenetsync_tui.engine.thread import EngineThread
note, begin = sys.argv.pop(), EngineThread.begin
def noted(self):
    with open(note, "w") as file:
        json.dump({"modules": sorted(sys.modules), "collects": gc.isenabled()}, file)
    EngineThread.begin = begin
    begin(self)
EngineThread.begin = noted
main()
"""
_LIBRARIES = {
    "psycopg", "psycopg_pool", "pydantic", "pydantic_settings", "anyio", "cryptography", "lz4",
    "blake3", "sabctools", "xxhash", "tomlkit", "python_socks", "pygments",
}  # fmt: skip
_ROOMS = {
    "catalogue", "pipeline", "store", "disk", "codec", "tui.screens", "tui.keeping",
    "tui.dialogs.first_run", "tui.dialogs.choices_dialog", "tui.dialogs.by_string",
}  # fmt: skip


def _shown(tmp_path: Path, config: str) -> tuple[int, bytes, dict[str, Any], bool]:
    """Exit code, output, what was noted, and whether the terminal is as it was."""
    folder = tmp_path / "home" / "config"
    folder.mkdir(parents=True, mode=0o700)
    (file := folder / "config.toml").write_text(config)
    file.chmod(0o600)
    note = tmp_path / "note"
    program = [sys.executable, "-c", _PROGRAM, os.fspath(note)]
    terminal = Terminal(program, {"USENETSYNC_HOME": os.fspath(tmp_path / "home")})
    try:
        code = terminal.wait(60)
        noted = json.loads(note.read_text()) if note.exists() else {}
        return code, terminal.output, noted, is_clean(terminal)
    finally:
        terminal.close()


def test_what_is_loaded_when_it_is_drawn(tmp_path: Path) -> None:
    code, output, noted, is_as_it_was = _shown(tmp_path, 'max_worker = 3\ntheme = "nord"\n')
    modules = set(noted["modules"])
    assert "textual.app" in modules and b"1 Folders" in output
    assert _LIBRARIES & modules == set()
    assert {
        m for m in modules for room in _ROOMS if m.startswith(f"usenetsync_tui.{room}")
    } == set()
    assert {"usenetsync_tui.engine.engine", "usenetsync_tui.settings.settings"} & modules == set()
    assert not noted["collects"]
    # The settings come after the frame, and their mistake closes the screen.
    assert code == 2 and is_as_it_was
    after = output[output.rindex(b"\x1b[?1049l") :]
    assert b'config.toml: unknown key "max_worker". Did you mean "max_workers"?' in after
    assert b"Traceback" not in output


@pytest.mark.parametrize("config", ["theme =", "keys = {"])
def test_what_cannot_be_read_opens_no_screen(tmp_path: Path, config: str) -> None:
    code, output, noted, _ = _shown(tmp_path, config)
    assert code == 2 and not noted and ALTERNATE_ON not in output
    assert b"config.toml: this is not TOML" in output
