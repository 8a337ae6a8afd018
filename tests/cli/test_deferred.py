"""A verb loads only what it needs: help, wrong use and completion answer at once."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from usenetsync_tui.cli.command import VERBS, open_screen, root
from usenetsync_tui.cli.deferred import Deferred
from usenetsync_tui.cli.verbs.servers import list_servers

_HEAVY = (
    "psycopg", "textual", "anyio", "pydantic", "pydantic_settings", "rich", "cryptography",
    "sabctools", "lz4", "xxhash", "tomlkit", "asyncio",
)  # fmt: skip
_REPORT = """
print("LOADED", *sorted(sys.modules.keys() & set(sys.argv[1].split(","))))
"""
_RUN_EACH = """
import sys
from usenetsync_tui.cli.command import root
for line in sys.argv[2:]:
    try:
        root.main(line.split(), prog_name="usenetsync")
    except SystemExit as end:
        assert end.code in (None, 0, 2), (line, end.code)
"""
_COMPLETE_EACH = """
import sys
from click.shell_completion import BashComplete
from usenetsync_tui.cli import completing
from usenetsync_tui.cli.command import root
completing._PATIENCE = 60
shell = BashComplete(root, {}, "usenetsync", "_USENETSYNC_COMPLETE")
for line in sys.argv[2:]:
    *before, last = line.split(" ")
    for item in shell.get_completions(before, last):
        print(item.value)
"""
_LOAD_ALL_BUT_TUI = """
import sys
from test_deferred import _commands
from usenetsync_tui.cli.command import root
for words, command in _commands(root):
    if words != "tui" and not hasattr(command, "commands"):
        command.callback.load()
"""
_LOAD_EACH = """
import sys
from test_deferred import _commands
from usenetsync_tui.cli.command import root
commands = dict(_commands(root))
for words in sys.argv[2:]:
    commands[words].callback.load()
"""


def _loaded(program: str, libraries: tuple[str, ...], *lines: str) -> tuple[list[str], list[str]]:
    """The output of a program of this package, and which of the libraries it loads."""
    ended = subprocess.run(
        [sys.executable, "-c", program + _REPORT, ",".join(libraries), *lines],
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    *printed, report = ended.stdout.splitlines()
    return printed, report.split()[1:]


def _commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every verb, and every verb of a verb, as its words."""
    for name, command in group.commands.items():
        yield f"{before}{name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{before}{name} ")


def test_help_and_wrong_use_load_no_library() -> None:
    lines = ["--version", "--help", "uplaod", "--verson"]
    for words, _ in _commands(root):
        lines += [f"{words} --help", f"{words} --no-such-option"]
    assert len(lines) > 30
    printed, loaded = _loaded(_RUN_EACH, _HEAVY, *lines)
    assert sum(line.startswith("Usage: ") for line in printed) == len(lines) // 2 - 1
    assert loaded == []


def test_completing_words_of_the_command_line_loads_no_library() -> None:
    lines = ["", "re", "--", "upload --", "upload --profile s", "servers ", "db st", "completion "]
    lines += ["restore --", "upload --priority h", "nzb music --", "files music --ver"]
    printed, loaded = _loaded(_COMPLETE_EACH, _HEAVY, *lines)
    assert {"restore", "--profile", "sealed", "test", "status", "zsh", "--in-place"} <= set(printed)
    assert {"high", "--each-subfolder", "--version"} <= set(printed)
    assert loaded == []


@pytest.mark.parametrize("line", ["files ph", "files music --version "])
def test_completing_what_is_in_the_database_loads_it(line: str) -> None:
    """Proves that the test above measures loading. The screen is not loaded: a user waits."""
    assert _loaded(_COMPLETE_EACH, ("psycopg", "textual"), line)[1] == ["psycopg"]


def test_no_verb_but_tui_loads_the_screen() -> None:
    assert _loaded(_LOAD_ALL_BUT_TUI, ("textual", "psycopg"))[1] == ["psycopg"]


def test_verbs_that_print_lists_load_no_pipeline() -> None:
    """What posts, fetches, seals and packs is not needed to read the catalogue."""
    rooms = [f"usenetsync_tui.{room}" for room in ("pipeline", "store", "codec", "engine.engine")]
    unused = (*rooms, "cryptography", "sabctools", "lz4", "blake3", "xxhash", "tomlkit", "textual")
    verbs = (
        "folders",
        "snapshots",
        "files",
        "diff",
        "find",
        "history",
        "stats",
        "jobs",
        "db start",
        "db stop",
        "db status",
        "db url",
    )
    assert _loaded(_LOAD_EACH, (*unused, "psycopg"), *verbs)[1] == ["psycopg"]


def test_a_job_loads_no_rare_requests() -> None:
    """What an engine needs for few commands, and a window only beside an engine."""
    rare = ("tomlkit", "python_socks", "websockets.asyncio.client", "usenetsync_tui.codec.nzb")
    rooms = (
        "engine.by_string.adoption", "engine.jobs.job_verbs", "engine.database_backup",
        "pipeline.restore", "pipeline.forget", "pipeline.verify.verify", "disk.restored",
        "pipeline.index.adoption.adopted_pages", "catalogue.backup",
    )  # fmt: skip
    unused = (*rare, *(f"usenetsync_tui.{room}" for room in rooms))
    assert _loaded(_LOAD_EACH, (*unused, "psycopg"), "upload")[1] == ["psycopg"]


def test_the_settings_are_built_once_and_only_when_they_are_read() -> None:
    """Each model of theirs costs some milliseconds, and a subclass reads them."""
    from usenetsync_tui.settings.server import ServerSettings
    from usenetsync_tui.settings.settings import Settings

    assert Settings.model_config["defer_build"] and ServerSettings.model_config["defer_build"]


def test_declared_options_are_the_functions_parameters() -> None:
    """Each option and argument is a parameter of the function that runs."""
    for words, command in _commands(root):
        if isinstance(command, click.Group):
            continue  # a verb of its own would load before it prints its help
        assert isinstance(command.callback, Deferred), words
        taken = inspect.signature(command.callback.load()).parameters
        assert {p.name for p in command.params} == set(taken), words
    assert set(inspect.signature(list_servers.load()).parameters) == {"as_json"}
    assert "paths" in inspect.signature(open_screen.load()).parameters


def test_every_verb_has_its_name_and_a_first_sentence() -> None:
    for name, command in VERBS.items():
        assert command.name == name
        words = command.get_short_help_str(1000)
        assert words.endswith(".") and (command.help or "").replace("\n", " ").startswith(words)


def test_every_verb_is_found_and_no_other() -> None:
    with click.Context(root) as context:
        assert root.list_commands(context) == list(VERBS)
        assert root.get_command(context, "uplaod") is None


def test_an_interrupt_during_the_import_comes_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "interrupted_import.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n"
        "for _ in range(100_000): pass\ndef verb(): pass\n"
    )
    monkeypatch.syspath_prepend(os.fspath(tmp_path))

    def verb() -> None:
        """Does nothing."""

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        deferred = Deferred("interrupted_import", verb)
        with pytest.raises(KeyboardInterrupt):
            deferred.load()
        assert hasattr(sys.modules["interrupted_import"], "verb"), "it was imported to its end"
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert deferred.load()() is None
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_before_the_verb_runs_is_told_by_the_exit_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupted(self: Deferred) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Deferred, "load", interrupted)
    with pytest.raises(SystemExit) as ended:
        root.main(["folders"])
    assert ended.value.code == 130
