"""`servers test`: its findings and its advice."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from certificates import Authority
from scripted_server import Fault, ScriptedServer
from usenet_ground import configured

from usenetsync_tui.model.servers.servers import Role, Server, Tls
from usenetsync_tui.model.status.tasks import TrialStep
from usenetsync_tui.store.usenet.diagnosis import diagnose

GROUPS = ("alt.test",)


async def examine(server: Server, newsgroups: Sequence[str] = GROUPS) -> dict[str, TrialStep]:
    return {s.name: s async for s in diagnose(server, newsgroups=newsgroups, patience=1.0)}


@pytest.mark.anyio
@pytest.mark.parametrize("tls", list(Tls))
async def test_all_is_well(tls: Tls, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    context = authority.context("127.0.0.1")
    made: dict[str, Any] = {"login": ("bob", "secret")}
    if tls is not Tls.NONE:
        made["tls" if tls is Tls.IMPLICIT else "starttls"] = context
    with ScriptedServer(**made) as scripted:
        steps = await examine(
            configured(
                scripted,
                tls=tls,
                ca_file=str(authority.ca_file),
                username="bob",
                password="secret",
            )
        )
    assert set(steps) == {
        *("resolve", "connect", "tls", "greeting", "login", "capabilities", "clock"),
        *("posting", "post", "appear", "read back"),
    }
    assert {s.name for s in steps.values() if not s.ok} == ({"tls"} if tls is Tls.NONE else set())
    assert all(s.ok is not False and s.seconds >= 0 for s in steps.values())
    if tls is not Tls.NONE:
        assert "verified" in steps["tls"].detail
    assert "secret" not in str(steps)


@pytest.mark.anyio
async def test_names_and_ports() -> None:
    steps = await examine(Server("x", "nonsense.invalid", 563))
    assert list(steps) == ["resolve"]
    assert "does not resolve" in steps["resolve"].detail
    assert "spelling" in steps["resolve"].detail
    with ScriptedServer() as scripted:
        server = configured(scripted)
    steps = await examine(server)
    assert list(steps) == ["resolve", "connect"]
    assert "firewall" in steps["connect"].detail


@pytest.mark.anyio
async def test_the_wrong_name_in_the_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with ScriptedServer(tls=authority.context("news.example.com")) as scripted:
        server = configured(scripted, tls=Tls.IMPLICIT, ca_file=str(authority.ca_file))
        steps = await examine(server)
    assert steps["tls"].ok is False
    assert steps["tls"].detail.startswith("The certificate is for news.example.com, not 127.0.0.1.")


@pytest.mark.anyio
async def test_other_troubles_with_tls(tmp_path: Path) -> None:
    with ScriptedServer(tls=Authority(tmp_path).context("127.0.0.1")) as scripted:
        steps = await examine(configured(scripted, tls=Tls.IMPLICIT))
        assert "ca_file" in steps["tls"].detail
        steps = await examine(configured(scripted, tls=Tls.IMPLICIT, verify_tls=False))
        assert steps["tls"].ok is None
        assert "NOT verified" in steps["tls"].detail
    with ScriptedServer() as scripted:
        steps = await examine(configured(scripted, tls=Tls.IMPLICIT))
        assert "starttls" in steps["tls"].detail


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("step", "fault", "advice"),
    [
        ("greeting", Fault("connect", reply="502 Too many connections"), "fewer connections"),
        ("greeting", Fault("connect", reply="400 Busy"), "later"),
        ("greeting", Fault("connect", close=True), "Check port and tls"),
        ("login", Fault("AUTHINFO", reply="481 Who?"), "Check username and password"),
        ("login", Fault("AUTHINFO", reply="502 Account expired"), "Ask the provider"),
        ("post", Fault("POST", reply="440 Posting not allowed"), "roles"),
        ("post", Fault("article", reply="441 437 Unwanted newsgroup"), "newsgroups"),
        ("post", Fault("article", reply="441 Nonsense"), "441 Nonsense"),
        ("read back", Fault("BODY", reply="430 No"), "Not found yet"),
    ],
)
async def test_refusals(step: str, fault: Fault, advice: str) -> None:
    with ScriptedServer(faults=[fault], login=("bob", "secret")) as scripted:
        steps = await examine(configured(scripted, username="bob", password="secret"))
    assert list(steps)[-1] == step
    assert not steps[step].ok
    assert advice in steps[step].detail


@pytest.mark.anyio
async def test_oddities_that_are_no_failure() -> None:
    late = Fault("DATE", reply="111 20010101000000")
    with ScriptedServer(faults=[late]) as scripted:
        scripted.capabilities = None
        scripted.stat_delay = 60.0
        steps = await examine(configured(scripted))
    assert {s.name for s in steps.values() if s.ok is None} == {
        *("tls", "login", "capabilities", "clock", "appear", "read back"),
    }
    assert "ahead of" in steps["clock"].detail


@pytest.mark.anyio
async def test_nothing_is_posted_where_nothing_should_be() -> None:
    with ScriptedServer() as scripted:
        steps = await examine(configured(scripted, roles=frozenset({Role.FETCH})))
        assert list(steps)[-1] == "clock"
        steps = await examine(configured(scripted), newsgroups=())
        assert list(steps)[-1] == "posting"
        scripted.greeting = scripted.mode_reader = "201 No posting"
        steps = await examine(configured(scripted))
        assert list(steps)[-1] == "posting"
        assert "'post'" in steps["posting"].detail
        assert scripted.posted == []


POSTER = "Bob <bob@example.com>"


@pytest.mark.anyio
async def test_the_posted_article_looks_like_an_upload() -> None:
    with ScriptedServer() as scripted:
        server = configured(scripted)
        found = diagnose(server, newsgroups=("alt.test", "alt.other"), poster=POSTER)
        steps = {step.name: step async for step in found}
        sealed, plain = scripted.articles.values()
    assert all(step.ok is not False for step in steps.values())
    assert list(steps)[-1] == "post plain"
    for article in (sealed, plain):
        assert b"\r\nNewsgroups: alt.test,alt.other\r\n" in article
        assert b"\r\nDate: " in article
    assert f"From: {POSTER}\r\n".encode() in plain
    assert b'\r\nSubject: "' in plain
    assert POSTER.encode() not in sealed


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("poster", "refused", "words"),
    [
        (POSTER, b"bob@example.com", "from Bob <bob@example.com>: 441 Your From"),
        ("nobody", b"never there", "'nobody' is not a poster"),
    ],
)
async def test_a_poster_that_uploads_of_plain_folders_fail_with(
    poster: str, refused: bytes, words: str
) -> None:
    with ScriptedServer() as scripted:
        scripted.refuses = lambda a: "441 Your From is refused" if refused in a else None
        found = diagnose(configured(scripted), newsgroups=GROUPS, poster=poster)
        steps = {step.name: step async for step in found}
    assert steps["read back"].ok
    assert steps["post plain"].ok is False
    assert words in steps["post plain"].detail
