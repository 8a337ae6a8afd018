"""Our files are closed to other users, whatever the umask; open folders get closed (B5)."""

from __future__ import annotations

import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from folders_made import seen_while_made

from usenetsync_tui.cli.log import log_to
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.locations import Locations, make_private
from usenetsync_tui.model.servers.servers import Server
from usenetsync_tui.settings.file import add_server
from usenetsync_tui.settings.settings import Settings

PASSABLE = 0o711 if os.geteuid() == 0 else 0o700
"""Root's database runs as another user, who must be able to enter."""


@pytest.fixture(params=[0o000, 0o002, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def modes(top: Path) -> dict[str, int]:
    """The modes of a folder and everything below it."""
    return {str(p.relative_to(top)): mode(p) for p in (top, *top.rglob("*"))}


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    tmp_path.chmod(0o755)
    return Locations.find({"USENETSYNC_HOME": str(tmp_path / "new" / "home")})


@pytest.mark.usefixtures("umask")
def test_the_key_is_private(locations: Locations, tmp_path: Path) -> None:
    KeyRing(Settings.model_validate({}), locations).new_key()
    assert modes(tmp_path) == {
        ".": 0o755,
        "new": PASSABLE,
        "new/home": PASSABLE,
        "new/home/config": 0o700,
        "new/home/config/key": 0o600,
        "new/home/data": PASSABLE,
        "new/home/log": 0o700,
    }


@pytest.mark.usefixtures("umask")
def test_a_folder_is_never_seen_with_another_mode(tmp_path: Path) -> None:
    # Where root's database is depends on it: with another mode for a moment, another process
    # would begin a second database.
    assert seen_while_made(tmp_path, 0o711) == {(0o711, os.geteuid())}


@pytest.mark.usefixtures("umask")
def test_the_settings_are_private(locations: Locations, tmp_path: Path) -> None:
    add_server(locations.config_dir, Server("main", "h.example", 563, password="hunter2"))
    assert modes(tmp_path / "new") == {
        ".": PASSABLE,
        "home": PASSABLE,
        "home/config": 0o700,
        "home/config/config.toml": 0o600,
    }


@pytest.mark.usefixtures("umask")
def test_the_log_is_private(locations: Locations, tmp_path: Path) -> None:
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    try:
        log_to(locations.log_dir)
        logging.getLogger("test").warning("password=hunter2 is not shown")
        handler = root.handlers[0]
        handler.doRollover()  # type: ignore[attr-defined]
        logging.getLogger("test").warning("again")
        handler.close()
    finally:
        root.handlers[:], root.level, logging.raiseExceptions = before
    found = modes(tmp_path / "new")
    assert found.pop("home/log/usenetsync.log") == 0o600
    assert found.pop("home/log/usenetsync.log.1") == 0o600
    assert found == {".": PASSABLE, "home": PASSABLE, "home/log": 0o700}


def test_existing_folders_keep_their_mode(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "there").chmod(0o750)
    make_private(tmp_path / "there" / "new" / "folder")
    make_private(tmp_path / "there")
    assert modes(tmp_path / "there") == {".": 0o750, "new": PASSABLE, "new/folder": 0o700}


# --- folders that are already open ----------------------------------------------------------


def test_open_folders_are_closed_and_reported(locations: Locations) -> None:
    locations.create()
    home = locations.config_dir.parent
    for folder in (home, locations.config_dir, locations.log_dir, locations.data_dir):
        folder.chmod(0o777)
    told = locations.tighten()
    assert len(told) == 4 and all("no longer can" in line for line in told)
    assert not any(mode(f) & 0o022 for f in (home, *home.iterdir()))
    assert locations.tighten() == [], "and said once"


def test_an_open_folder_with_other_files_is_only_reported(locations: Locations) -> None:
    locations.create()
    home = locations.config_dir.parent
    (home / "my files").mkdir()
    home.chmod(0o777)
    for _ in range(2):
        (line,) = locations.tighten()
        assert f"chmod go-w {home}" in line
    assert mode(home) == 0o777


def test_folders_that_others_may_only_read_stay(locations: Locations) -> None:
    locations.create()
    locations.config_dir.chmod(0o755)
    locations.config_dir.parent.chmod(0o1777)
    assert locations.tighten() == []
    assert mode(locations.config_dir) == 0o755


def test_looking_creates_nothing(locations: Locations, tmp_path: Path) -> None:
    assert locations.tighten() == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives folders away")
def test_another_users_folder_is_not_touched(locations: Locations) -> None:
    locations.create()
    os.chown(locations.config_dir, 12345, 12345)
    locations.config_dir.chmod(0o777)
    assert locations.tighten() == []
    assert mode(locations.config_dir) == 0o777
