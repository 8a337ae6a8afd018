"""The settings: their sources, and the values that are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from usenetsync_tui.errors import SettingsError
from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.model.folders import StoreKind
from usenetsync_tui.model.servers.servers import AddressFamily, Role, Tls
from usenetsync_tui.model.versions.keep_rules import KeepRules, TimeSpan
from usenetsync_tui.settings.settings import Settings, load_settings

SERVER = """
[[servers]]
name = "main"
host = "news.example.com"
username = "me"
"""


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("USENETSYNC_DATABASE_URL", "USENETSYNC_HOME"):
        monkeypatch.delenv(name, raising=False)


def settings(folder: Path, text: str, mode: int = 0o600) -> Settings:
    path = folder / "config.toml"
    path.write_text(text)
    path.chmod(mode)
    return load_settings(folder)


def test_without_a_file_there_is_no_server(tmp_path: Path) -> None:
    found = load_settings(tmp_path)
    assert found.servers == []
    assert found.folder_defaults.store is StoreKind.SHARDS


def test_the_digest_of_new_folders(tmp_path: Path) -> None:
    assert load_settings(tmp_path).folder_defaults.digest is DigestAlgorithm.BLAKE3
    for word in DigestAlgorithm:
        found = settings(tmp_path, f'digest = "{word}"')
        assert found.folder_defaults.digest is word
    chosen = load_settings(tmp_path, {"USENETSYNC_DIGEST": "sha256"})
    assert chosen.folder_defaults.digest is DigestAlgorithm.SHA256
    with pytest.raises(
        SettingsError, match=r"digest must be one of .*Did you mean .blake3"
    ) as told:
        settings(tmp_path, 'digest = "blake2"')
    assert '"sha256", "blake3"' in str(told.value)


def test_keep_rules(tmp_path: Path) -> None:
    assert not load_settings(tmp_path).keep_rules
    text = 'keep_daily = 7\nkeep_within = "1y6m"\nkeep_tags = ["a,b", "c"]'
    wanted = KeepRules(daily=7, within=TimeSpan(1, 6), tags=("a,b", "c"))
    assert settings(tmp_path, text).keep_rules == wanted
    with pytest.raises(SettingsError, match=r"keep_within.* such as 30d"):
        settings(tmp_path, 'keep_within = "soon"')
    with pytest.raises(SettingsError, match=r"keep_tags.* no tag"):
        settings(tmp_path, 'keep_tags = ["a", ",b"]')
    with pytest.raises(SettingsError, match="keep_daily must be a whole number from 0"):
        settings(tmp_path, "keep_daily = -1")


def test_a_server(tmp_path: Path) -> None:
    found = settings(tmp_path, SERVER + 'password = "hush"\nroles = ["post", "fetch"]\n')
    (server,) = found.usenet_servers({})
    assert (server.name, server.host, server.port) == ("main", "news.example.com", 563)
    assert (server.tls, server.verify_tls) == (Tls.IMPLICIT, True)
    assert (server.username, server.password) == ("me", "hush")
    assert server.roles == {Role.POST, Role.FETCH}
    assert found.folder_defaults.store is StoreKind.USENET
    for shown in (repr(found), str(found), repr(server), str(server)):
        assert "hush" not in shown


def test_without_implicit_tls_the_port_is_119(tmp_path: Path) -> None:
    (server,) = settings(tmp_path, SERVER + 'tls = "starttls"').usenet_servers({})
    assert server.port == 119


def test_a_password_from_the_environment_wins(tmp_path: Path) -> None:
    text = SERVER.replace("main", "my.server") + 'password = "a"\n'
    (server,) = settings(tmp_path, text).usenet_servers({"USENETSYNC_PASSWORD_MY_SERVER": "b"})
    assert server.password == "b"


def test_a_password_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hush hush\nnot this\n")
    secret.chmod(0o600)
    found = settings(tmp_path, SERVER + f'password_file = "{secret}"\n')
    assert found.usenet_servers({})[0].password == "hush hush"
    secret.chmod(0o640)
    with pytest.raises(SettingsError, match="Others can read"):
        found.usenet_servers({})
    secret.unlink()
    with pytest.raises(SettingsError, match="secret"):
        found.usenet_servers({})


@pytest.mark.parametrize(
    "text",
    [
        SERVER + 'password = "hush"\n',
        'passphrase = "hush"\n',
        'database_url = "postgresql://me:hush@host/db"\n',
    ],
)
def test_an_open_file_must_hold_no_secret(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="others can read it") as caught:
        settings(tmp_path, text, 0o644)
    assert "hush" not in str(caught.value)
    settings(tmp_path, text, 0o600)


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("conections = 4", "conections"),
        ("connections = 0", "connections"),
        ('tls = "ssl"', "tls"),
        ("port = 70000", "port"),
        ('roles = ["upload"]', "roles"),
        ("roles = []", "roles"),
        ("timeout = 0", "timeout"),
        ('password = ["hush"]', "password"),
    ],
)
def test_errors_name_the_key_and_hide_the_value(tmp_path: Path, line: str, key: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, SERVER + line + "\n")
    assert key in str(caught.value) and 'of [[servers]] "main"' in str(caught.value)
    assert str(tmp_path / "config.toml") in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ['newsgroups = ["a b"]', 'newsgroups = ["a\\r\\nb"]', "newsgroups = []"]
)
def test_newsgroups_are_names(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="newsgroups"):
        settings(tmp_path, text)


def test_two_servers_of_one_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="same name"):
        settings(tmp_path, SERVER + SERVER).usenet_servers({})


@pytest.mark.parametrize(
    "text",
    [
        '[keys]\n"files.mark" = "m,space"\nhelp = "f1"\n',
        '[keys]\nfiles.mark = "m,space"\nhelp = "f1"\n',
        '[keys]\nhelp = "f1"\n[keys.files]\nmark = "m,space"\n',
    ],
)
def test_keys_and_a_theme_for_the_screen(tmp_path: Path, text: str) -> None:
    found = settings(tmp_path, 'theme = "nord"\n' + text)
    assert found.keys == {"files.mark": "m,space", "help": "f1"}
    assert found.theme == "nord"


def test_without_keys_and_theme_they_are_ours(tmp_path: Path) -> None:
    found = load_settings(tmp_path)
    assert (found.keys, found.theme) == ({}, "")


def test_invalid_keys(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"keys\.files\.mark"):
        settings(tmp_path, "[keys.files]\nmark = 3\n")


HOSTS = {
    'host = "news.example.com:443"': ("news.example.com", 443, Tls.IMPLICIT),
    'host = "news.example.com:443"\ntls = "none"': ("news.example.com", 443, Tls.NONE),
    'host = "news.example.com:443"\nport = 443': ("news.example.com", 443, Tls.IMPLICIT),
    'host = "[::1]"\nport = 8563': ("::1", 8563, Tls.IMPLICIT),
    'host = "[::1]:8119"\ntls = "starttls"': ("::1", 8119, Tls.STARTTLS),
    'host = "nntps://news.example.com"': ("news.example.com", 563, Tls.IMPLICIT),
    'host = "nntp://news.example.com"\ntls = "none"': ("news.example.com", 119, Tls.NONE),
}


@pytest.mark.parametrize(("lines", "found"), HOSTS.items())
def test_a_host_in_other_forms(tmp_path: Path, lines: str, found: tuple[str, int, Tls]) -> None:
    text = SERVER.replace('host = "news.example.com"', lines)
    (server,) = settings(tmp_path, text).usenet_servers({})
    assert (server.host, server.port, server.tls) == found


_TLS = 'of [[servers]] "main" must be one of "implicit", "starttls", "none"'
MEANT = {
    "tls = true": f"tls {_TLS}",
    "tls = false": f"tls {_TLS}",
    'tls = "ssl"': f"tls {_TLS}",
    "tls = 1": f"tls {_TLS}",
    "ssl = true": 'Did you mean "tls"? It is one of "implicit", "starttls", "none".',
    "use_ssl = true": 'Did you mean "tls"? It is one of "implicit", "starttls", "none".',
    "ssl_verify = false": 'Did you mean "verify_tls"?',
    'user = "bob"': 'unknown key "user" of [[servers]] "main". Did you mean "username"?',
    'socks5 = "127.0.0.1:1080"': 'Did you mean "proxy"?',
    'proxy = "127.0.0.1:1080"': 'proxy of [[servers]] "main": write it as "socks5://host:1080"',
    'proxy = "socks5://me:hush@host"': "proxy_username and proxy_password",
    "ipv6 = true": 'Did you mean "address_family"? It is one of "any", "ipv4", "ipv6".',
    "download_limit = 5": 'Did you mean "fetch_limit"?',
    'host = "https://news.example.com"': 'host of [[servers]] "main": https:// is not a news',
    'host = "news.example.com:563"\nport = 119': "host and port contradict each other",
    'host = "nntps://news.example.com"\ntls = "none"': "host and tls contradict each other",
    'host = "bob:hush@news.example.com"': "username and password",
    'host = "nntps://bob:hush@news.example.com:563"': "username and password",
    "fetch_limit = -1": 'fetch_limit of [[servers]] "main" must be a whole number of 0 or more',
    "lowest_rate = -1": 'lowest_rate of [[servers]] "main" must be a whole number of 0 or more',
    'address_family = "ipx"': 'must be one of "any", "ipv4", "ipv6"',
}


@pytest.mark.parametrize(("line", "words"), MEANT.items())
def test_an_error_suggests_the_key_and_no_secret(tmp_path: Path, line: str, words: str) -> None:
    text = SERVER
    if line.startswith("host"):
        text = text.replace('host = "news.example.com"\n', "")
    with pytest.raises(SettingsError) as caught:
        settings(tmp_path, text + line + "\n")
    assert words in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "Value error" not in str(caught.value)


def test_further_keys_of_a_server(tmp_path: Path) -> None:
    text = SERVER + (
        'proxy = "socks5://127.0.0.1:9050"\nproxy_username = "bob"\nproxy_password = "hush"\n'
        'address_family = "ipv6"\nlowest_rate = 20\nfetch_limit = 30\n'
    )
    found = settings(tmp_path, "fetch_limit = 40\nreposts = 7\n" + text)
    (server,) = found.usenet_servers({})
    assert (server.proxy, server.proxy_username) == ("socks5://127.0.0.1:9050", "bob")
    assert (str(server.proxy_password), server.address_family) == ("hush", AddressFamily.IPV6)
    assert (server.lowest_rate, server.fetch_limit) == (20, 30)
    assert (found.fetch_limit, found.reposts) == (40, 7)
    for shown in (repr(found), str(found), repr(server), repr(server.proxy_password)):
        assert "hush" not in shown
    with pytest.raises(SettingsError, match="chmod 600"):
        settings(tmp_path, text, 0o644)
