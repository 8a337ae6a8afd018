"""The user's secret: created once, readable only by its owner, required when needed."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from usenetsync_tui.codec import key_wrapping
from usenetsync_tui.engine.keys import KeyRing
from usenetsync_tui.errors import KeyUnavailableError, NoKeyError, SettingsError
from usenetsync_tui.locations import Locations
from usenetsync_tui.settings.settings import Settings


@pytest.fixture
def locations(tmp_path: Path) -> Locations:
    return Locations.find({"USENETSYNC_HOME": str(tmp_path / "home")})


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """scrypt without its half second."""
    monkeypatch.setattr(key_wrapping, "_LOG2_N", 4)


def ring(locations: Locations, **settings: object) -> KeyRing:
    return KeyRing(Settings.model_validate(settings), locations)


def test_a_key_file_is_made_once_and_for_its_owner(locations: Locations) -> None:
    keys = ring(locations)
    first = keys.new_key()
    second = keys.new_key([first])
    assert keys.unwrap(first) != keys.unwrap(second)
    assert len(keys.unwrap(first)) == 32
    path = locations.config_dir / "key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["key"], "nothing half-made is left"
    assert ring(locations).unwrap(first) == keys.unwrap(first)
    assert keys.unwrap(first) not in first


def test_a_missing_key_file_is_not_created_to_open_a_key(locations: Locations) -> None:
    keys = ring(locations)
    wrapped = keys.new_key()
    (locations.config_dir / "key").unlink()
    with pytest.raises(KeyUnavailableError, match="bring back"):
        keys.unwrap(wrapped)
    assert not (locations.config_dir / "key").exists()


def test_another_key_file_does_not_open(locations: Locations) -> None:
    keys = ring(locations)
    wrapped = keys.new_key()
    path = locations.config_dir / "key"
    path.write_text("0" * 64 + "\n")
    with pytest.raises(KeyUnavailableError, match="Another key file") as caught:
        keys.unwrap(wrapped)
    assert str(path) in str(caught.value)


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
    with pytest.raises(KeyUnavailableError, match="Another passphrase"):
        ring(locations, passphrase="wrong horse").unwrap(wrapped)
    with pytest.raises(KeyUnavailableError, match="USENETSYNC_PASSPHRASE") as caught:
        ring(locations).unwrap(wrapped)
    assert "horse" not in str(caught.value)


def test_a_damaged_key_is_reported(locations: Locations) -> None:
    keys = ring(locations)
    keys.new_key()
    for blob in (b"", b"rubbish", bytes(96)):
        with pytest.raises(KeyUnavailableError, match="damaged"):
            keys.unwrap(blob)


# --- another sealed folder ---------------------------------------------------------------


def test_a_missing_key_file_is_not_replaced(locations: Locations) -> None:
    path = locations.config_dir / "key"
    first = ring(locations).new_key()
    aside = path.rename(path.with_name("aside"))
    with pytest.raises(NoKeyError, match="is missing, and other sealed folders need it") as caught:
        ring(locations).new_key([first])
    assert str(path) in str(caught.value)
    assert os.listdir(path.parent) == ["aside"], "nothing was made"
    aside.rename(path)
    second = ring(locations).new_key([first])
    assert {len(ring(locations).unwrap(wrapped)) for wrapped in (first, second)} == {32}


def test_another_key_file_wraps_nothing(locations: Locations) -> None:
    path = locations.config_dir / "key"
    others = [ring(locations).new_key()]
    others.insert(0, ring(locations).new_key(others))
    right = path.read_text()
    path.write_text("1" * 64 + "\n")
    with pytest.raises(NoKeyError, match="is not the key file that") as caught:
        ring(locations).new_key(others)
    assert str(path) in str(caught.value)
    path.write_text(right)
    ring(locations).new_key(others)


def test_one_of_key_file_setting_that_is_missing_is_named(
    locations: Locations, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "stick" / "key"
    elsewhere.parent.mkdir()
    first = ring(locations, key_file=elsewhere).new_key()
    elsewhere.unlink()
    with pytest.raises(NoKeyError, match=r"stick/key is missing"):
        ring(locations, key_file=elsewhere).new_key([first])
    with pytest.raises(NoKeyError, match=r"config/key is missing"):
        ring(locations).new_key([first])
    assert not elsewhere.exists() and not (locations.config_dir / "key").exists()


def test_keys_of_two_key_files_from_before(locations: Locations) -> None:
    """From when a missing key file was replaced silently: either file is good enough."""
    path = locations.config_dir / "key"
    first = ring(locations).new_key()
    path.unlink()
    second = ring(locations).new_key()
    ring(locations).new_key([second, first])
    ring(locations).new_key([first, second])


@pytest.mark.usefixtures("quick")
def test_a_changed_passphrase_wraps_nothing(locations: Locations) -> None:
    first = ring(locations, passphrase="correct horse").new_key()
    with pytest.raises(NoKeyError, match="passphrase is not the one of") as caught:
        ring(locations, passphrase="wrong horse").new_key([first])
    assert "horse" not in str(caught.value)
    ring(locations, passphrase="correct horse").new_key([first])


@pytest.mark.usefixtures("quick")
def test_a_passphrase_that_is_not_set_is_not_replaced_by_a_key_file(locations: Locations) -> None:
    first = ring(locations, passphrase="correct horse").new_key()
    with pytest.raises(NoKeyError, match="have a passphrase, and none is set"):
        ring(locations).new_key([first])
    assert not (locations.config_dir / "key").exists()


@pytest.mark.usefixtures("quick")
def test_a_passphrase_can_follow_a_key_file(locations: Locations) -> None:
    first = ring(locations).new_key()
    (locations.config_dir / "key").rename(locations.config_dir / "aside")
    second = ring(locations, passphrase="correct horse").new_key([first])
    assert ring(locations, passphrase="correct horse").unwrap(second)
    with pytest.raises(NoKeyError, match="missing"):
        ring(locations).new_key([second, first])


def test_a_damaged_key_of_another_folder_stops_nothing(locations: Locations) -> None:
    first = ring(locations).new_key()
    ring(locations).new_key([b"rubbish", first[:-1] + b"x", first])
    ring(locations).new_key([first[:-1] + bytes([first[-1] ^ 1])])  # it names its secret
