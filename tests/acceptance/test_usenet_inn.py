"""Folders on a real news server, INN, and what a real newsreader downloads from it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import nzbget
import pytest
import trees
from acceptance_command import Command
from helper_processes import helpers_of
from inn import Inn
from news_home import configure, server_table

from usenetsync_tui.pipeline.upload.slice_readers.readers import MANY

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(Inn.available() is not None, reason=str(Inn.available())),
]
ARTICLES = "SELECT count(DISTINCT message_id) FROM segments WHERE status IN (2, 3)"


@pytest.fixture
def inn() -> Iterator[Inn]:
    with Inn(login=True) as server:
        yield server


def _table(inn: Inn, *, tls: bool = False, **keys: object) -> str:
    account = {"username": inn.username, "password": inn.password}
    if tls:
        secure = {"tls": "implicit", "port": inn.tls_port, "ca_file": inn.ca_file}
        return server_table(inn, **account, **(secure | keys))
    return server_table(inn, **account, **keys)


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_hostile_tree_comes_back_without_its_source(
    usenetsync: Command, home: Path, tmp_path: Path, inn: Inn, tls: bool
) -> None:
    root = trees.hostile_tree(tmp_path / "tree")
    (root / "large").write_bytes(trees.content(5_000_000))
    configure(home, _table(inn, tls=tls), newsgroup=inn.newsgroup)
    usenetsync("upload", root)
    assert usenetsync.query(ARTICLES) == [(inn.article_count(),)]
    assert usenetsync.query("SELECT DISTINCT status FROM segments") == [(3,)]
    kept = tmp_path / "kept"
    root.rename(kept)
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(kept, tmp_path / "out") == []


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_what_processes_send_comes_back(
    usenetsync: Command, home: Path, tmp_path: Path, inn: Inn, tls: bool
) -> None:
    root, out = tmp_path / "tree", tmp_path / "out"
    root.mkdir()
    (root / "large").write_bytes(os.urandom(MANY + 1))
    # Not innd's own port: over loopback it sends 2 MB/s, in pieces smaller than a segment of TCP.
    port = inn.tls_port if tls else inn.reader_port
    configure(home, _table(inn, tls=tls, port=port), newsgroup=inn.newsgroup)
    upload = usenetsync.start("upload", root)
    seen = 0
    while upload.poll() is None:
        seen = max(seen, len(helpers_of(upload.pid, "sending")))
        time.sleep(0.02)
    upload.communicate()
    assert upload.returncode == 0 and seen == 1
    assert usenetsync.query(ARTICLES) == [(inn.article_count(),)]
    usenetsync("restore", "tree", out)
    assert trees.compare_trees(root, out) == []


def test_lost_articles_are_found_and_posted_again(
    usenetsync: Command, home: Path, tmp_path: Path, inn: Inn
) -> None:
    root = tmp_path / "tree"
    trees.small_files(root, 300)
    (root / "large").write_bytes(trees.content(8_000_000))
    configure(home, _table(inn), newsgroup=inn.newsgroup)
    usenetsync("upload", root)
    everything = inn.message_ids()
    lost = sorted(everything)[:3]
    for name in lost:
        inn.forget(name)
    # INN remembers the names of lost articles: they can come back only under new ones.
    found = usenetsync("verify", "tree", "--json").event("verified")
    assert (found["checked"], found["missing"]) == (len(everything), 3)
    assert found["reposted"] == 3
    # The index tells the new names: in a further page and root, twice each.
    assert len(everything) <= inn.article_count() <= len(everything) + 4
    assert usenetsync.query("SELECT count(*) <= 3 FROM aliases") == [(True,)]
    usenetsync("restore", "tree", tmp_path / "out")
    assert trees.compare_trees(root, tmp_path / "out") == []
    again = usenetsync("verify", "tree", "--body", "--json").event("verified")
    assert again["missing"] == again["damaged"] == 0


@pytest.mark.parametrize("naming", ["auto", "nzb"])
@pytest.mark.skipif(nzbget.available() is not None, reason=str(nzbget.available()))
def test_nzbget_drops_no_file_of_a_name_that_another_seems_to_have(
    usenetsync: Command, home: Path, tmp_path: Path, inn: Inn, naming: str
) -> None:
    root = tmp_path / "tree"
    (root / "a").mkdir(parents=True)
    # NZBGet would drop the second file, because it is smaller than the first.
    files = {
        "a/b.bin": trees.content(50_000, 1),
        "a - b.bin": trees.content(40_000, 2),
        "a/README.txt": trees.content(30_000, 3),
        "a/readme.txt": trees.content(20_000, 4),
        "漢" * 80 + ".bin": trees.content(10_000, 5),
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
    configure(home, _table(inn), newsgroup=inn.newsgroup)
    usenetsync("upload", root, "--profile", "plain")
    nzb = tmp_path / "tree.nzb"
    usenetsync("nzb", "tree", "-o", nzb)
    account = {"username": inn.username, "password": inn.password}
    got = nzbget.download(
        *(nzb, tmp_path / "nzbget"),
        host=inn.host,
        port=inn.reader_port,
        naming=naming,
        dupes=True,
        **account,
    )
    assert sorted(p.read_bytes() for p in got.iterdir()) == sorted(files.values())


@pytest.mark.skipif(nzbget.available() is not None, reason=str(nzbget.available()))
def test_nzbget_downloads_what_is_plain(
    usenetsync: Command, home: Path, tmp_path: Path, inn: Inn
) -> None:
    root = tmp_path / "tree"
    (root / "album").mkdir(parents=True)
    files = {
        "large.bin": trees.content(5_000_000, 1),
        "with spaces and 1 digit.txt": trees.content(1000, 2),
        "album/track 01.flac": trees.content(900_000, 3),
        "critical.bin": bytes([0xD6, 0xE0, 0xE3, 0x13]) * 100_000,
    }
    for name, data in files.items():
        (root / name).write_bytes(data)
    configure(home, _table(inn), newsgroup=inn.newsgroup)
    usenetsync("upload", root, "--profile", "plain")
    assert usenetsync.query(ARTICLES) == [(inn.article_count(),)]
    nzb = tmp_path / "tree.nzb"
    listed = usenetsync("nzb", "tree", "-o", nzb, "--json").event("nzb")
    assert (listed["files"], listed["left_out"]) == (len(files), 0)
    account = {"username": inn.username, "password": inn.password}
    got = nzbget.download(nzb, tmp_path / "nzbget", host=inn.host, port=inn.reader_port, **account)
    flat = {name.replace("/", " - "): data for name, data in files.items()}
    assert {p.name: p.read_bytes() for p in got.iterdir()} == flat
    shutil.rmtree(root)
    usenetsync("restore", "tree", tmp_path / "out")
    assert {n: (tmp_path / "out" / n).read_bytes() for n in files} == files


@pytest.mark.skipif(nzbget.available() is not None, reason=str(nzbget.available()))
def test_nzbget_gives_obfuscated_files_their_names(
    usenetsync: Command, home: Path, tmp_path: Path, inn: Inn
) -> None:
    root = tmp_path / "tree"
    (root / "album").mkdir(parents=True)
    files = {
        "large.bin": trees.content(2_000_000, 1),
        "album/track 01.flac": trees.content(900_000, 2),
        "notes.txt": trees.content(1000, 3),
        "a/no extension": trees.content(1500, 4),
        "grüße.txt": trees.content(1200, 5),
    }
    for name, data in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(data)
    configure(home, _table(inn), newsgroup=inn.newsgroup)
    usenetsync("upload", root, "--profile", "plain", "--obfuscate")
    nzb = tmp_path / "tree.nzb"
    usenetsync("nzb", "tree", "-o", nzb)
    account = {"username": inn.username, "password": inn.password}
    flat = {name.replace("/", " - "): data for name, data in files.items()}
    for naming in ("auto", "nzb"):  # the first is NZBGet's default
        into = tmp_path / f"nzbget {naming}"
        got = nzbget.download(
            nzb, into, host=inn.host, port=inn.reader_port, naming=naming, **account
        )
        assert {p.name: p.read_bytes() for p in got.iterdir()} == flat
    # A newsgroup that INN does not have is reported before any file is read.
    ended = usenetsync("upload", root, "--newsgroups", "alt.no.such", expect=1)
    assert "alt.no.such (main answers 411" in ended.out
