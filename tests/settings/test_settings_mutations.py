"""Some hundreds of wrong settings: each gives a sentence with the file or the variable (FAULTS D9).

The mutations come from the models, so that they include every new key.
"""

from __future__ import annotations

import json
import os
import typing
from collections.abc import Iterator
from pathlib import Path

import pytest
from wrong_settings import IN_FILE, SECRET, SERVER, THEIR_WORDS

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.settings.problems import _plain
from usenetsync_tui.settings.settings import Settings, load_settings, unused


def _refused(folder: Path, variables: dict[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(folder, variables or {})
    words = str(caught.value)
    assert caught.value.exit_code == 2
    assert caught.value.__cause__ is None, "a traceback would show what it is about"
    assert SECRET not in words and not any(theirs in words for theirs in THEIR_WORDS), words
    assert "\n" not in words and "  " not in words and words.endswith((".", "?")), words
    return words


def test_there_are_some_hundreds() -> None:
    assert len(IN_FILE) > 200


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("config")


def test_errors_in_the_file_name_it(folder: Path) -> None:
    file = folder / "config.toml"
    for name, text, wanted in IN_FILE:
        file.write_text(text)
        file.chmod(0o600)
        words = _refused(folder)
        assert f"{file}" in words and wanted in words, (name, words)


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        ('theme = "é"\n'.encode("utf-16"), "save it as UTF-8"),
        ('theme = "é"\n'.encode("utf-32"), "save it as UTF-8"),
        ('theme = ""\n# é\n'.encode("latin-1"), "line 2: this is not UTF-8 text (byte 0xe9)"),
        (b"\x7fELF\x02\x01\x01\0\0\0", "zero bytes"),
        (b"\x00" * 100, "zero bytes"),
        (b"\x1b[31m = 1\n", "not TOML"),
        (b"#" * (5 << 20), "larger than 4 MiB"),
        (b'"\x1b[2J" = 1\n', "not TOML"),
        (b'"\\u001b[2J" = 1\n', "unknown key"),
    ],
)
def test_bytes_that_are_no_settings(tmp_path: Path, data: bytes, wanted: str) -> None:
    (tmp_path / "config.toml").write_bytes(data)
    words = _refused(tmp_path)
    assert f"{tmp_path}/config.toml" in words and wanted in words
    assert "\x1b" not in words


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_bytes(b"\xef\xbb\xbfretries = 7\r\n")
    assert load_settings(tmp_path, {}).retries == 7


def test_other_things_than_a_file(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    for make, wanted in (
        (file.mkdir, "Is a directory"),
        (lambda: os.mkfifo(file), "Not a regular file"),
        (lambda: file.symlink_to(file), "symbolic links"),
        (lambda: file.symlink_to("gone"), "No such file"),
        (lambda: file.symlink_to("/dev/zero"), "Not a regular file"),
    ):
        make()
        words = _refused(tmp_path)
        assert str(file) in words and wanted in words
        file.rmdir() if file.is_dir() and not file.is_symlink() else file.unlink()
    (tmp_path / "nothing").touch()
    assert "Not a directory" in _refused(tmp_path / "nothing")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch(mode=0)
    assert "Permission denied" in _refused(tmp_path)


def _variables() -> Iterator[tuple[str, str, str]]:
    for key, field in Settings.model_fields.items():
        name = f"USENETSYNC_{key.upper()}"
        yield name, "", "empty"
        kind = _plain(field.annotation)
        if typing.get_origin(kind) in (list, dict):
            yield name, "alt.binaries.test", "is not JSON: Expecting value (line 1, column 1)"
            yield name, f'["{SECRET}"', "is not JSON"
            yield name, "3", "must be a "
        elif kind in (int, float, bool):
            yield name, SECRET, "must be "
        yield name[:-1] if len(key) > 5 else f"{name}_", "1", f'Did you mean "{name}"?'
    yield "USENETSYNC_HOMES", "/x", 'Did you mean "USENETSYNC_HOME"?'
    yield "USENETSYNC_SERVERS", json.dumps([{"name": "a"}]), 'host of [[servers]] "a" is missing'
    yield "USENETSYNC_CHECK_DELAYS", "[true]", "entry 1 of check_delays"
    yield "USENETSYNC_POSTER", "\udcff", "not UTF-8"


@pytest.mark.parametrize(("name", "value", "wanted"), _variables())
def test_errors_in_a_variable_name_it(tmp_path: Path, name: str, value: str, wanted: str) -> None:
    words = _refused(tmp_path, {name: value})
    assert name in words and wanted in words
    assert "config.toml" not in words


def test_a_variable_that_means_nothing_is_a_hint(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(SERVER)
    variables = {"USENETSYNC_PASSWORD_MIAN": SECRET, "USENETSYNC_COLOUR": "red", "HOME": "/"}
    settings = load_settings(tmp_path, variables)
    first, second = unused(settings, variables)
    assert 'Did you mean "USENETSYNC_PASSWORD_MAIN"?' in first and SECRET not in first
    assert "does not use the variable USENETSYNC_COLOUR" in second
    assert unused(settings, {"USENETSYNC_PASSWORD_MAIN": SECRET, "USENETSYNC_RETRIES": "3"}) == []
