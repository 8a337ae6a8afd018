"""`servers test` against a real INN: each kind of connection, and the sentence for each refusal."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from acceptance_command import Command
from inn import Inn
from news_home import configure, server_table

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(Inn.available() is not None, reason=str(Inn.available())),
]
ALL_STEPS = ["post", "appear", "read back", "post plain"]


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.fixture(scope="module")
def inn() -> Iterator[Inn]:
    with Inn(login=True, ipv6=_has_ipv6()) as server:
        yield server


@pytest.fixture
def usenetsync(tmp_path: Path) -> Command:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    return Command(home)


def _tested(
    command: Command, *arguments: str, expect: int
) -> dict[str, dict[str, tuple[object, str]]]:
    """Server → step → whether it succeeded, and its sentence."""
    found: dict[str, dict[str, tuple[object, str]]] = {}
    for event in command("servers", "test", *arguments, "--json", expect=expect).events:
        assert event["event"] == "step"
        found.setdefault(event["server"], {})[event["name"]] = (event["ok"], event["detail"])
    return found


def test_every_kind_of_connection(usenetsync: Command, inn: Inn) -> None:
    account = {"username": inn.username, "password": inn.password}
    verified = {"ca_file": inn.ca_file, **account}
    ways = {
        "transit": server_table(inn, "transit", **account),
        "reader": server_table(inn, "reader", port=inn.reader_port, **account),
        "tls": server_table(inn, "tls", port=inn.tls_port, tls="implicit", **verified),
        "starttls": server_table(inn, "starttls", port=inn.reader_port, tls="starttls", **verified),
        "url": server_table(inn, "url", host=f"nntp://localhost:{inn.reader_port}", **account),
    }
    ways["url"] = "\n".join(row for row in ways["url"].splitlines() if not row.startswith("port"))
    if inn.ipv6:
        ways["ipv6"] = server_table(inn, "ipv6", host="[::1]", port=inn.ipv6_port, **account)
    configure(usenetsync.home, *ways.values(), newsgroup=inn.newsgroup)
    before = inn.article_count()
    found = _tested(usenetsync, expect=0)
    assert list(found) == list(ways)
    for name, steps in found.items():
        assert [steps[step][0] for step in ALL_STEPS] == [True] * 4, (name, steps)
        assert steps["login"] == (True, f"as {inn.username}")
        assert "READER" in steps["capabilities"][1] and steps["clock"][0] is True
        assert steps["post"][1].startswith("240 ") and "identical" in steps["read back"][1]
        assert steps["tls"][0] is (True if "tls" in name else None)
        if "tls" in name:
            assert steps["tls"][1].endswith("certificate verified")
    assert inn.article_count() == before + 2 * len(ways)
    if inn.ipv6:
        assert f"::1 port {inn.ipv6_port}" == found["ipv6"]["connect"][1]
        assert f"ipv6 ([::1]:{inn.ipv6_port})" in usenetsync("servers", "test", "ipv6").out


def test_every_refusal_says_what_to_do(usenetsync: Command, inn: Inn) -> None:
    account = {"username": inn.username, "password": inn.password}
    secure = {"port": inn.tls_port, "tls": "implicit", **account}
    reader = {"port": inn.reader_port}
    refused = {
        "wrong": (
            server_table(inn, "wrong", username=inn.username, password="nonsense"),
            "login",
            "Login refused: 481 Authentication failed. Check username and password.",
        ),
        "no_login": (
            server_table(inn, "no_login", **reader),
            "post",
            "The server requires a login: 480 Authentication required for command "
            "(the server requires a username and a password). Set username and password.",
        ),
        "may_not_post": (
            server_table(inn, "may_not_post", **{**account, **reader, "username": inn.reader}),
            "post",
            "440 Posting not allowed. "
            "Posting is not allowed here: remove 'post' from the server's roles.",
        ),
        "no_ca": (
            server_table(inn, "no_ca", **secure),
            "tls",
            "The certificate of 127.0.0.1 is not trusted: self-signed certificate in "
            "certificate chain. For a private server set ca_file to its CA; if you have none, "
            "verify_tls = false skips the check.",
        ),
        "no_tls_there": (
            server_table(inn, "no_tls_there", **{**secure, "port": inn.port}),
            "tls",
            "TLS with 127.0.0.1 failed: WRONG_VERSION_NUMBER. Check the port, or set tls to "
            "'starttls'.",
        ),
    }
    configure(
        usenetsync.home, *(table for table, _, _ in refused.values()), newsgroup=inn.newsgroup
    )
    found = _tested(usenetsync, expect=1)
    for name, (_, step, sentence) in refused.items():
        assert found[name][step] == (False, sentence), name
        assert list(found[name])[-1] == step, "the first that fails is the last"
    for group, sentence in {
        inn.closed_newsgroup: f'441 Postings to "{inn.closed_newsgroup}" are not allowed here.',
        "no.such.group": '441 No valid newsgroups in "no.such.group".',
    }.items():
        table = server_table(inn, **{**account, **reader})
        configure(usenetsync.home, table, newsgroup=group)
        ok, detail = _tested(usenetsync, expect=1)["main"]["post"]
        assert ok is False and detail.startswith(sentence), detail
        assert detail.endswith(" Check the newsgroups (and tls) in the settings.")
