"""A file appears only when it is complete, and never over another one."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest

from usenetsync_tui.engine.new_file import new_file
from usenetsync_tui.errors import TargetError


def write(path: Path, content: bytes = b"whole") -> None:
    with new_file(os.fsencode(path)) as file:
        file.write(content)
        assert not path.exists()


def no_links(*_: object, **__: object) -> None:
    raise OSError(errno.EPERM, os.strerror(errno.EPERM))


@pytest.fixture(params=["nameless", "named", "without links"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The abilities of a file system: all; no nameless files; no hard links either, as exFAT."""
    kind: str = request.param
    if kind != "nameless":
        monkeypatch.setattr(os, "O_TMPFILE", 0)
    if kind == "without links":
        monkeypatch.setattr(os, "link", no_links)
    return kind


@pytest.mark.usefixtures("disk")
def test_it_appears_complete(tmp_path: Path) -> None:
    write(tmp_path / "new")
    assert (tmp_path / "new").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.usefixtures("disk")
def test_a_name_taken_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "new"
    with pytest.raises(TargetError, match="File exists"), new_file(os.fsencode(path)) as file:
        file.write(b"mine")
        path.write_bytes(b"theirs")
    assert path.read_bytes() == b"theirs"
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.usefixtures("disk")
def test_an_existing_name_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(TargetError, match="File exists"):
        write(tmp_path / "link")
    (tmp_path / "new.part").write_bytes(b"somebody else's")
    write(tmp_path / "new")
    assert (tmp_path / "new.part").read_bytes() == b"somebody else's"


@pytest.mark.usefixtures("disk")
def test_it_replaces_another_only_when_allowed(tmp_path: Path) -> None:
    path = tmp_path / "there"
    path.write_bytes(b"before")
    with new_file(os.fsencode(path), replace=True) as file:
        file.write(b"after")
        assert path.read_bytes() == b"before"
    assert path.read_bytes() == b"after"
    assert os.listdir(tmp_path) == ["there"]
    with pytest.raises(TargetError, match="Is a directory"):
        with new_file(os.fsencode(tmp_path), replace=True):
            pass


def test_two_at_once_do_not_share_a_part_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", 0)
    with new_file(os.fsencode(tmp_path / "new")) as file:
        file.write(b"whole")
        with pytest.raises(TargetError, match="File exists"):
            write(tmp_path / "new", b"other")
    assert (tmp_path / "new").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.parametrize("replace", [False, True])
def test_the_part_file_of_a_killed_writer_is_taken_over(
    tmp_path: Path, replace: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "O_TMPFILE", 0)
    child = os.fork()
    if not child:
        with new_file(os.fsencode(tmp_path / "new")) as file:
            file.write(b"half of something long")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert len(os.listdir(tmp_path)) == 1
    with new_file(os.fsencode(tmp_path / "new"), replace=replace) as file:
        file.write(b"whole")
    assert (tmp_path / "new").read_bytes() == b"whole"
    assert os.listdir(tmp_path) == ["new"]


def test_a_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="No such file"):
        write(tmp_path / "nowhere" / "new")


@pytest.mark.skipif(not hasattr(os, "O_TMPFILE"), reason="files have names here")
def test_a_killed_writer_leaves_nothing(tmp_path: Path) -> None:
    child = os.fork()
    if not child:
        with new_file(os.fsencode(tmp_path / "new")) as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert os.listdir(tmp_path) == []


@pytest.mark.usefixtures("disk")
def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), new_file(os.fsencode(tmp_path / "new")) as file:
        file.write(b"half")
        raise ValueError("no")
    assert os.listdir(tmp_path) == []
