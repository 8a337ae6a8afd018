"""Adding a server to the settings file changes nothing else in it."""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.servers.servers import (
    ALL_ROLES,
    AddressFamily,
    Role,
    Server,
    Tls,
    password_variable,
)
from usenetsync_tui.settings.file import add_server
from usenetsync_tui.settings.settings import load_settings

MAIN = Server("main", "news.example.com", 563, username="me", password='h"u\\sh\x1b é')
COMMENTED = """\
# Mine.
max_workers = 3   # few

[keys]            # odd ones
files.mark = "m"
# The end."""


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("USENETSYNC_SERVERS", raising=False)


def written(folder: Path) -> tuple[Server, ...]:
    return load_settings(folder).usenet_servers({})


def test_the_first_server_creates_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "config" / "usenetsync"
    add_server(folder, MAIN)
    assert written(folder) == (MAIN,)
    assert stat.S_IMODE((folder / "config.toml").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert os.listdir(folder) == ["config.toml"]
    (table,) = tomllib.loads((folder / "config.toml").read_text())["servers"]
    assert list(table) == ["name", "host", "port", "tls", "username", "password", "connections"]


def test_everything_of_a_server(tmp_path: Path) -> None:
    server = Server(
        name="other",
        host="::1",
        port=8119,
        tls=Tls.STARTTLS,
        connections=20,
        roles=frozenset({Role.FETCH, Role.POST}),
        priority=-1,
        verify_tls=False,
        ca_file="/etc/ssl/mine.pem",
        timeout=7.5,
        max_article=2_000_000,
        pipeline=5,
        bandwidth_limit=1_000,
        lowest_rate=50,
        fetch_limit=2_000,
        address_family=AddressFamily.IPV6,
        proxy="socks5://[::1]:9050",
        proxy_username="bob",
        proxy_password="hush",
    )
    add_server(tmp_path, server)
    assert written(tmp_path) == (server,)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "\r\n"])
