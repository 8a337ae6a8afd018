"""What the command reports about articles is true, with the real command and lying servers."""

from __future__ import annotations

import subprocess
from pathlib import Path
from unittest.mock import patch

import pytest
import trees
from acceptance_command import Command
from news_home import configure, server_table
from scripted_server import Fault, ScriptedServer

from usenetsync_tui.codec import yenc
from usenetsync_tui.codec.envelope import Envelope, SealedHeaders
from usenetsync_tui.codec.yenc import WireArticle
from usenetsync_tui.model.segments import Article


def encode(made: Article, envelope: Envelope, *, date: None) -> WireArticle:
    """An article as others may post it: we refuse to post what we could not decode."""
    with patch.object(yenc, "LARGEST_PAYLOAD", 1 << 30):
        return yenc.encode(made, envelope, date=date)


class Odd(ScriptedServer):
    """Gives an odd answer to every STAT about the first article that it takes."""

    def __init__(self, reply: str) -> None:
        super().__init__()
        self.odd = reply

    def keep(self, wire_id: str, article: bytes) -> None:
        super().keep(wire_id, article)
        if len(self.posted) == 1:
            self.replies["STAT", wire_id] = self.odd


def tree(root: Path, files: int = 6, seed: int = 0) -> Path:
    root.mkdir()
    for number in range(files):
        (root / f"file {number}").write_bytes(trees.content(60_000, seed + number))
    return root


def whole(root: Path, out: Path) -> bool:
    return trees.compare_trees(root, out) == []


# A6


@pytest.mark.parametrize("checks", [[0.1, 0.5], []], ids=["checked", "believed"])
def test_found_by_stat_but_not_by_body_is_posted_under_a_new_name(
    usenetsync: Command, home: Path, tmp_path: Path, checks: list[float]
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=checks)
        usenetsync("upload", root)
        poisoned = server.posted[:2]
        server.replies |= {("BODY", wire_id): "430 No such article" for wire_id in poisoned}
        assert usenetsync("verify", "tree", "--json").event("verified")["missing"] == 0
        found = usenetsync("verify", "tree", "--body", "--json").event("verified")
        assert found == found | {"missing": 2, "reposted": 2, "unknown": 0, "lost": []}
        # Six, two again, an index of six, and a page and a root that tell the new names, twice.
        posted = server.posted
        assert len(posted) == len(set(posted)) == 6 + 2 + 6 + 4, "posted under new names"
        again = usenetsync("verify", "tree", "--body", "--json").event("verified")
        assert again == again | {"missing": 0, "damaged": 0, "reposted": 0}
        usenetsync("restore", "tree", tmp_path / "out")
    assert whole(root, tmp_path / "out")


def test_an_article_that_stays_lost_is_not_reported_as_repaired(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=[0.1])
        usenetsync("upload", root)
        server.replies["BODY", "*"] = "430 No such article"
        for _ in range(2):
            ended = usenetsync("verify", "tree", "--body", "--json", expect=3)
            found = ended.event("verified")
            assert found["reposted"] == 0
            assert found["lost"] == [{"version": 1, "articles": 6}]
        usenetsync("upload", root, expect=3)
        server.replies.clear()
        usenetsync("upload", root)
        usenetsync("restore", "tree", tmp_path / "out")
    assert whole(root, tmp_path / "out")


def test_the_next_upload_repairs_what_a_restore_did_not_get(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=[0.1])
        usenetsync("upload", root)
        server.replies["BODY", server.posted[0]] = "430 No such article"
        server.articles[server.posted[1]] = b"Subject: x\r\n\r\nnothing\r\n"
        usenetsync("restore", "tree", tmp_path / "1", expect=3)
        usenetsync("upload", root)
        assert len(set(server.posted)) == 6 + 2 + 6 + 4
        usenetsync("restore", "tree", tmp_path / "2")
    assert whole(root, tmp_path / "2")


# A7


@pytest.mark.parametrize("reply", ["503 Overview broken", "400 Busy"])
def test_an_odd_answer_is_about_one_article_and_counted(
    usenetsync: Command, home: Path, tmp_path: Path, reply: str
) -> None:
    root = tree(tmp_path / "tree")
    with Odd(reply) as server:
        configure(home, server_table(server), check_delays=[0.1, 0.3])
        # The server acknowledges one more article and drops it: the check still finds that out.
        server.script(Fault("article", reply="240 Article received"))
        ended = usenetsync("upload", root, "--json", expect=3)
        assert ended.event("summary")["unverified"] == 1
        assert [reply in n["reason"] for n in ended.events if n["event"] == "notice"] == [True]
        assert len(server.articles) == 6
        ended = usenetsync("verify", "tree", expect=3)
        assert "83.33 % of 6 articles: 0 missing, 0 damaged, 1 unknown" in ended.out
        assert reply in ended.out
        found = usenetsync("verify", "tree", "--json", expect=3).event("verified")
        assert found == found | {"missing": 0, "unknown": 1, "reposted": 0, "lost": []}
        assert usenetsync.query("SELECT FROM segments WHERE status = 4") == []
        server.replies.clear()
        found = usenetsync("verify", "tree", "--json").event("verified")
        assert found["unknown"] == 0
        assert len(server.posted) == len(set(server.posted)) == 6
        usenetsync("upload", root)


