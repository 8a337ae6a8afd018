"""What a verb does not need it does not load: `--version` and `--help` answer at once."""

from __future__ import annotations

import subprocess
import sys

import click
import pytest

from usenetsync_tui.cli.command import VERBS, root

_HEAVY = ("psycopg", "textual", "anyio", "pydantic", "rich", "cryptography", "sabctools")
_REPORT = """
loaded = {name.partition(".")[0] for name in sys.modules}
print("LOADED", *sorted(loaded & set(sys.argv[1].split(","))))
"""
_RUN = """
import sys
arguments = sys.argv[2:]
from usenetsync_tui.cli.command import root
root(arguments, standalone_mode=False)
"""
_IMPORT_ALL_BUT_TUI = """
import sys
from usenetsync_tui.cli.command import VERBS
for name, verb in VERBS.items():
    if name != "tui":
        verb.load()
"""


def _loaded(program: str, libraries: tuple[str, ...], *arguments: str) -> list[str]:
    """Which of the libraries a program of this package loads."""
    ended = subprocess.run(
        [sys.executable, "-c", program + _REPORT, ",".join(libraries), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.splitlines()[-1].split()[1:]


@pytest.mark.parametrize("arguments", [("--version",), ("--help",)])
def test_version_and_help_load_no_library(arguments: tuple[str, ...]) -> None:
    assert _loaded(_RUN, _HEAVY, *arguments) == []


def test_no_verb_but_tui_loads_the_screen() -> None:
    assert _loaded(_IMPORT_ALL_BUT_TUI, ("textual", "psycopg")) == ["psycopg"]


@pytest.mark.parametrize("name", VERBS)
def test_the_list_of_verbs_says_what_each_says_itself(name: str) -> None:
    command = VERBS[name].load()
    assert command.name == name
    first = (command.help or "").partition("\n\n")[0].replace("\n", " ")
    assert first.startswith(VERBS[name].words)
    assert VERBS[name].words.endswith(".")


def test_every_verb_is_found_and_no_other() -> None:
    with click.Context(root) as context:
        assert root.list_commands(context) == list(VERBS)
        assert all(root.get_command(context, name) is not None for name in VERBS)
        assert root.get_command(context, "uplaod") is None
