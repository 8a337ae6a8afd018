"""Every verb does its work beside a running `serve`, with the output and exit code as alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
from acceptance_command import Command
from forked_command import Case, Ended, run_forked
from test_handed_over import until

from usenetsync_tui.cli.command import root
from usenetsync_tui.locations import Locations
from usenetsync_tui.wire.places import socket_path

PASSPHRASE = "seven wooden horses on a hill"
ANY = -1
"""The exit code of `doctor` is about this machine."""
ALONE = ("key change", "db restore", "adopt")
"""Verbs that change the catalogue and are no jobs: run without an engine, too."""


def ran(usenetsync: Command, *lines: list[str]) -> list[Ended]:
    return run_forked([Case(line) for line in lines], usenetsync.environment)


def events(ended: Ended) -> list[dict[str, Any]]:
    return [json.loads(line) for line in ended.out.splitlines()]


def shape(ended: Ended) -> list[list[str]]:
    """The lines of output but for the progress: each with its keys."""
    return [list(e) for e in events(ended) if e["event"] != "progress"]


def verbs(group: click.Group, before: tuple[str, ...] = ()) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from verbs(command, (*before, name))
        if not isinstance(command, click.Group) or command.invoke_without_command:
            yield " ".join((*before, name))


def folder_at(path: Path) -> Path:
    path.mkdir()
    (path / "file").write_text("a line\n" * 700)
    return path


@contextmanager
def serving(usenetsync: Command) -> Iterator[tuple[int, Callable[[], str]]]:
    """`usenetsync serve`: its process id, and all that it has written once it has ended."""
    locations = Locations.find({"USENETSYNC_HOME": str(usenetsync.home)})
    process = usenetsync.start("serve", "--json")
    told: list[str] = []

    def written() -> str:
        logs = (path.read_text() for path in locations.log_dir.iterdir())
        return "".join((*told, *logs))

    try:
        until(socket_path(locations, "embedded").exists)
        yield process.pid, written
    finally:
        process.terminate()
        told += process.communicate(timeout=60)
    assert process.returncode == 0, told


@pytest.mark.slow
def test_every_verb_beside_an_engine(usenetsync: Command, tmp_path: Path) -> None:
    folder, empty, words = folder_at(tmp_path / "photos"), tmp_path / "empty", tmp_path / "words"
    words.write_text(PASSPHRASE + "\n")
    words.chmod(0o600)
    upload = ["upload", str(folder), "--profile", "sealed", "--json"]
    backup = ["db", "backup", str(empty), "--json"]
    *_, shared, url = ran(
        usenetsync,
        backup,
        upload,
        ["share", "photos", "--passphrase-file", str(words), "--json"],
        ["db", "url", "--json"],
    )
    string = events(shared)[-1]["string"]
    opened = ["--passphrase-file", str(words), "--json"]
    database = ["--database", events(url)[0]["url"], *opened]

    def changes(key: Path) -> list[list[str]]:
        """A new key, and the folder lost and found again. `db restore` keeps the articles."""
        return [
            ["key", "change", "--new-key-file", str(key), "--json"],
            ["db", "restore", str(empty), "--replace", "--yes", "--json"],
            ["adopt", string, *opened],
        ]

    alone = ran(usenetsync, *changes(tmp_path / "key one"))
    assert [ended.code for ended in alone] == [0, 0, 0], alone

    table: dict[str, tuple[int, list[str]]] = {
        "upload": (0, upload),
        "verify": (0, ["verify", "photos", "--json"]),
        "restore": (0, ["restore", "photos", str(tmp_path / "back"), "--json"]),
        "folders": (0, ["folders", "--json"]),
        "snapshots": (0, ["snapshots", "photos", "--json"]),
        "files": (0, ["files", "photos", "--json"]),
        "cat": (0, ["cat", string, "file", *database[:-1]]),
        "diff": (0, ["diff", "photos", "1", "1", "--json"]),
        "find": (0, ["find", "f*", "--json"]),
        "history": (0, ["history", "photos", "file", "--json"]),
        "stats": (0, ["stats", "photos", "--json"]),
        "nzb": (2, ["nzb", "photos", "-o", str(tmp_path / "nzb"), "--json"]),
        "share": (0, ["share", "photos", "--json"]),
        "jobs": (0, ["jobs", "--json"]),
        "servers": (0, ["servers", "--json"]),
        "servers test": (2, ["servers", "test", "--json"]),
        "doctor": (ANY, ["doctor", "--quick", "--json"]),
        "completion": (0, ["completion", "bash"]),
        "key show": (0, ["key", "show", "--json"]),
        "db status": (0, ["db", "status", "--json"]),
        "db url": (0, ["db", "url", "--json"]),
        "db start": (0, ["db", "start", "--json"]),
        "db stop": (2, ["db", "stop", "--json"]),
        "db backup": (0, ["db", "backup", str(tmp_path / "more"), "--json"]),
        "serve": (1, ["serve", "--json"]),
        "tui": (2, ["tui"]),
        "keep": (0, ["keep", "photos", "--keep-daily", "7", "--json"]),
        "tag": (0, ["tag", "photos", "1", "a tag", "--json"]),
        "protect": (0, ["protect", "photos", "1", "--json"]),
        "move": (0, ["move", "photos", str(folder_at(tmp_path / "moved")), "--json"]),
        "forget": (2, ["forget", "photos", "1", "--yes", "--json"]),
        **dict(zip(ALONE, ((0, line) for line in changes(tmp_path / "key two")), strict=True)),
        "remove": (0, ["remove", "photos", "--yes", "--json"]),
    }
    assert sorted(table) == sorted(verbs(root)), "a verb without a row"
    with serving(usenetsync) as (pid, log):
        beside = ran(usenetsync, *(line for _, line in table.values()))
    found = dict(zip(table, beside, strict=True))
    wrong = {v: e for v, e in found.items() if table[v][0] not in (ANY, e.code)}
    assert not wrong
    for verb, ended in zip(ALONE, alone, strict=True):
        assert shape(found[verb]) == shape(ended)
    done_there = [v for v, ended in found.items() if f"(pid {pid}) does the work" in ended.err]
    kept = ["keep", "tag", "protect"]
    assert done_there == ["upload", "verify", "restore", *kept, "move", *ALONE, "remove"]
    for secret in (string, PASSPHRASE, string[:20]):
        assert secret not in log()