@pytest.mark.parametrize("reply", ["451 Removed on request", "423 none", "430 No such article"])
def test_a_clear_no_is_missing_and_posted_again(
    usenetsync: Command, home: Path, tmp_path: Path, reply: str
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=[0.1])
        usenetsync("upload", root)
        name = server.posted[0]
        server.replies["STAT", name] = server.replies["BODY", name] = reply
        found = usenetsync("verify", "tree", "--json").event("verified")
        assert found == found | {"missing": 1, "unknown": 0, "reposted": 1, "lost": []}
        usenetsync("restore", "tree", tmp_path / "out")
    assert whole(root, tmp_path / "out")


def test_acknowledgements_that_are_believed_stay_so(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        server.replies["STAT", "*"] = "503 Broken"
        configure(home, server_table(server), check_delays=[])
        usenetsync("upload", root)


# A8


@pytest.mark.parametrize("named", [True, False])
def test_one_answer_too_many_hides_no_lost_article(
    usenetsync: Command, home: Path, tmp_path: Path, named: bool
) -> None:
    root = tree(tmp_path / "tree", files=1)
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=[0.1])
        usenetsync("upload", root)
        lost = server.posted[0]
        del server.articles[lost]
        surplus = f"223 0 <{lost}>" if named else "223"
        server.script(Fault(f"STAT {lost}", surplus=f"{surplus}\r\n".encode()))
        found = usenetsync("verify", "tree", "--json").event("verified")
        assert found == found | {"missing": 1, "unknown": 0, "reposted": 1}
        assert lost in server.articles


def test_an_answer_about_another_article_does_not_count(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=[0.1])
        usenetsync("upload", root)
        lost, other = server.posted[:2]
        del server.articles[lost]
        server.replies["STAT", lost] = f"223 0 <{other}> retrieved"
        found = usenetsync("verify", "tree", "--json", expect=3).event("verified")
        assert found == found | {"checked": 6 + 6, "missing": 0, "unknown": 1}


# A16


def test_a_clock_set_back_by_a_day_is_not_waited_for(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=[0.1])
        usenetsync("upload", root)
        usenetsync.query(
            "UPDATE segments SET status = 2, check_at = now() + interval '1 day' RETURNING 1"
        )
        process = usenetsync.start("upload", root)
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        assert process.returncode == 0
        assert usenetsync.query("SELECT DISTINCT status FROM segments") == [(3,)]


# A17


