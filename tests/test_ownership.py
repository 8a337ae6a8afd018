"""Everything that root creates in another user's home belongs to that user (FAULTS D7)."""

from __future__ import annotations

import logging
import os
import pwd
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from folders_made import seen_while_made

from usenetsync_tui.cli.log import log_to
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.locations import Locations, make_private
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.ownership import open_or_make, other_owner
from usenetsync_tui.settings.file import add_server
from usenetsync_tui.settings.settings import Settings

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give anything away")


@pytest.fixture
def theirs(tmp_path: Path) -> Iterator[Path]:
    """The home of the user nobody."""
    nobody = pwd.getpwnam("nobody")
    (home := tmp_path / "theirs").mkdir(mode=0o700)
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    yield home


def owners(folder: Path) -> set[str]:
    return {pwd.getpwuid(p.lstat().st_uid).pw_name for p in folder.rglob("*")}


def test_the_owner_of_a_path(theirs: Path, tmp_path: Path) -> None:
    found = other_owner(theirs / "not" / "there" / "yet")
    assert found is not None and found.name == "nobody"
    assert other_owner(tmp_path / "x") is None
    (tmp_path / "nameless").mkdir()
    os.chown(tmp_path / "nameless", 12345, 12345)
    assert other_owner(tmp_path / "nameless") is None, "no database can run as that"


def test_a_folder_never_belongs_to_root_there(theirs: Path) -> None:
    # The user that the database runs as depends on it.
    assert seen_while_made(theirs, 0o700) == {(0o700, theirs.stat().st_uid)}


def test_everything_made_there_is_theirs(theirs: Path) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    locations = Locations.find({"USENETSYNC_HOME": str(theirs / "deep" / "home")})
    locations.create()
    assert stat.S_IMODE(locations.data_dir.stat().st_mode) == 0o700
    add_server(locations.config_dir, Server("main", "h.example", 563, password="hunter2"))
    KeyRing(Settings(), locations).new_key()
    try:
        log_to(locations.log_dir)
        logging.getLogger("test").warning("something")
        root.handlers[0].close()
    finally:
        root.handlers[:], root.level, logging.raiseExceptions = before
    os.close(open_or_make(locations.data_dir / "users.lock", os.O_RDWR))
    make_private(theirs / "elsewhere" / "config")
    assert owners(theirs) == {"nobody"}
    assert {p.name for p in theirs.rglob("*") if p.is_file()} == {
        "config.toml",
        "key",
        "usenetsync.log",
        "users.lock",
    }


def test_existing_files_keep_their_owner(theirs: Path) -> None:
    (theirs / "roots").mkdir()
    (theirs / "file").touch()
    make_private(theirs / "roots")
    os.close(open_or_make(theirs / "file", os.O_RDWR))
    assert owners(theirs) == {"root"}
    make_private(theirs / "roots" / "new")
    assert owners(theirs) == {"root"}, "what is made in a folder of root's is root's"


def test_a_link_does_not_give_away_roots_folder(theirs: Path, tmp_path: Path) -> None:
    """The user cannot get a folder of root by a link to it."""
    (tmp_path / "roots").mkdir()
    (theirs / ".config").symlink_to(tmp_path / "roots")
    make_private(theirs / ".config" / "usenetsync")
    assert owners(tmp_path / "roots") == {"root"}
    assert (tmp_path / "roots").stat().st_uid == 0
