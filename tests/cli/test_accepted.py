"""The output of every verb, as a reviewer accepted it: `snapshots/test_accepted/`.

After an intended change: `pytest tests/cli/test_accepted.py --snapshot-update`, then read the diff.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from in_process import Ended, InProcess, TextSnapshots
from normal import normal, normal_json
from scripted_server import ScriptedServer
from syrupy.assertion import SnapshotAssertion

from usenetsync_tui.cli.command import VERBS, root
from usenetsync_tui.cli.output import progress
from usenetsync_tui.postgres.address import shown


@pytest.fixture(autouse=True)
def _one_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("USENETSYNC_MAX_WORKERS", "1")  # so that problems come in one order
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture
def accepted(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(TextSnapshots)


class Story:
    """Runs verbs with and without `--json`, and compares the outputs."""

    def __init__(self, run: InProcess, accepted: SnapshotAssertion, names: dict[str, str]) -> None:
        self.run = run
        self.names = names
        self._accepted = accepted
        self.changed: dict[str, str] = {}

    def tell(self, name: str, *arguments: str | Path, expect: int = 0, both: bool = False) -> None:
        """Run a verb for people, and with `both` also for scripts."""
        self._compare(name, self.run(*arguments, expect=expect))
        if both:
            self.tell_json(name, *arguments, expect=expect)

    def tell_json(self, name: str, *arguments: str | Path, expect: int = 0) -> None:
        """Run a verb for scripts."""
        ended = self.run(*arguments, "--json", expect=expect)
        self._judge(f"{name} (json)", normal_json(ended.out, self.names))

    def _compare(self, name: str, ended: Ended) -> None:
        parts = [ended.out]
        if ended.err:
            parts += ["--- standard error\n", ended.err]
        if ended.code:
            parts.append(f"--- exit code {ended.code}\n")
        self._judge(name, normal("".join(parts), self.names))

    def _judge(self, name: str, text: str) -> None:
        if self._accepted(name=name) != text:
            self.changed[name] = text


def tree(folder: Path) -> Path:
    """A folder with one of everything, the same at each run."""
    for name, size in (("large.bin", 1_500_000), ("notes/todo.txt", 300), ("notes/done.txt", 40)):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(range(256)) * (size // 256) + bytes(size % 256))
    (folder / "empty").touch()
    (folder / "link").symlink_to("notes/todo.txt")
    os.mkfifo(folder / "fifo")
    for path in (*folder.rglob("*"), folder):
        if path.is_symlink():
            continue
        path.chmod(0o755 if path.is_dir() else 0o644)
    return folder


@pytest.fixture
def story(
    run: InProcess,
    accepted: SnapshotAssertion,
    tmp_path: Path,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Story]:
    monkeypatch.setattr(progress, "_WORTH_A_LINE", 600.0)  # a slow machine waits for these
    told = Story(run, accepted, {str(tmp_path): "/there", database: "DATABASE"})
    yield told
    assert not told.changed, "not as accepted:\n\n" + "\n".join(
        f"{name}:\n{text}" for name, text in told.changed.items()
    )


def test_in_the_database(story: Story, tmp_path: Path, database: str) -> None:
    story.names[shown(database)] = "DATABASE"
    folder, out = tmp_path / "tree", tmp_path / "out"
    for verb in ("folders", "jobs", "servers"):
        story.tell(f"{verb}, nothing there", verb)
    tree(folder)
    story.tell("upload", "upload", folder, "--compression", "none")
    story.tell("upload, nothing changed", "upload", folder, both=True)
    (folder / "notes" / "new.txt").write_text("new")
    (folder / "empty").unlink()
    story.tell_json("upload", "upload", folder)
    words = ("upload", folder, "--dry-run", "--exclude", "notes/", "--exclude-larger-than", "100k")
    story.tell("upload, a dry run", *words, both=True)
    story.tell("folders", "folders", both=True)
    story.tell("share", "share", "tree", both=True)
    story.tell("snapshots", "snapshots", "tree", both=True)
    story.tell("keep, nothing said", "keep", "tree", both=True)
    story.tell("keep", "keep", "tree", "--keep-last", "1", "--keep-tag", "a,b", both=True)
    story.tell("tag", "tag", "tree", "1", "b", "a", both=True)
    story.tell("keep, by tag", "keep", "tree")
    story.tell("tag, taken away", "tag", "tree", "1", "b", "--remove", both=True)
    story.tell("protect", "protect", "tree", "1", both=True)
    story.tell("protect, no such version", "protect", "tree", "1", "7", expect=2)
    story.tell("snapshots, with marks", "snapshots", "tree", both=True)
    story.tell("protect, taken back", "protect", "tree", "1", "--remove")
    story.tell("tag, all taken away", "tag", "tree", "1", "--remove")
    story.tell("keep, off", "keep", "tree", "--off", both=True)
    story.tell("keep, default", "keep", "tree", "--default")
    story.tell("keep, too much", "keep", "tree", "--off", "--default", expect=2)
    story.tell("forget, a dry run", "forget", "tree", "1", "--dry-run", both=True)
    story.tell("forget, the newest", "forget", "tree", "1", "2", "--yes", both=True, expect=2)
    story.tell("forget, without an answer", "forget", "tree", "1", expect=2)
    story.tell("remove, without an answer", "remove", "tree", both=True, expect=2)
    story.tell("files", "files", "tree", "--version", "1", both=True)
    story.tell("diff", "diff", "tree", "1", both=True)
    story.tell("find", "find", "*.txt", both=True)
    story.tell("history", "history", "tree", "empty", both=True)
    story.tell("stats", "stats", both=True)
    story.tell("stats, of a folder", "stats", "tree", both=True)
    story.tell("cat", "cat", "tree", "notes/new.txt")
    story.tell("cat, no such file", "cat", "tree", "notes/now.txt", expect=2)
    (made,) = story.run("share", "tree", "--json").of("share")
    story.tell_json("snapshots, by recovery string", "snapshots", made["string"])
    story.tell("restore", "restore", "tree", out)
    story.tell("restore, all there", "restore", "tree", out, both=True)
    story.tell("restore, dry run", "restore", "tree", out, "--delete", "--dry-run", both=True)
    (out / "large.bin").unlink()
    shutil.rmtree(out / "notes")
    (out / "notes").symlink_to("/")
    story.tell("restore, incomplete", "restore", "tree", out, both=True, expect=3)
    story.tell("restore, incomplete and quiet", "restore", "-q", "tree", out, expect=3)
    story.tell("verify", "verify", "tree", both=True)
    shutil.rmtree(folder)
    folder.mkdir()
    story.tell("upload, refused", "upload", folder, both=True, expect=1)
    story.tell("jobs", "jobs", both=True)
    story.tell("jobs, of one that is incomplete", "jobs", "8", both=True)
    story.tell("jobs, of one that failed", "jobs", "13", both=True)
    story.tell("nzb, refused", "nzb", "tree", "-o", tmp_path / "x.nzb", both=True, expect=2)
    moved = folder.rename(tmp_path / "moved")
    story.tell("move", "move", "tree", moved)
    story.tell_json("move", "move", "tree", tree(tmp_path / "elsewhere"))
    story.tell("doctor", "doctor", both=True)
    story.tell("db status, of your own server", "db", "status", both=True)


def test_key_and_backup(story: Story, tmp_path: Path) -> None:
    key = story.run.home / "config" / "key"
    key.parent.mkdir(mode=0o700, parents=True)
    key.write_text("0123456789abcdef" * 4 + "\n")
    key.chmod(0o600)
    story.tell("key show, no folder", "key", "show")
    story.run("upload", "-q", tree(tmp_path / "tree"), "--profile", "sealed")
    story.tell("key show", "key", "show", both=True)
    aside = key.rename(tmp_path / "aside")
    story.tell("key show, missing", "key", "show", expect=3)
    aside.rename(key)
    story.tell("key change, nothing given", "key", "change", expect=2)
    story.tell("key change", "key", "change", "--new-key-file", tmp_path / "new")
    story.tell_json("key change", "key", "change", "--new-key-file", key)
    file = tmp_path / "backup"
    story.tell("db backup", "db", "backup", file)
    story.tell("db backup, there already", "db", "backup", file, expect=1)
    story.tell_json("db backup", "db", "backup", file, "--force")
    story.tell("db restore, not empty", "db", "restore", file, expect=2)
    story.tell("db restore, no terminal", "db", "restore", file, "--replace", expect=2)
    story.tell("db restore", "db", "restore", file, "--replace", "--yes", both=True)
    file.write_bytes(file.read_bytes()[:-3])
    story.tell("db restore, damaged", "db", "restore", file, "--replace", both=True, expect=1)


def test_on_usenet(story: Story, tmp_path: Path) -> None:
    folder = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        story.run.configure(server)
        story.tell("upload, plain", "upload", folder, "--profile", "plain")
        story.tell("nzb", "nzb", "tree", "-o", tmp_path / "x.nzb")
        story.tell_json("nzb", "nzb", "tree", "-o", tmp_path / "y.nzb")
        story.tell("nzb, taken", "nzb", "tree", "-o", tmp_path / "x.nzb", expect=1)
        each = ("nzb", "tree", "--each-subfolder", tmp_path / "each", "--force")
        story.tell("nzb, each subfolder", *each, both=True)
        story.tell("servers", "servers", both=True)
        story.tell("servers test", "servers", "test")
        story.tell("doctor, a server", "doctor", "--quick", expect=3)
        for path in folder.iterdir():
            if path.name == "large.bin":
                path.unlink()
        server.articles.clear()
        story.tell("verify, incomplete", "verify", "tree", expect=3, both=True)
        story.tell("verify, incomplete and quiet", "verify", "-q", "tree", expect=3)
    story.tell("servers test, failed", "servers", "test", expect=1, both=True)


def test_the_database(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("USENETSYNC_DATABASE_URL")
    home = Path(tempfile.mkdtemp(prefix="usd-", dir="/tmp"))
    home.chmod(0o711)
    monkeypatch.setenv("USENETSYNC_HOME", str(home))
    story.names |= {str(home): "/home-of-it", str(home).replace("/", "%2F"): "%2Fhome-of-it"}
    try:
        story.tell("db status, not begun", "db", "status", both=True)
        story.tell("db start", "db", "start", both=True)
        story.tell("db status", "db", "status", both=True)
        story.tell("db url", "db", "url")
        story.tell("db stop", "db", "stop", both=True)
    finally:
        story.run("db", "stop", expect=None)
        shutil.rmtree(home)


@pytest.mark.parametrize(
    "name",
    ["", *VERBS, "servers test", "db status", "db backup", "db restore", "key change", "key show"],
)
def test_help(run: InProcess, accepted: SnapshotAssertion, name: str) -> None:
    assert run(*name.split(), "--help").out == accepted


def test_wrong_use(story: Story, tmp_path: Path) -> None:
    story.tell("no such verb", "uplaod", expect=2)
    story.tell("no such folder", "files", "tree", both=True, expect=2)
    story.tell("no such option", "upload", "--profil", "plain", ".", expect=2)
    story.tell("no such job", "jobs", "7", both=True, expect=2)


def test_every_verb_is_among_them() -> None:
    with click.Context(root) as context:
        assert set(root.list_commands(context)) == set(VERBS)