def test_existing_text_stays_to_the_byte(tmp_path: Path, ending: str) -> None:
    file = tmp_path / "config.toml"
    before = (COMMENTED + ending).encode()
    file.write_bytes(before)
    file.chmod(0o644)
    second = replace(MAIN, name="second", password="")
    add_server(tmp_path, MAIN)
    add_server(tmp_path, second)
    assert file.read_bytes().startswith(before)
    found = load_settings(tmp_path)
    assert (found.max_workers, found.keys) == (3, {"files.mark": "m"})
    assert written(tmp_path) == (MAIN, second)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "text",
    [
        '[[servers]]\nname = "a"\nhost = "h"',
        '[[servers]]\nname = "a"\nhost = "h"\n[keys]\nhelp = "?"\n',
        '[[servers]]\nname = "a"\nhost = "h"\n[keys]\n[[servers]]\nname = "b"\nhost = "h"\n# End',
        'servers = [{name = "a", host = "h"}]\ntheme = "dark"\n',
        'servers = [\n  {name = "a", host = "h"}, # first\n] # all\n[keys]\nhelp = "?"\n',
        "servers = []\n",
    ],
)
def test_beside_servers_that_are_there(tmp_path: Path, text: str) -> None:
    (tmp_path / "config.toml").write_text(text)
    (tmp_path / "config.toml").chmod(0o600)
    before = written(tmp_path)
    add_server(tmp_path, MAIN)
    assert written(tmp_path) == (*before, MAIN)
    after = (tmp_path / "config.toml").read_text()
    assert [c in after for c in ("# End", "# first", "# all")] == [
        c in text for c in ("# End", "# first", "# all")
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "two words"}, "name must be 1 to 40 letters"),
        ({"name": ""}, "name must be 1 to 40 letters"),
        ({"name": "x\n"}, "name must be 1 to 40 letters"),
        ({"host": "no host"}, "host must be a host name or an address"),
        ({"port": 0}, "port must be a whole number from 1 to 65535; it is 0"),
        ({"connections": 201}, "connections must be a whole number from 1 to 200"),
        ({"roles": frozenset()}, "roles must be a list"),
        ({"name": "taken"}, "already a server 'taken'"),
        (
            {"name": "TAKEN"},
            "^The servers .* share one variable for their passwords, USENETSYNC_PASSWORD_TAKEN",
        ),
        ({"password": "\udcff"}, "^The new settings contain bytes that are not UTF-8"),
    ],
)
def test_invalid_servers_are_refused(tmp_path: Path, change: dict[str, Any], words: str) -> None:
    add_server(tmp_path, replace(MAIN, name="taken"))
    before = (tmp_path / "config.toml").read_bytes()
    with pytest.raises(SettingsError, match=words) as caught:
        add_server(tmp_path, replace(MAIN, **change))
    assert "u\\sh" not in str(caught.value)
    assert (tmp_path / "config.toml").read_bytes() == before
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_symlink_stays_one(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles" / "usenetsync.toml"
    real.write_text(COMMENTED)
    folder = tmp_path / "config"
    folder.mkdir()
    (folder / "config.toml").symlink_to("../dotfiles/usenetsync.toml")
    add_server(folder, MAIN)
    assert (folder / "config.toml").is_symlink()
    assert written(folder) == (MAIN,)
    assert real.read_text().startswith(COMMENTED)
    assert os.listdir(tmp_path / "dotfiles") == ["usenetsync.toml"]


@pytest.mark.parametrize("text", ["max_workers =", "servers = 3", "[servers]\nname = 'a'", "\xff"])
def test_a_file_that_makes_no_sense_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(text.encode("latin-1"))
    with pytest.raises(SettingsError):
        add_server(tmp_path, MAIN)
    assert file.read_bytes() == text.encode("latin-1")
    assert os.listdir(tmp_path) == ["config.toml"]


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "config.toml").mkdir()
    with pytest.raises(SettingsError, match="Is a directory"):
        add_server(tmp_path, MAIN)
    (tmp_path / "file").touch()
    with pytest.raises(SettingsError, match="File exists"):
        add_server(tmp_path / "file", MAIN)
    (tmp_path / "nowhere").mkdir()
    (tmp_path / "nowhere" / "config.toml").symlink_to("gone/config.toml")
    with pytest.raises(SettingsError, match="No such file"):
        add_server(tmp_path / "nowhere", MAIN)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_the_file_stays_its_owners(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(COMMENTED)
    os.chown(tmp_path / "config.toml", 65_534, 65_534)
    add_server(tmp_path, MAIN)
    status = (tmp_path / "config.toml").stat()
    assert (status.st_uid, status.st_gid) == (65_534, 65_534)


def test_servers_of_the_environment_win(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("usenetsync_servers", "[]")
    with pytest.raises(SettingsError, match="USENETSYNC_SERVERS"):
        add_server(tmp_path, MAIN)
    assert os.listdir(tmp_path) == []


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
servers = st.builds(
    Server,
    name=st.from_regex(r"[A-Za-z0-9._-]{1,40}", fullmatch=True),
    host=st.from_regex(r"[A-Za-z0-9_.-]{1,60}", fullmatch=True) | st.ip_addresses().map(str),
    port=st.integers(1, 65_535),
    tls=st.sampled_from(Tls),
    username=texts,
    password=texts,
    connections=st.integers(1, 200),
    roles=st.sets(st.sampled_from(Role), min_size=1).map(frozenset) | st.just(ALL_ROLES),
    timeout=st.floats(0.001, 1e6),
)


@settings(deadline=None)
@given(st.lists(servers, min_size=1, max_size=4, unique_by=lambda s: password_variable(s.name)))
def test_whatever_is_written_can_be_read(
    tmp_path_factory: pytest.TempPathFactory, wanted: list[Server]
) -> None:
    folder = tmp_path_factory.mktemp("config")
    for server in wanted:
        add_server(folder, server)
    assert written(folder) == tuple(wanted)
