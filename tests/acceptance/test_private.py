"""Private data stays private, with the real command: addresses, modes, keys, sizes."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
import trees
from acceptance_command import Command
from news_home import configure, server_table
from scripted_server import ScriptedServer

ADDRESSES = [
    "postgres//me:hunter2@h/x",
    "postgresql://me:hun@ter2@127.0.0.1:1/x",
    "postgresql://me:hun/ter2@127.0.0.1:1/x",
    "host=127.0.0.1 port=1 password='hunter2 b",
    "host=127.0.0.1 port=1 password = hun ter2",
    "postgresql://127.0.0.1:1/x?password=hunter2&user=me",
    "host='me:hunter2@h' port=1",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_verb_shows_the_password_of_a_mistyped_address(
    usenetsync: Command, home: Path, address: str
) -> None:
    verbs = [("db", "status"), ("db", "url"), ("folders",), ("upload", "/tmp")]
    if address != ADDRESSES[0]:  # each verb reports an address with the same words
        verbs = [verbs[ADDRESSES.index(address) % len(verbs)]]
    for arguments in verbs:
        for more in ((), ("--json",)):
            process = usenetsync.start(*arguments, *more, USENETSYNC_DATABASE_URL=address)
            out, err = process.communicate(timeout=60)
            for part in ("hunter2", "ter2", "hun@", "hun/"):
                assert part not in out + err, arguments
            assert "Traceback" not in err
    for path in (home / "log").rglob("*"):
        assert not path.is_file() or b"ter2" not in path.read_bytes()


def test_everything_created_is_private_without_a_umask(home: Path, tmp_path: Path) -> None:
    new = home / "new" / "home"
    command = Command(new)
    shell = ("sh", "-c", 'umask 000; exec "$@"', "sh")
    command.program = (*shell, sys.executable, "-m", "usenetsync_tui")
    trees.small_files(tmp_path / "tree", 5)
    try:
        command("upload", tmp_path / "tree", "--profile", "sealed")
        command("restore", "tree", tmp_path / "out")
    finally:
        command.server.stop()
    passable = 0o711 if os.geteuid() == 0 else 0o700
    for path in (new.parent, new, new / "config", new / "log", new / "data"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.name in ("config", "log") else passable), path
    key = new / "config" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    ours = [p for p in new.rglob("*") if p.lstat().st_uid == os.geteuid() and p.is_file()]
    assert not [p for p in ours if p.stat().st_mode & 0o077], "other users have rights to files"


def test_what_an_earlier_program_left_open_is_closed_and_reported(
    usenetsync: Command, home: Path
) -> None:
    (home / "log").mkdir(exist_ok=True)
    (home / "log").chmod(0o777)
    assert "/log. They no longer can." in usenetsync("folders").err
    assert stat.S_IMODE((home / "log").stat().st_mode) & 0o022 == 0
    assert "Other users" not in usenetsync("folders").err


def test_a_missing_key_file_is_asked_for(usenetsync: Command, home: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        trees.small_files(tmp_path / name, 5)
    usenetsync("upload", tmp_path / "first", "--profile", "sealed")
    key = home / "config" / "key"
    aside = key.rename(key.with_name("aside"))
    refused = usenetsync("upload", tmp_path / "second", "--profile", "sealed", expect=1)
    assert f"The key file {key} is missing" in refused.err
    assert not key.exists()
    aside.rename(key)
    usenetsync("upload", tmp_path / "second", "--profile", "sealed")
    for name in ("first", "second"):
        usenetsync("restore", name, tmp_path / f"out {name}")
        assert trees.compare_trees(tmp_path / name, tmp_path / f"out {name}") == []


def test_articles_too_large_to_decode_are_not_posted(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "large").write_bytes(trees.content(13_000_000, 1))
    with ScriptedServer() as server:
        configure(home, server_table(server, max_article=50_000_000), chunk_size=12_000_000)
        refused = usenetsync("upload", root, expect=1)
        assert "On Usenet it can be 10,420,191 at most" in refused.out
        assert server.posted == []
        usenetsync("upload", root, USENETSYNC_CHUNK_SIZE="10420191")
        assert len(server.posted) == 2 + 6  # and an index: two pages and a root, twice
        # Also when a variable changes after the settings were right.
        (root / "other").write_bytes(trees.content(12_500_000, 2))
        usenetsync("upload", root, expect=1, USENETSYNC_CHUNK_SIZE="12500000")
        assert len(server.posted) == 2 + 6  # and an index: two pages and a root, twice
        configure(home, server_table(server))
        usenetsync("upload", root)
        checked = usenetsync("verify", "tree", "--body", "--json").event("verified")
        assert checked["missing"] == checked["damaged"] == 0
        usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(root, tmp_path / "out") == []


def test_sizes_that_a_server_sees_say_little(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    """`padding = false` shows the sizes; articles posted either way are restored."""
    root = tmp_path / "tree"
    trees.small_files(root / "small", 50)
    for number in range(12):
        (root / f"large{number}").write_bytes(trees.content(60_000 + 1_117 * number, number))
    sizes = {}
    for padding in (True, False):
        (root / "small" / "changing").write_bytes(b"%d" % padding)
        for path in root.glob("large*"):
            path.write_bytes(trees.content(path.stat().st_size, int(path.name[5:]) + 50 * padding))
        with ScriptedServer() as server:
            configure(home, server_table(server), padding=padding)
            usenetsync("upload", root, "--compression", "none")
            payloads = [a.partition(b"=ybegin ")[2] for a in server.articles.values()]
            sizes[padding] = [p.partition(b" size=")[2].split()[0] for p in payloads]
    assert len(set(sizes[True])) <= 6, "twelve files of 60 to 72 kB, and the index"
    assert len(set(sizes[False])) >= 12
