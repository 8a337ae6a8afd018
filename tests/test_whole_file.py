"""`whole_file`, the only way in which the program writes its files; see also `test_new_file`."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from importlib.resources import files as resources
from importlib.resources.abc import Traversable
from pathlib import Path

import pytest

from usenetsync_tui.whole_file import PRIVATE, whole_file, write_whole

PART = ".new.usenetsync-part"


@pytest.fixture(params=["nameless", "named"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The abilities of a file system: nameless files, or not."""
    kind: str = request.param
    if kind == "named":
        monkeypatch.setattr(os, "O_TMPFILE", 0)
    return kind


@pytest.fixture
def no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("disk", "no_umask")
@pytest.mark.parametrize("replace", [False, True])
def test_it_has_its_mode_from_the_start(tmp_path: Path, replace: bool) -> None:
    path = tmp_path / "new"
    if replace:
        path.write_bytes(b"before")
        path.chmod(0o666)
    with whole_file(os.fsencode(path), mode=PRIVATE, replace=replace) as file:
        assert stat.S_IMODE(os.fstat(file.fileno()).st_mode) == PRIVATE
        file.write(b"secret")
    assert stat.S_IMODE(path.stat().st_mode) == PRIVATE
    assert path.read_bytes() == b"secret"
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.usefixtures("disk")
def test_it_is_its_owners_before_anything_is_in_it(tmp_path: Path) -> None:
    seen = []

    def hand_over(descriptor: int) -> None:
        seen.append(os.fstat(descriptor).st_size)

    write_whole(tmp_path / "new", b"content", hand_over=hand_over)
    assert seen == [0]
    assert (tmp_path / "new").read_bytes() == b"content"


@pytest.mark.usefixtures("disk")
def test_a_failed_change_of_owner_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "new"
    path.write_bytes(b"before")

    def refused(descriptor: int) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with pytest.raises(PermissionError):
        write_whole(path, b"after", replace=True, hand_over=refused)
    assert path.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.usefixtures("disk")
@pytest.mark.parametrize("trap", ["hard link", "symlink", "file"])
def test_a_planted_part_file_is_not_written_to(tmp_path: Path, trap: str) -> None:
    """Another user of the folder may have created it: root writes into such folders."""
    theirs, part = tmp_path / "theirs", tmp_path / PART
    theirs.write_bytes(b"precious")
    if trap == "hard link":
        os.link(theirs, part)
    elif trap == "symlink":
        part.symlink_to(theirs)
    else:
        part.write_bytes(b"precious")
    try:
        write_whole(tmp_path / "new", b"content", replace=True)
    except OSError as error:
        assert error.errno == errno.ELOOP and trap == "symlink"
    else:
        assert (tmp_path / "new").read_bytes() == b"content"
    assert theirs.read_bytes() == b"precious"
    assert theirs.stat().st_nlink == 1


@pytest.mark.usefixtures("disk")
@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.EACCES])
def test_a_folder_that_cannot_be_synced_is_no_reason_to_fail(
    tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def refusing(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refusing)
    write_whole(tmp_path / "new", b"content")
    assert (tmp_path / "new").read_bytes() == b"content"


@pytest.mark.usefixtures("disk")
def test_a_failed_sync_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "new").write_bytes(b"before")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(tmp_path / "new", b"after", replace=True)
    assert (tmp_path / "new").read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["new"]


_OTHER_WAYS = re.compile(
    r"\bos\.(?:replace|rename|renames|link)\(|\bmkstemp\(|\bNamedTemporaryFile\("
    r"|\.rename\(|\.write_text\(|\.write_bytes\(|\bshutil\.move\("
)
_ALLOWED = {
    "whole_file.py": "it is the one",
    "publish.py": "what is restored gets its name in a tree that is not ours",
    "writer_process.py": "a process gives it its name there, too",
    "hard_links.py": "so does another name of it",
    "overwriting.py": "what gives way to it is moved aside until the end",
    "change.py": "a new secret, whole already, takes the place of the former one, which is kept",
    "cluster.py": "a whole cluster, which is a folder, gets its name",
    "locations.py": "so does each of our folders, with its mode and its owner",
    "binaries.py": "so do the programs of PostgreSQL, copied to where its user may run them",
}


def _modules(at: Traversable) -> Iterator[Traversable]:
    for one in at.iterdir():
        if one.is_dir():
            yield from _modules(one)
        elif one.name.endswith(".py"):
            yield one


def test_no_other_module_renames_or_links_files() -> None:
    others = {
        source.name: found
        for source in _modules(resources("usenetsync_tui"))
        if (found := _code_that_names(source.read_text(encoding="utf-8")))
    }
    assert {name: found for name, found in others.items() if name not in _ALLOWED} == {}
    assert others.keys() == _ALLOWED.keys(), "an exception that no module needs any more"
    assert _code_that_names("    os.replace(a, b)\n    path.write_text('x')") != []


def _code_that_names(source: str) -> list[str]:
    return [
        line.strip()
        for line in source.splitlines()
        if _OTHER_WAYS.search(line)
        and "segments.rename(" not in line
        and "ledger.rename(" not in line
    ]
