"""Verbs with a recovery string in the place of FOLDER: what they print, refuse and never show."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest
from in_process import InProcess
from scripted_server import ScriptedServer
from trees import compare_trees

from usenetsync_tui.cli import typed_string
from usenetsync_tui.cli.completing import complete_folder, complete_version
from usenetsync_tui.cli.verbs.listing import list_files
from usenetsync_tui.codec.recovery_string import (
    grouped,
    read_string,
    recovery_string,
    wrapped_string,
)

FOREIGN = recovery_string(bytes(range(32)))


@pytest.fixture
def string(run: InProcess, tmp_path: Path) -> str:
    """Of a folder with two versions in the database."""
    folder = tmp_path / "tree"
    (folder / "a").mkdir(parents=True)
    (folder / "a" / "small.txt").write_bytes(b"small\n\xff")
    (folder / "large").write_bytes(bytes(range(256)) * 8_000)
    (folder / "link").symlink_to("large")
    run("upload", folder, "--profile", "sealed")
    (folder / "a" / "second").write_bytes(b"2")
    run("upload", folder)
    (made,) = run("share", "tree", "--json").of("share")
    return str(made["string"])


def test_lists_are_those_of_the_catalogue(run: InProcess, string: str) -> None:
    keys = ("path", "bytes", "kind", "mode", "mtime_ns", "link", "state", "reason")
    for options in (("--version", "1"), (), ("--path", "a")):
        mine = run("files", "tree", *options, "--json").of("file")
        theirs = run("files", string, *options, "--json").of("file")
        assert [list(e) for e in mine] == [list(e) for e in theirs] and mine
        assert [[e[k] for k in keys] for e in mine] == [[e[k] for k in keys] for e in theirs]
    assert run("files", "tree", "--digests").out == run("files", string, "--digests").out
    mine, theirs = (run("snapshots", each, "--json").of("snapshot") for each in ("tree", string))
    times = ("began", "ended", "posted_bytes")  # the root does not count itself
    assert [{k: v for k, v in e.items() if k not in times} for e in mine] == [
        {k: v for k, v in e.items() if k not in times} for e in theirs
    ]
    (found,) = run("snapshots", string, "--json").of("recovered")
    assert (found["version"], found["unreadable"], found["unsure"]) == (2, [], None)


_WRONG: list[tuple[tuple[str, ...], str]] = [
    (("snapshots", FOREIGN[:-1] + "p"), "character 3 of group 18 ('p' in 'j3p')"),
    (("files", FOREIGN[:-4]), "67 characters instead of 71: 4 missing"),
    (("cat", FOREIGN.replace("q", "b", 1), "x"), "is 'b', which does not occur there"),
    (("snapshots", FOREIGN), "No version of this recovery string's folder was found. Asked: "),
    (("restore", FOREIGN, "/nowhere"), "No version of this recovery string's folder"),
    (("files", "STRING", "--version", "3"), "no version 3 of tree. Versions: 1, 2."),
    (("restore", "STRING", "OUT", "--version", "9"), "no version 9 of tree. Versions: 1, 2."),
    (("cat", "STRING", "a/smal.txt"), 'contain "a/smal.txt". Did you mean "a/small.txt"'),
    (("files", "STRING", "--path", "b"), 'does not contain "b"'),
    (("cat", "STRING", "a"), '"a" is a folder: restore'),
    (("cat", "STRING", "link"), 'is a link to "large"'),
    (("cat", "tree", "larg"), 'contain "larg". Did you mean "large"'),
    (("cat", "tree", "a"), '"a" is a folder: restore'),
    (("cat", "tree", "link"), 'is a link to "large"'),
    (("snapshots", "tree", "--database", "postgresql://x/"), "--database is for a recovery"),
    (("files", FOREIGN, "--database", "postgresql://nobody:secret@127.0.0.1:9/x"), "database"),
]


def test_what_is_wrong_is_said(run: InProcess, string: str, tmp_path: Path) -> None:
    names = {"STRING": string, "OUT": os.fspath(tmp_path / "out")}
    for arguments, words in _WRONG:
        ended = run(*[names.get(word, word) for word in arguments], expect=None)
        assert ended.code in (1, 2) and words in ended.err, (arguments, ended)
        for secret in (string, FOREIGN, "secret@"):
            assert secret not in ended.err + ended.out
        assert not (tmp_path / "out").exists()
        assert not (run.home / "data" / "recoveries").exists()


def test_a_passphrase_opens_its_string_only(
    run: InProcess, string: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = read_string(string).value
    wrapped = wrapped_string(secret, "right", salt=bytes(16), nonce=bytes(12))
    file = tmp_path / "passphrase"
    file.touch(mode=0o600)
    for phrase, code in (("right", 0), ("wrong", 2)):
        file.write_text(f"{phrase}\n")
        ended = run("snapshots", wrapped, "--passphrase-file", file, expect=code)
        assert ("The passphrase is not the one" in ended.err) == bool(code)
    monkeypatch.setattr(typed_string, "_asked", lambda prompt: None)  # no terminal
    assert "add --passphrase-file" in run("snapshots", wrapped, expect=2).err
    monkeypatch.setattr(typed_string, "_asked", lambda prompt: "right")
    assert run("snapshots", grouped(wrapped).upper()).out
    file.chmod(0o644)
    refused = run("snapshots", wrapped, "--passphrase-file", file, expect=2)
    assert "Others can read" in refused.err


def test_there_must_be_a_place_to_look(run: InProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("USENETSYNC_DATABASE_URL")
    ended = run("snapshots", FOREIGN, expect=2)
    assert "add a [[servers]] table to" in ended.err and "--database" in ended.err
    assert not (run.home / "data").exists()
    with ScriptedServer() as server:
        run.configure(server)
        ended = run("snapshots", FOREIGN, expect=2)
        assert "Asked: server s1" in ended.err
        assert not (run.home / "data").exists()


def test_completion_neither_repeats_a_string_nor_asks_the_database(
    run: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("usenetsync_tui.cli.completing._conninfo", lambda: pytest.fail("asked"))
    context = click.Context(list_files)
    for typed in (FOREIGN, FOREIGN[:30], grouped(FOREIGN)):
        context.params["folder"] = typed
        assert not complete_folder(context, list_files.params[0], typed)
        assert not complete_version(context, list_files.params[1], "")


def test_a_string_leaves_no_trace_and_a_killed_restore_goes_on(
    run: InProcess, string: str, tmp_path: Path
) -> None:
    """As a real process: its title, its files, the database of an unfinished restore."""
    out, program = tmp_path / "out", [sys.executable, "-m", "usenetsync_tui"]
    small = subprocess.run(
        [*program, "cat", "-", "a/small.txt"],
        input=string.encode(),
        capture_output=True,
        check=True,
    )
    assert small.stdout == b"small\n\xff"
    process = subprocess.Popen([*program, "restore", string, out], stderr=subprocess.DEVNULL)
    line = Path(f"/proc/{process.pid}/cmdline")
    end = time.monotonic() + 60
    notes: list[Path] = []
    while not notes or not (notes[0].parent / "data").exists():
        assert time.monotonic() < end and process.poll() is None
        notes = list(run.home.glob("data/recoveries/*/wanted.json"))
        time.sleep(0.02)
    assert string.encode() not in line.read_bytes() and b"x" * len(string) in line.read_bytes()
    refused = run("restore", string, out, expect=2)
    assert "Another usenetsync is restoring with this recovery string" in refused.err
    process.kill()
    process.wait()
    secret = read_string(string).value
    for path in run.home.rglob("*"):
        data = path.read_bytes() if path.is_file() else os.fsencode(path)
        for trace in (string.encode(), secret, secret.hex().encode()):
            assert trace not in data, path
    done = run("restore", string, out, "--json")
    assert done.of("summary")[0]["state"] == "completed" and string not in done.out
    assert compare_trees(tmp_path / "tree", out) == []
    assert not (run.home / "data" / "recoveries").exists()