@pytest.mark.parametrize("kind", ["too large", "endless"])
def test_an_answer_that_cannot_be_decoded_is_one_damaged_copy(
    usenetsync: Command, home: Path, tmp_path: Path, kind: str
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as one, ScriptedServer() as two:
        configure(home, server_table(one, "one"), server_table(two, "two"), check_delays=[0.1])
        usenetsync("upload", root, "--copies", "2")
        copies = usenetsync.query("SELECT redundancy, server FROM segments ORDER BY 1")
        server = one if (0, "one") in copies else two
        name = server.posted[0]
        if kind == "too large":
            style, made = (
                SealedHeaders(bytes(32), ["alt.test"]),
                Article(bytes(16), bytes(12 << 20)),
            )
            wire = b"".join(encode(made, style.envelope(made), date=None).buffers)
            server.articles[name] = wire.removesuffix(b".\r\n")
        else:
            server.script(Fault(f"BODY {name}", reply="222 0", flood=b"x" * 120 + b"\r\n"))
        usenetsync("restore", "tree", tmp_path / "out")
        assert whole(root, tmp_path / "out")


def test_the_only_copy_too_large_is_one_files_problem(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer() as server:
        configure(home, server_table(server), check_delays=[0.1])
        usenetsync("upload", root)
        style, made = SealedHeaders(bytes(32), ["alt.test"]), Article(bytes(16), bytes(12 << 20))
        wire = b"".join(encode(made, style.envelope(made), date=None).buffers)
        server.articles[server.posted[0]] = wire.removesuffix(b".\r\n")
        ended = usenetsync("restore", "tree", tmp_path / "out", "--json", expect=3)
        assert [n["kind"] for n in ended.events if n["event"] == "notice"] == ["damaged"]
        found = usenetsync("verify", "tree", "--body", "--json").event("verified")
        # The restore recorded it; the upload posts it again and sees it.
        assert found == found | {"checked": 6 + 6, "damaged": 1, "reposted": 1, "lost": []}
        usenetsync("restore", "tree", tmp_path / "out")
    assert whole(root, tmp_path / "out")


# B6, B7, B13


def test_every_verb_that_uses_servers_says_who_can_listen(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer(login=("me", "hush")) as server:
        configure(home, server_table(server, username="me", password="hush"))
        for verb in (
            ("upload", root),
            ("verify", "tree", "--json"),
            ("restore", "tree", tmp_path / "out"),
            ("servers",),
            ("servers", "test", "--json"),
        ):
            ended = usenetsync(*verb)
            lines = [line for line in ended.err.splitlines() if "NOT ENCRYPTED" in line]
            assert len(lines) == 1, verb
            assert lines[0].startswith("usenetsync: server main: ")
            assert "hush" not in ended.err
        configure(home, server_table(server, tls="implicit", verify_tls=False, timeout=1))
        for verb, code in ((("servers",), 0), (("servers", "test"), 1)):
            ended = usenetsync(*verb, expect=code)
            assert ended.err.count("CERTIFICATE NOT VERIFIED") == 1
        configure(home, server_table(server))
        assert usenetsync("servers").err == ""


def test_a_wrong_password_is_tried_once_by_each_verb(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree", files=40)
    with ScriptedServer(login=("me", "right")) as server:
        server.latency = 0.005
        account = {"username": "me", "password": "right", "connections": 50}
        configure(home, server_table(server, **account))
        usenetsync("upload", root)
        account["password"] = "wrong"
        configure(home, server_table(server, **account), server_patience=5)
        (root / "new").write_bytes(trees.content(500_000, 99))
        for verb, code in (
            (("upload", root), 1),
            (("restore", "tree", tmp_path / "out"), 3),
            (("verify", "tree"), 1),
            (("verify", "tree", "--body"), 1),
            (("servers", "test"), 1),
        ):
            server.refused_logins = 0
            ended = usenetsync.start(*verb)
            ended.communicate(timeout=120)
            assert server.refused_logins == 1, verb
            assert ended.returncode in (1, code), verb


def test_a_password_that_is_wanted_and_not_set_is_named(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer(login=("me", "right")) as server:
        configure(home, server_table(server, username="me"))
        ended = usenetsync("upload", root, expect=1)
        for words in ("password", "none is set", "config.toml", "USENETSYNC_PASSWORD_MAIN"):
            assert words in ended.out
        assert server.refused_logins == 0
        usenetsync("upload", root, USENETSYNC_PASSWORD_MAIN="right")


def test_a_password_in_an_answer_is_neither_shown_nor_stored(
    usenetsync: Command, home: Path, tmp_path: Path
) -> None:
    root = tree(tmp_path / "tree")
    with ScriptedServer(login=("me", "hunter2")) as server:
        account = {"username": "me", "password": "hunter2"}
        configure(home, server_table(server, **account), check_delays=[0.1])
        server.greeting = "200 Welcome hunter2"
        server.capabilities = ("VERSION 2", "POST", "X-FOR hunter2")
        server.script(Fault("article", reply="441 hunter2 may not", times=99))
        said = usenetsync("upload", root, expect=3)
        said_json = usenetsync("upload", root, "--json", expect=3)
        server._faults.clear()
        server.replies["STAT", "*"] = "503 not for me:hunter2"
        checked = usenetsync("upload", root, expect=3)
        server.replies["BODY", "*"] = "503 HUNTER2"
        restored = usenetsync("restore", "tree", tmp_path / "out", expect=3)
        verified = usenetsync("verify", "tree", "--json", expect=3)
        server.replies.clear()
        tested = usenetsync.start("servers", "test")
        out, err = tested.communicate(timeout=60)
        text = "".join(e.out + e.err for e in (said, said_json, checked, restored, verified))
        assert "hunter2" not in (text + out + err).lower()
        assert "***" in text
        for sql in (
            "SELECT message FROM jobs",
            "SELECT reason FROM notices",
            "SELECT error FROM segments",
        ):
            assert "hunter2" not in repr(usenetsync.query(sql)).lower()
        for log in (home / "log").rglob("*"):
            assert not log.is_file() or b"hunter2" not in log.read_bytes().lower()
