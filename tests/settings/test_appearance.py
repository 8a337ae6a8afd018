"""The keys and the theme of the first frame are those of the settings that are read after it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.settings.appearance import BELL_AFTER, appearance
from usenetsync_tui.settings.settings import load_settings

_KEYS = json.dumps({"files.mark": "x"})


def _config(folder: Path, text: str) -> Path:
    file = folder / "config.toml"
    file.write_text(text, encoding="utf-8")
    file.chmod(0o600)
    return folder


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("", {}),
        ('theme = "nord"', {}),
        ("bell_after = 60", {}),
        ("bell_after = 60", {"USENETSYNC_BELL_AFTER": "0"}),
        ('[keys]\n"files.mark" = "m"\nlist.up = "k,up"', {}),
        ('keys = {files.mark = "m"}\ntheme = "nord"', {"USENETSYNC_THEME": "gruvbox"}),
        ('keys = {files.mark = "m"}', {"USENETSYNC_KEYS": _KEYS}),
        ("retries = 4", {"usenetsync_theme": "gruvbox", "USENETSYNC_MAX_WORKERS": "2"}),
    ],
)
def test_they_are_those_of_the_settings(
    tmp_path: Path, text: str, variables: Mapping[str, str]
) -> None:
    folder = _config(tmp_path, text)
    settings, looks = load_settings(folder, variables), appearance(folder, variables)
    assert (dict(looks.keys), looks.theme) == (settings.keys, settings.theme)
    assert looks.bell_after == settings.bell_after


def test_no_file(tmp_path: Path) -> None:
    looks = appearance(tmp_path, {})
    assert (dict(looks.keys), looks.theme) == ({}, "")


@pytest.mark.parametrize(
    "text",
    [
        "theme = 3",
        "keys = []",
        "keys = 3",
        "[keys]\nfiles.mark = 3",
        "max_worker = 3",
        "bell_after = -5",
        'bell_after = "soon"',
    ],
)
def test_what_is_wrong_is_left_to_the_settings(tmp_path: Path, text: str) -> None:
    folder = _config(tmp_path, text)
    looks = appearance(folder, {})
    assert (dict(looks.keys), looks.theme, looks.bell_after) == ({}, "", BELL_AFTER)
    with pytest.raises(SettingsError):
        load_settings(folder, {})


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("theme =", {}),
        ('"\\ud800" = 1', {}),
        ("theme = 'nord'", {"USENETSYNC_THEME": ""}),
        ("", {"USENETSYNC_KEYS": "files.mark"}),
        ("", {"USENETSYNC_THEME": "\udcff"}),
    ],
)
def test_what_cannot_be_read_is_reported_in_the_same_words(
    tmp_path: Path, text: str, variables: Mapping[str, str]
) -> None:
    folder = _config(tmp_path, text)
    with pytest.raises(SettingsError) as later:
        load_settings(folder, variables)
    with pytest.raises(SettingsError) as at_once:
        appearance(folder, variables)
    assert str(at_once.value) == str(later.value)
