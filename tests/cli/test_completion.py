"""Completion by real shells: verbs, options, words of options, folders, versions, servers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from in_process import InProcess
from scripted_server import ScriptedServer

from usenetsync_tui.cli.command import VERBS, root

_SHELLS = ("bash", "zsh", "fish")
_NEEDS_NO_DEFAULT = ("new_key_file", "new_passphrase_file", "output", "each_subfolder")
"""One of them is required."""


def completed(line: str) -> list[str]:
    """The completions of the last word of a line."""
    *before, last = line.split(" ")
    shell = BashComplete(root, {}, "usenetsync", "_USENETSYNC_COMPLETE")
    return [item.value for item in shell.get_completions(before[1:], last)]


@pytest.fixture(autouse=True)
def _no_alarm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Completion gives up by ending its process after a second: here it would end pytest."""
    monkeypatch.setattr("usenetsync_tui.cli.completing._be_quick", lambda: None)


def test_verbs_options_and_their_words() -> None:
    assert completed("usenetsync ") == list(VERBS)
    assert completed("usenetsync re") == ["restore", "remove"]
    assert completed("usenetsync db st") == ["start", "status", "stop"]
    assert {"--profile", "--quiet", "--json"} <= set(completed("usenetsync upload --"))
    assert completed("usenetsync upload --profile s") == ["sealed"]
    assert completed("usenetsync completion ") == list(_SHELLS)


def test_folders_and_versions(run: InProcess, tmp_path: Path) -> None:
    for name in ("photos", "photographs", "music"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    run("upload", "-q", *(tmp_path / name for name in ("photos", "photographs", "music")))
    (tmp_path / "music" / "another").write_text("x")
    run("upload", "-q", tmp_path / "music")
    for verb in ("restore", "verify", "snapshots", "files", "nzb"):
        assert completed(f"usenetsync {verb} photo") == ["photographs", "photos"]
    assert completed("usenetsync files music --version ") == ["2", "1"]
    assert completed(f"usenetsync files {tmp_path / 'music'} --version ") == ["2", "1"]
    assert completed("usenetsync restore music /tmp --version ") == ["2", "1"]
    assert completed("usenetsync files nothing --version ") == []


def test_completion_starts_and_prints_nothing_else(
    run: InProcess, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("USENETSYNC_DATABASE_URL")
    assert completed("usenetsync restore ph") == []
    assert list(run.home.iterdir()) == []
    for url in ("postgresql://u@127.0.0.1:1/x", "nonsense://"):
        monkeypatch.setenv("USENETSYNC_DATABASE_URL", url)
        assert completed("usenetsync restore ph") == []
    monkeypatch.setenv("USENETSYNC_MAX_WORKERS", "many")
    assert completed("usenetsync restore ph") == []
    assert capsys.readouterr() == ("", "")


def test_servers(run: InProcess) -> None:
    with ScriptedServer() as server:
        run.configure(server, server)
        assert completed("usenetsync servers test s") == ["s1", "s2"]


def test_it_ends_whatever_the_database_does(run: InProcess, tmp_path: Path) -> None:
    """A server that takes a connection and stays silent."""
    program = (
        "import socket, sys; s = socket.create_server(('127.0.0.1', 0)); import os;"
        "os.environ['USENETSYNC_DATABASE_URL'] = "
        "f'postgresql://u@127.0.0.1:{s.getsockname()[1]}/x';"
        "from usenetsync_tui.cli.completing import complete_folder; complete_folder(0, 0, '');"
        "sys.exit(9)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, b"", b"")


@pytest.mark.parametrize("shell", _SHELLS)
def test_the_script_is_one(run: InProcess, tmp_path: Path, shell: str) -> None:
    script = tmp_path / "script"
    script.write_text(run("completion", shell).out)
    assert "_USENETSYNC_COMPLETE" in script.read_text()
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    subprocess.run([program, "-n", script], check=True, timeout=60)


def test_every_option_has_a_help_text() -> None:
    """Options of every verb; if an option takes a value, the text also names the default."""
    for command in _commands(root, click.Context(root)):
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, (command.name, option.name)
                if not option.is_flag and option.name not in _NEEDS_NO_DEFAULT:
                    assert "[default: " in option.help, (command.name, option.name)


def _commands(group: click.Group, context: click.Context) -> list[click.Command]:
    found: list[click.Command] = []
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found.append(command)
        if isinstance(command, click.Group):
            found += _commands(command, context)
    return found
