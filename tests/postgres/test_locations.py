"""The folders of the program."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.locations import Locations, styles_folder


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_usenetsync_home_keeps_all_in_one_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    found = Locations.find({"USENETSYNC_HOME": str(home)})
    assert found == Locations(home / "config", home / "data", home / "log")
    assert not home.exists()


def test_else_the_xdg_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(tmp_path / name))
    found = Locations.find({})
    assert found.config_dir == tmp_path / "XDG_CONFIG_HOME/usenetsync"
    assert found.data_dir == tmp_path / "XDG_DATA_HOME/usenetsync"
    assert found.log_dir.is_relative_to(tmp_path / "XDG_STATE_HOME/usenetsync")


def test_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    found = Locations.find({"USENETSYNC_HOME": str(home)})
    before = os.umask(0)
    try:
        found.create()
    finally:
        os.umask(before)
    assert mode(found.config_dir) == mode(found.log_dir) == 0o700
    # Root's database runs as another user, who must be able to enter.
    passable = 0o711 if os.geteuid() == 0 else 0o700
    assert mode(found.data_dir) == mode(home) == mode(home.parent) == passable


def test_a_folder_that_exists_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o750)
    (tmp_path / "data").chmod(0o750)
    Locations.find({"USENETSYNC_HOME": str(tmp_path)}).create()
    assert mode(tmp_path / "data") == 0o750


def test_the_error_names_a_file_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("a file")
    with pytest.raises(SettingsError, match=r"log cannot be created: File exists"):
        Locations.find({"USENETSYNC_HOME": str(tmp_path)}).create()


def test_the_styles_are_beside_the_package_or_in_it() -> None:
    assert styles_folder().name == "styles"
