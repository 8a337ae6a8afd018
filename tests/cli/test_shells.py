"""Completion by real shells on a pseudo-terminal: how the tab key changes a line."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from in_process import InProcess
from terminals import Terminal

FOLDERS = (b"my 'own' folder", b'caf\xe9 "x" $HOME', b"line\nbreak", b"co:lon,comma=`x` *!\\s")
TYPED = ("my", "caf", "line", "co")
"""How their names begin. Bytes that are not UTF-8, and line breaks, are shown differently."""
RECORDER = """\
#!{python}
import json, os, sys
def record(name, words):
    with open(os.path.join({place!r}, name), "a") as file:
        file.write(json.dumps(words) + "\\n")
if "_USENETSYNC_COMPLETE" in os.environ:
    from usenetsync_tui.__main__ import main
    try:
        main()
    finally:
        record("tabs", "")
else:
    record("lines", sys.argv[1:])
"""


class Shell:
    """An interactive shell in which `usenetsync` completes and records its arguments."""

    def __init__(self, program: str, run: InProcess, place: Path) -> None:
        name = os.path.basename(program)
        self.place = place
        folder = place / "bin"
        folder.mkdir()
        recorder = folder / "usenetsync"
        recorder.write_text(RECORDER.format(python=sys.executable, place=str(place)))
        recorder.chmod(0o755)
        script = place / "_usenetsync"
        script.write_text(run("completion", name).out)
        arguments, home = START[name](script, place)
        self.terminal = Terminal(
            [program, *arguments],
            {
                "PATH": f"{folder}:{os.environ['PATH']}",
                "LC_ALL": "C.UTF-8",
                "TERM": "dumb" if name != "fish" else "xterm",
                **home,
            },
        )
        self._asked = 0

    def completed(self, typed: str) -> list[str]:
        """The arguments of the completed line; a tab in `line` presses that key."""
        self._asked += 1
        for part in re.split("(\t)", typed):
            self._press(part)
        os.write(self.terminal.end, b"\r")
        self.terminal.read_until(lambda: len(self._recorded("lines")) >= self._asked, 60)
        words: list[str] = self._recorded("lines")[-1]
        return words

    def _press(self, keys: str) -> None:
        """Press some keys, and wait for their effect: zsh drops a tab if it is too slow for it."""
        before = len(self._recorded("tabs"))
        os.write(self.terminal.end, keys.encode())
        if keys == "\t":
            self.terminal.read_until(lambda: len(self._recorded("tabs")) > before, 60)
        settled = -1
        while len(self.terminal.output) != settled:
            settled = len(self.terminal.output)
            self.terminal.read(0.15)

    def _recorded(self, name: str) -> list[Any]:
        path = self.place / name
        return list(map(json.loads, path.read_text().splitlines())) if path.exists() else []


def _bash(script: Path, place: Path) -> tuple[list[str], dict[str, str]]:
    rc = place / "bashrc"
    rc.write_text(f"source {script}\nPS1='ready> '\nbind 'set enable-bracketed-paste off'\n")
    return ["--noprofile", "--rcfile", str(rc), "-i"], {}


def _zsh(script: Path, place: Path) -> tuple[list[str], dict[str, str]]:
    (place / ".zshrc").write_text(
        f"fpath+=({place})\nautoload -Uz compinit\ncompinit -u -d {place}/dump\nPS1='ready> '\n"
    )
    return ["-d", "-i"], {"ZDOTDIR": str(place)}


def _fish(script: Path, place: Path) -> tuple[list[str], dict[str, str]]:
    folder = place / "config" / "fish" / "completions"
    folder.mkdir(parents=True)
    shutil.copy(script, folder / "usenetsync.fish")
    # Without it the first fish of a user reads all manual pages, for a minute.
    (place / "data" / "fish" / "generated_completions").mkdir(parents=True)
    return ["-i"], {"XDG_CONFIG_HOME": str(place / "config"), "XDG_DATA_HOME": str(place / "data")}


START: dict[str, Callable[[Path, Path], tuple[list[str], dict[str, str]]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
}


@pytest.mark.parametrize("name", START)
def test_words_options_names_versions_and_paths(run: InProcess, tmp_path: Path, name: str) -> None:
    program = shutil.which(name)
    if program is None:
        pytest.skip(f"{name} is not installed")
    folders = [tmp_path / os.fsdecode(folder) for folder in FOLDERS]
    for folder in folders:
        folder.mkdir()
    run("upload", "-q", *folders)
    known = [event["name"] for event in run("folders", "--json").of("folder")]
    own, cafe, line, colon = (next(n for n in known if n.startswith(s)) for s in TYPED)
    place = tmp_path / "shell"
    place.mkdir()
    shell = Shell(program, run, place)
    try:
        for typed, wanted in (
            ("usenetsync sna\t", ["snapshots"]),
            ("usenetsync upload --prof\tpla\t", ["upload", "--profile", "plain"]),
            ("usenetsync files 'my\t --version \t", ["files", own, "--version", "1"]),
            (f"usenetsync restore caf\t{place}/bi\tx", ["restore", cafe, f"{place}/bin/x"]),
            ("usenetsync files line\t", ["files", line]),
            ("usenetsync files co:l\t --version=\t", ["files", colon, "--version=1"]),
            # A quote that opens, or opens and closes, in the middle of a word.
            ("usenetsync files my' \t", ["files", own]),
            ("usenetsync files m'y '\"'ow\t", ["files", own]),
            ("usenetsync files my\\ '\t", ["files", own]),
            ("usenetsync files co':lo\t", ["files", colon]),
        ):
            assert shell.completed(typed) == wanted, (typed, shell.terminal.output[-1000:])
    finally:
        shell.terminal.close()
