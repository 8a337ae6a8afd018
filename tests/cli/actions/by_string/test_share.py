"""`usenetsync share`: one string for a folder, what it brings back, and where it is written."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from in_process import InProcess
from scripted_server import Fault, ScriptedServer

from usenetsync_tui.cli.output import qr_code
from usenetsync_tui.codec.recovery_string import grouped, read_string
from usenetsync_tui.engine import work
from usenetsync_tui.engine.stores import Stores
from usenetsync_tui.model.outcomes import Outcome
from usenetsync_tui.pipeline.run.job_run import JobRun
from usenetsync_tui.postgres.lock import KEY
from usenetsync_tui.qr_code import qr_lines


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    folder.mkdir()
    (folder / "a").write_text("hello")
    return folder


@pytest.fixture
def backed_up(run: InProcess, tree: Path) -> InProcess:
    run("upload", tree)
    return run


@pytest.fixture
def from_before(run: InProcess, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Uploads as an earlier UsenetSync did: the folder gets neither secret nor index."""

    async def no_index(stores: Stores, run: JobRun, outcome: Outcome) -> Outcome:
        return outcome

    def upload(folder: Path) -> None:
        with monkeypatch.context() as earlier:
            earlier.setattr(work, "with_index", no_index)
            run("upload", folder)

    return upload


def secret(text: str, passphrase: str | None = None) -> bytes:
    return read_string(text).opened(passphrase)


def test_the_string_is_the_same_each_time_and_says_what_it_brings_back(
    backed_up: InProcess, tree: Path
) -> None:
    assert backed_up("folders", "--json").of("folder")[0]["string_seen"] is False
    first = backed_up("share", "tree")
    assert first.out == grouped(first.out.replace(" ", "").strip()) + "\n"
    assert "brings back tree: version 1 of " in first.err and "1 file, 5 B." in first.err
    assert first.out.strip() not in first.err
    assert backed_up("folders", "--json").of("folder")[0]["string_seen"] is True
    (tree / "a").write_text("changed")
    backed_up("upload", tree)
    second = backed_up("share", "tree")
    assert second.out == first.out
    assert "version 2 of" in second.err and "and 1 older version." in second.err
    (told,) = backed_up("share", "tree", "--json").of("share")
    assert secret(told["string"]) == secret(first.out) and len(secret(first.out)) == 32
    assert (told["version"], told["versions"], told["newest_version"]) == (2, [1, 2], 2)
    assert (told["passphrase"], told["path"], told["message"]) == (False, None, None)
    kept = [path for path in backed_up.home.rglob("*") if path.is_file()]
    string = first.out.strip().encode()
    for written in (string, string.replace(b" ", b"")):
        assert not [path for path in kept if written in path.read_bytes()]


def test_a_passphrase_locks_the_same_secret(backed_up: InProcess, tmp_path: Path) -> None:
    file = tmp_path / "passphrase"
    file.write_text("correct horse battery\nnot this line\n")
    file.chmod(0o600)
    locked = backed_up("share", "tree", "--passphrase-file", file)
    assert "need both" in locked.err
    assert read_string(locked.out).is_wrapped
    plain = backed_up("share", "tree").out
    assert secret(locked.out, "correct horse battery") == secret(plain)


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        (b"", 0o600, "is empty"),
        (b"\ncorrect horse battery\n", 0o600, "is empty"),
        (b"short\n", 0o600, "has 5 characters"),
        (b"111111111111\n", 0o600, "has 12 digits"),
        (b"correct horse battery\n", 0o644, "chmod 600"),
        (b"correct h\xffrse battery\n", 0o600, "not UTF-8"),
    ],
)
def test_a_weak_passphrase_file_is_refused_by_name(
    run: InProcess, tmp_path: Path, text: bytes, mode: int, why: str
) -> None:
    file = tmp_path / "phrase"
    file.write_bytes(text)
    file.chmod(mode)
    ended = run("share", "tree", "--passphrase-file", file, expect=2)
    assert why in ended.err and str(file) in ended.err and not ended.out


