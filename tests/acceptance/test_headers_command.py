"""`upload --newsgroups`, `--poster` and `--obfuscate`, as a user types them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance_command import Command
from click.testing import CliRunner
from news_home import configure, server_table
from scripted_server import ScriptedServer
from trees import content

from usenetsync_tui.cli.command import root as command
from usenetsync_tui.codec import nzb

ANN = "Ann Example <ann@example.com>"
WRONG = [
    (("--newsgroups", "alt..test"), "--newsgroups: 'alt..test' is not the name of a newsgroup"),
    (("--newsgroups", "alt.a,,alt.b"), "--newsgroups: A newsgroup is missing"),
    (("--newsgroups", ""), "--newsgroups"),
    (("--newsgroups", "alt.a alt.b"), "'alt.a alt.b' is not the name"),
    (("--newsgroups", "alt.tést"), "'alt.tést' is not the name"),
    (("--newsgroups", "a" * 500), "is not the name of a newsgroup"),
    (("--poster", "ann"), "--poster: 'ann' is not a poster. Write it like this: Name <name@"),
    (("--poster", ""), "--poster"),
    (("--poster", "Ann <ann@>"), "is not a poster"),
    (("--poster", "Ann\nX: y <a@b.c>"), "is not a poster"),
]


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.mark.parametrize(("options", "words"), WRONG)
def test_wrong_use_is_reported_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], words: str
) -> None:
    monkeypatch.setenv("USENETSYNC_HOME", str(tmp_path))
    for more in ((), ("--json",)):
        ended = CliRunner().invoke(command, ["upload", str(tmp_path), *options, *more])
        assert ended.exit_code == 2
        told = json.loads(ended.output)["message"] if more else ended.output
        assert words in re.sub(r"\s+", " ", told)
    assert list(tmp_path.iterdir()) == []


def test_the_help_says_what_they_do_without() -> None:
    told = re.sub(r"\s+", " ", CliRunner().invoke(command, ["upload", "--help"]).output)
    for words in ("as before", "as in the settings", "--no-obfuscate", "only the NZB"):
        assert words.lower() in told.lower()


def test_settings_are_checked_when_they_are_read(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scripted: ScriptedServer
) -> None:
    monkeypatch.setenv("USENETSYNC_HOME", str(home))
    configure(home, server_table(scripted), poster="me")
    ended = CliRunner().invoke(command, ["upload", str(tmp_path)])
    assert ended.exit_code == 2
    assert "'me' is not a poster. Write it like this: Name <name@" in ended.output
    configure(home, server_table(scripted), newsgroup="alt..test")
    ended = CliRunner().invoke(command, ["upload", str(tmp_path)])
    assert ended.exit_code == 2
    assert "newsgroups: 'alt..test' is not the name of a newsgroup." in ended.output
    assert scripted.connections == 0


def test_from_a_typing_error_to_an_nzb(
    usenetsync: Command, home: Path, tmp_path: Path, scripted: ScriptedServer
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    (root / "zebra.bin").write_bytes(content(3_000, 1))
    scripted.groups = {"alt.test", "alt.misc"}
    configure(home, server_table(scripted), newsgroup="alt.tset")
    # The newsgroup is on no server: a sentence with its name, exit 1, and no file is read.
    ended = usenetsync("upload", root, "--profile", "plain", expect=1)
    assert "alt.tset (main answers 411 No such group alt.tset)" in ended.out
    ended = usenetsync("upload", root, "--json", expect=1)
    summary = ended.event("summary")
    assert "alt.tset" in summary["message"] and summary["entries"] == 0
    assert scripted.posted == [] and usenetsync.query("SELECT FROM files") == []
    # Corrected: the output says where the articles went.
    ended = usenetsync("upload", root, "--newsgroups", "alt.test, alt.misc", "--poster", ANN)
    assert f"newsgroups: alt.test, alt.misc; poster: {ANN}" in ended.out
    first = scripted.articles[scripted.posted[0]]
    assert b"\r\nNewsgroups: alt.test,alt.misc\r\n" in first
    assert ANN.encode() in first
    # The next command remembers it; also with --json.
    (root / "album.bin").write_bytes(content(3_000, 2))
    before = len(scripted.posted)
    summary = usenetsync("upload", root, "--obfuscate", "--json").event("summary")
    assert summary["newsgroups"] == ["alt.test", "alt.misc"]
    assert summary["obfuscated"] is True and summary["poster"] is None
    second = scripted.articles[scripted.posted[before]]
    assert b"album" not in second.split(b"\r\n=ypart")[0] and b"ann@example" not in second
    folder = usenetsync("folders", "--json").event("folder")
    assert folder["obfuscated"] is True
    assert folder["newsgroups"] == ["alt.test", "alt.misc"]
    assert folder["poster"] is None
    assert "veil" not in str(folder)
    path = tmp_path / "tree.nzb"
    usenetsync("nzb", "tree", "-o", path)
    files = nzb.read(path.read_bytes())
    assert ['"album.bin"' in files[0].subject, '"zebra.bin"' in files[1].subject] == [True, True]
    data = "SELECT count(*) FROM segments s JOIN objects o ON o.id = s.object_id WHERE o.kind <> 2"
    assert [usenetsync.query(data), files[1].poster] == [[(2,)], ANN]
    # An option that does not apply to the folder's store is wrong use.
    other = tmp_path / "other"
    other.mkdir()
    for options, words in (
        (("--obfuscate",), "plain folders only"),
        (("--poster", ANN, "--store", "shards"), "no poster"),
    ):
        assert words in usenetsync("upload", other, *options, expect=2).err
