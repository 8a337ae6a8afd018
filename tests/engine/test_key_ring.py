"""The user's secret: made once, kept to its owner, asked for when it is needed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.errors import KeyUnavailableError, SettingsError
from usenetsync_tui.locations import Locations
from usenetsync_tui.settings import Settings


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    return Locations.find({"USENETSYNC_HOME": str(tmp_path / "home")})


def ring(locations: Locations, **settings: object) -> KeyRing:
    return KeyRing(Settings.model_validate(settings), locations)


def test_a_key_file_is_made_once_and_for_its_owner(locations: Locations) -> None:
    keys = ring(locations)
    first, second = keys.new_key(), keys.new_key()
    assert keys.unwrap(first) != keys.unwrap(second)
    assert len(keys.unwrap(first)) == 32
    path = locations.config_dir / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["key"], "nothing half-made is left"
    assert ring(locations).unwrap(first) == keys.unwrap(first)
    assert keys.unwrap(first) not in first


def test_a_key_file_that_is_gone_is_not_made_anew_to_open(locations: Locations) -> None:
    keys = ring(locations)
    wrapped = keys.new_key()
    (locations.config_dir / "key").unlink()
    with pytest.raises(KeyUnavailableError, match="bring back"):
        keys.unwrap(wrapped)
    assert not (locations.config_dir / "key").exists()


def test_another_key_file_does_not_open(locations: Locations) -> None:
    keys = ring(locations)
    wrapped = keys.new_key()
    (locations.config_dir / "key").write_text("0" * 64 + "\n")
    with pytest.raises(KeyUnavailableError, match="not the right one"):
        keys.unwrap(wrapped)


def test_a_key_file_others_can_read_is_refused(locations: Locations) -> None:
    keys = ring(locations)
    wrapped = keys.new_key()
    (locations.config_dir / "key").chmod(0o644)
    with pytest.raises(SettingsError, match="Others can read"):
        keys.unwrap(wrapped)


@pytest.mark.slow
def test_a_passphrase(locations: Locations, tmp_path: Path) -> None:
    wrapped = ring(locations, passphrase="correct horse").new_key()
    assert not (locations.config_dir / "key").exists()
    file = tmp_path / "passphrase"
    file.write_text("correct horse\n")
    file.chmod(0o600)
    key = ring(locations, passphrase="correct horse").unwrap(wrapped)
    assert ring(locations, passphrase_file=file).unwrap(wrapped) == key
    with pytest.raises(KeyUnavailableError, match="not the right one"):
        ring(locations, passphrase="wrong horse").unwrap(wrapped)
    with pytest.raises(KeyUnavailableError, match="USENETSYNC_PASSPHRASE") as caught:
        ring(locations).unwrap(wrapped)
    assert "horse" not in str(caught.value)


def test_a_damaged_key_is_told(locations: Locations) -> None:
    keys = ring(locations)
    keys.new_key()
    for blob in (b"", b"rubbish", bytes(96)):
        with pytest.raises(KeyUnavailableError, match="damaged"):
            keys.unwrap(blob)