def test_the_string_goes_into_a_new_file_that_only_the_user_can_read(
    backed_up: InProcess, tmp_path: Path
) -> None:
    file = tmp_path / "string"
    ended = backed_up("share", "tree", "-o", file)
    assert not ended.out and str(file) in ended.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    text = file.read_text()
    assert text == backed_up("share", "tree").out and text.strip() not in ended.err
    (told,) = backed_up("share", "tree", "-o", tmp_path / "two", "--json").of("share")
    assert (told["string"], told["path"]) == (None, str(tmp_path / "two"))
    dangling = tmp_path / "dangling"
    dangling.symlink_to("nowhere")
    for taken in (file, dangling):
        assert "File exists" in backed_up("share", "tree", "-o", taken, expect=1).err
    assert file.read_text() == text and os.readlink(dangling) == "nowhere"
    assert "is a folder" in backed_up("share", "tree", "-o", tmp_path, expect=2).err


def test_the_qr_code_is_printed_where_it_can_be_read(
    backed_up: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = backed_up("share", "tree", "--qr")
    string, *lines = ended.out.splitlines()
    assert lines == qr_lines(string.replace(" ", ""))
    monkeypatch.setattr(qr_code, "terminal_width", lambda: 36)
    narrow = backed_up("share", "tree", "--qr")
    assert narrow.out == f"{string}\n"
    assert "needs a terminal of 37 columns, and this one has 36" in narrow.err
    monkeypatch.setattr(qr_code, "terminal_width", lambda: 37)
    monkeypatch.setattr(type(sys.stdout), "encoding", "ascii", raising=False)
    assert "--json" in backed_up("share", "tree", "--qr", "--json", expect=2).out


def test_a_folder_from_before_gets_its_secret_and_its_index(
    run: InProcess, tree: Path, from_before: Callable[[Path], None], database: str
) -> None:
    from_before(tree)
    (tree / "b").write_text("more")
    from_before(tree)
    with psycopg.connect(database) as other:
        # Another usenetsync holds the catalogue: the string is there, its index is not.
        other.execute("SELECT pg_advisory_lock(%s)", [KEY])
        held = run("share", "tree", expect=3)
        assert "It brings nothing back yet" in held.err and "next upload" in held.err
    posted = run("share", "tree")
    assert posted.out == held.out
    assert "brings back tree: version 2 of" in posted.err
    (job,) = [j for j in run("jobs", "--json").of("job") if j["verb"] == "index"]
    assert job["state"] == "completed"
    run("share", "tree")  # there is nothing left to post
    assert [j["verb"] for j in run("jobs", "--json").of("job")].count("index") == 1


def test_what_cannot_be_posted_is_said_and_the_string_is_there(
    run: InProcess, tree: Path, from_before: Callable[[Path], None]
) -> None:
    with ScriptedServer() as server:
        run.configure(server)
        from_before(tree)
        server.script(Fault("POST", reply="440 posting not allowed", times=1000))
        ended = run("share", "tree", expect=3)
        assert secret(ended.out)
        assert "It brings nothing back yet" in ended.err and "posting not allowed" in ended.err
    with ScriptedServer() as server:
        run.configure(server)
        (told,) = run("share", "tree", "--json").of("share")
        assert told["version"] == 1 and secret(told["string"]) == secret(ended.out)


def test_a_folder_without_a_version_has_a_string_that_brings_nothing_back(
    run: InProcess, tree: Path
) -> None:
    with ScriptedServer() as server:
        run.configure(server)
        server.script(Fault("POST", reply="440 posting not allowed", times=1000))
        run("upload", tree, expect=1)
        ended = run("share", "tree", expect=3)
    assert secret(ended.out) and "has no version. Upload it first." in ended.err
