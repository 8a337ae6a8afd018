"""The headers of a folder's articles, changed after the first upload (D10)."""

from __future__ import annotations

import os
import re
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path

import pytest
from engine_ground import at_work, killed, over, running, said, until
from scripted_server import Fault, ScriptedServer
from sealed_ground import SealedGround
from trees import compare_trees, content

from usenetsync_tui.codec import nzb
from usenetsync_tui.model.commands.folders import Choose, FolderChoices
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.commands.versions import ExportNzb
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.jobs import JobState, Verb

pytestmark = pytest.mark.anyio

PLAIN = FolderChoices(profile=Profile.PLAIN)
ANN, BOB = "Ann <ann@example.com>", "Bob Ön <bob@example.org>"
TYPO = {"newsgroups": ["alt.tset"], "poster": "Anm <ann@example.com>"}
RIGHT = {"newsgroups": ["alt.test"], "poster": ANN}
NAMES = re.compile(rb"zebra|album|notes", re.IGNORECASE)


@dataclass(frozen=True)
class Head:
    """The headers of one article."""

    groups: tuple[str, ...]
    poster: str
    subject: str
    name: str


def heads(ground: SealedGround) -> dict[str, Head]:
    """The headers of each article, without those of the index: these are sealed in any folder."""
    found, of_index = {}, ground.index_names()
    for wire_id, article in ground.scripted.articles.items():
        if wire_id in of_index:
            continue
        head, body = article.split(b"\r\n\r\n", 1)
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        name = re.search(rb"^=ybegin .*name=(.*)\r$", body, re.MULTILINE)
        assert name is not None
        groups = tuple(lines["Newsgroups"].split(","))
        found[wire_id] = Head(groups, lines["From"], lines["Subject"], name[1].decode())
    return found


def groups_of_index(ground: SealedGround) -> set[str]:
    """The newsgroups of the articles of the index."""
    found = set()
    for name in ground.index_names():
        head = ground.scripted.articles[name].partition(b"\r\n\r\n")[0].decode()
        found |= set(re.findall(r"^Newsgroups: (.*?)\r?$", head, re.MULTILINE))
    return found


def fill(root: Path, *names: str) -> Path:
    root.mkdir(exist_ok=True)
    for name in names:
        size, seed = 250_000 if "large" in name else 3_000, zlib.crc32(name.encode())
        (root / name).write_bytes(content(size, seed))
    return root


def last_slice_differs(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")


@pytest.fixture
def scripted() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def ground(database: str, tmp_path: Path, scripted: ScriptedServer) -> SealedGround:
    return SealedGround(database, tmp_path, scripted, {**RIGHT})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return fill(tmp_path / "tree", "zebra.bin", "album large.bin", "notes.txt")


async def listed(ground: SealedGround, path: Path) -> list[nzb.NzbFile]:
    engine = ground.engine()
    async with running(engine):
        await until(lambda: bool(engine.status.folders))
        engine.submit(ExportNzb(1, None, os.fsencode(path)))
        await until(path.exists)
    return nzb.read(path.read_bytes())


async def check_nzb(ground: SealedGround, path: Path) -> list[nzb.NzbFile]:
    """The NZB lists the newsgroups that its articles are in, and the poster of the first."""
    files, posted = await listed(ground, path), heads(ground)
    for file in files:
        articles = [posted[s.message_id] for s in file.segments]
        assert set(file.groups) == {g for a in articles for g in a.groups}, file.subject
        if file.poster.isascii():  # quotes are those of the header
            assert parseaddr(file.poster) == parseaddr(articles[0].poster)
    return files


def once(ground: SealedGround) -> None:
    """No article was posted twice, under one name or under two."""
    scripted = ground.scripted
    assert len(scripted.posted) == len(set(scripted.posted)) == len(scripted.articles)
    payloads = [article.split(b"=ypart", 1)[1] for article in scripted.articles.values()]
    assert len(payloads) == len(set(payloads))
    ground.assert_indexed()


async def test_a_newsgroup_on_no_server_is_reported_before_anything_is_read(
    ground: SealedGround, root: Path
) -> None:
    ground.scripted.groups = {"alt.test"}
    ground.settings |= {"newsgroups": ["alt.test", "alt.tset"]}
    outcome = await ground.upload(root, PLAIN)
    assert outcome.state is JobState.FAILED
    assert "alt.tset (main answers 411 No such group alt.tset)" in outcome.message
    assert "alt.test (" not in outcome.message
    assert "--newsgroups" in outcome.message and "config.toml" in outcome.message
    assert ground.query("SELECT FROM files") == ground.query("SELECT FROM segments") == []
    assert ground.scripted.commands["POST"] == 0
    asked = ground.scripted.commands["GROUP"]
    right = FolderChoices(newsgroups=("alt.test",))
    assert (await ground.upload(root, right)).state is JobState.COMPLETED
    assert {h.groups for h in heads(ground).values()} == {("alt.test",)}
    # The engine asks a server only once for a newsgroup that it has.
    assert ground.scripted.commands["GROUP"] == asked + 1
    assert (await ground.upload(root)).state is JobState.COMPLETED
    assert ground.scripted.commands["GROUP"] == asked + 1


@pytest.mark.parametrize("profile", [Profile.PLAIN, Profile.SEALED])
async def test_the_settings_are_corrected_before_anything_was_posted(
    ground: SealedGround, root: Path, profile: Profile
) -> None:
    ground.scripted.groups = {"alt.test"}
    right = {**ground.settings}
    for typo in ("alt.tset", "alt.tets"):
        ground.settings |= {**TYPO, "newsgroups": [typo]}
        outcome = await ground.upload(root, FolderChoices(profile=profile))
        assert outcome.state is JobState.FAILED and typo in outcome.message
    ground.settings = right
    assert (await ground.upload(root)).state is JobState.COMPLETED
    posted = heads(ground).values()
    assert {h.groups for h in posted} == {("alt.test",)}
    if profile is Profile.PLAIN:
        assert {h.poster for h in posted} == {ANN}


async def test_servers_that_do_not_say_are_not_believed_to_have_nothing(
    ground: SealedGround, root: Path
) -> None:
    ground.more = {"username": "me", "password": "secret"}
    for number, reply in enumerate(("500 What?", "502 Not here", "480 Log in", "400 Bye")):
        ground.scripted.script(Fault("GROUP", reply=reply, close=reply.startswith("400")))
        fill(root, f"new {number}.txt")
        assert (await ground.upload(root, PLAIN)).state is JobState.COMPLETED, reply
        ground.query("UPDATE folders SET found_newsgroups = '{}' RETURNING id")


async def test_a_stop_does_not_wait_for_a_server_that_is_silent(
    ground: SealedGround, root: Path
) -> None:
    ground.scripted.script(Fault("GROUP", silent=True))
    ground.more = {"timeout": 60.0}
    engine = ground.engine()
    async with running(engine):
        engine.submit(Upload(os.fsencode(root), PLAIN))
        await until(lambda: ground.scripted.commands["GROUP"] == 1)
        begun = time.monotonic()
    assert time.monotonic() - begun < 4.0
    assert ground.query("SELECT state FROM jobs") == [("queued",)]


@pytest.mark.parametrize("where", ["choices", "settings"])
async def test_articles_refused_for_their_newsgroup_go_out_under_their_own_names(
    ground: SealedGround, root: Path, where: str
) -> None:
    """A server that does not answer GROUP, and refuses the articles."""
    right = {**ground.settings}
    ground.settings, ground.scripted.groups = {**TYPO}, {"alt.test"}
    ground.scripted.script(Fault("GROUP", reply="500 What?", times=2))
    outcome = await ground.upload(root, PLAIN)
    assert outcome.state is JobState.FAILED and "437 No valid newsgroups" in outcome.message
    assert "--newsgroups" in outcome.message
    planned = {bytes(r[0]).hex() for r in ground.query("SELECT message_id FROM segments")}
    assert planned
    choices = FolderChoices(newsgroups=("alt.test",), poster=ANN)
    ground.settings = right
    again = choices if where == "choices" else FolderChoices()
    assert (await ground.upload(root, again)).state is JobState.COMPLETED
    assert planned <= {name.partition("@")[0] for name in heads(ground)}
    assert {(h.groups, h.poster) for h in heads(ground).values()} == {(("alt.test",), ANN)}
    once(ground)


async def test_one_server_that_has_the_newsgroup_is_enough_to_begin(
    ground: SealedGround, root: Path
) -> None:
    with ScriptedServer() as other:
        other.groups = set()
        table = {"name": "other", "host": other.host, "port": other.port, "tls": "none"}
        engine = ground.engine()
        servers = [
            *engine._settings.servers,
            type(engine._settings.servers[0])(**table, priority=1),
        ]
        ground.settings["servers"] = servers
        assert (await ground.upload(root, PLAIN)).state is JobState.COMPLETED
        assert other.commands["GROUP"] == 1 and not other.posted


async def test_from_the_next_article_on_and_nothing_again(
    ground: SealedGround, root: Path, tmp_path: Path
) -> None:
    ground.settings = {**TYPO}
    assert (await ground.upload(root, PLAIN)).state is JobState.COMPLETED
    before = dict(ground.scripted.articles)
    # Corrected in the settings only: the folder has articles and keeps its first choice.
    ground.settings = {**RIGHT}
    fill(root, "zebra 2.bin")
    await ground.upload(root)
    assert {h.groups for h in heads(ground).values()} == {("alt.tset",)}
    assert groups_of_index(ground) == {"alt.tset"}
    choices = FolderChoices(newsgroups=("alt.test", "alt.misc"), poster=BOB)
    fill(root, "zebra 2.bin", "zebra 3.bin", "notes large.bin")
    last_slice_differs(root / "album large.bin")
    assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    fill(root, "zebra 2.bin", "zebra 3.bin", "notes large.bin", "zebra 4.bin")
    assert (await ground.upload(root)).version == 4  # remembered
    new = [h for h in heads(ground).values() if "alt.tset" not in h.groups]
    assert {h.groups for h in new} == {("alt.test", "alt.misc")} and len(new) == 6
    assert all("bob@example.org" in h.poster for h in new)
    assert {k: ground.scripted.articles[k] for k in before} == before
    once(ground)
    assert len({name.partition("@")[2] for name in heads(ground)}) == 1
    assert groups_of_index(ground) == {"alt.tset", "alt.test,alt.misc"}, "the index follows"
    files = await check_nzb(ground, tmp_path / "a.nzb")
    assert {f.poster for f in files} == {TYPO["poster"], BOB}
    mixed = next(f for f in files if "album" in f.subject)
    assert mixed.groups == ("alt.tset", "alt.test", "alt.misc")
    last_slice_differs(root / "notes large.bin")
    await ground.upload(root, FolderChoices(newsgroups=("alt.other",)))
    files = await check_nzb(ground, tmp_path / "b.nzb")
    mixed = next(f for f in files if "notes large" in f.subject)
    assert mixed.groups == ("alt.test", "alt.misc", "alt.other")
    await ground.restore(5, tmp_path / "out")
    assert compare_trees(root, tmp_path / "out") == []


async def test_planned_articles_keep_their_names_and_get_the_new_headers(
    ground: SealedGround, root: Path, tmp_path: Path
) -> None:
    """Killed with one article arrived whose answer was lost, and others not sent."""
    ground.settings, ground.more = {**TYPO}, {"connections": 2}
    arrived = Fault("article", keep=True, silent=True)
    ground.scripted.script(arrived, Fault("article", silent=True, times=9))
    engine = ground.engine()
    async with killed(engine):
        engine.submit(Upload(os.fsencode(root), PLAIN))
        await until(lambda: bool(ground.scripted.posted))
        await until(lambda: len(ground.query("SELECT FROM segments")) == 5)
    ground.scripted._faults.clear()
    planned = {bytes(r[0]).hex() for r in ground.query("SELECT message_id FROM segments")}
    choices = FolderChoices(newsgroups=("alt.test",), poster=ANN)
    assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    posted = heads(ground)
    assert {name.partition("@")[0] for name in posted} == planned
    assert sorted(h.groups for h in posted.values()) == [("alt.test",)] * 4 + [("alt.tset",)]
    once(ground)
    await check_nzb(ground, tmp_path / "a.nzb")
    assert ground.query("SELECT FROM aliases") == []


async def test_while_it_is_being_posted(ground: SealedGround, tmp_path: Path) -> None:
    root = fill(tmp_path / "tree", *(f"large {n}.bin" for n in range(12)))
    ground.settings, ground.more = {**TYPO}, {"connections": 2}
    ground.scripted.latency = 0.02
    engine = ground.engine()
    async with running(engine):
        engine.submit(Upload(os.fsencode(root), PLAIN))
        await at_work(engine)
        choices = FolderChoices(newsgroups=("alt.test",), poster=ANN, obfuscate=True)
        engine.submit(Choose(1, choices))
        await until(lambda: any("backup options saved" in text for text in said(engine)))
        assert not any("next upload" in text for text in said(engine))
        ground.scripted.latency = 0.0
        assert (await over(engine, Verb.UPLOAD)).state is JobState.COMPLETED
    groups = [h.groups[0] for h in heads(ground).values()]
    assert set(groups) == {"alt.tset", "alt.test"}
    once(ground)
    await check_nzb(ground, tmp_path / "a.nzb")


async def test_lost_articles_are_posted_again_with_the_new_headers(
    ground: SealedGround, root: Path, tmp_path: Path
) -> None:
    ground.settings = {**TYPO}
    await ground.upload(root, PLAIN)
    lost = next(n for n, h in heads(ground).items() if h.name == "notes.txt")
    del ground.scripted.articles[lost]
    ground.query("UPDATE segments SET status = 2, check_at = now() WHERE status = 3 RETURNING 1")
    choices = FolderChoices(newsgroups=("alt.test",), poster=ANN)
    assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    assert heads(ground)[lost].groups == ("alt.test",)
    await check_nzb(ground, tmp_path / "a.nzb")


async def test_a_poster_that_cannot_be_one_no_longer_locks_a_folder(
    ground: SealedGround, root: Path
) -> None:
    """An earlier program accepted any text from the settings, and the folder kept it."""
    await ground.upload(root, PLAIN)
    ground.query("UPDATE realms SET sender = 'me' RETURNING id")
    fill(root, "zebra 2.bin")
    assert (await ground.upload(root)).state is JobState.FAILED
    assert (await ground.upload(root, FolderChoices(poster=BOB))).state is JobState.COMPLETED


WRONG: list[tuple[FolderChoices, str]] = [
    (FolderChoices(newsgroups=("alt..test",), profile=Profile.PLAIN), "'alt..test'"),
    (FolderChoices(newsgroups=("alt.test", ""), profile=Profile.PLAIN), "missing"),
    (FolderChoices(newsgroups=(), profile=Profile.PLAIN), "at least one"),
    (FolderChoices(newsgroups=("alt.tést",)), "'alt.tést'"),
    (FolderChoices(poster="me", profile=Profile.PLAIN), "Name <name@example.com>"),
    (FolderChoices(poster=ANN), "plain folders only"),
    (FolderChoices(obfuscate=True), "plain folders only"),
    (FolderChoices(newsgroups=("a.b",), store=StoreKind.SHARDS), "no newsgroups"),
    (FolderChoices(poster=ANN, store=StoreKind.SHARDS), "no poster"),
    (FolderChoices(obfuscate=True, store=StoreKind.SHARDS), "obfuscate"),
]


async def test_wrong_choices_are_refused_before_anything_starts(
    ground: SealedGround, root: Path
) -> None:
    for choices, words in WRONG:
        engine = ground.engine()
        async with running(engine):
            engine.submit(Upload(os.fsencode(root), choices))
            await until(lambda: bool(engine.status.message) and not engine.status.folders)  # noqa: B023
            await until(lambda: words in engine.status.message)  # noqa: B023
    assert ground.query("SELECT FROM folders") == []


async def test_obfuscated_articles_say_nothing_and_the_nzb_has_the_names(
    ground: SealedGround, root: Path, tmp_path: Path
) -> None:
    choices = FolderChoices(profile=Profile.PLAIN, obfuscate=True)
    assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    fill(root, "zebra 2.bin")
    assert (await ground.upload(root)).state is JobState.COMPLETED  # remembered
    for article in ground.scripted.articles.values():
        assert not NAMES.search(article.split(b"\r\n=ypart", 1)[0])
        assert b"ann@example.com" not in article
    posted = list(heads(ground).values())
    for of in ("poster", "subject", "name"):
        assert len({getattr(h, of) for h in posted}) == len(posted) == 6
    files = await check_nzb(ground, tmp_path / "a.nzb")
    subjects = [re.sub(r"^\[\d/\d\] - ", "", f.subject) for f in files]
    assert subjects == [
        '"album large.bin" yEnc (1/3) 250000',
        '"notes.txt" yEnc (1/1) 3000',
        '"zebra 2.bin" yEnc (1/1) 3000',
        '"zebra.bin" yEnc (1/1) 3000',
    ]
    await ground.restore(2, tmp_path / "out")
    assert compare_trees(root, tmp_path / "out") == []


async def test_obfuscation_can_be_switched_and_posted_articles_stay(
    ground: SealedGround, root: Path, tmp_path: Path
) -> None:
    await ground.upload(root, PLAIN)
    domains: list[str] = []
    for number, hidden in enumerate((True, False, True)):
        before = set(heads(ground))
        fill(root, f"zebra {number}.bin")
        (root / f"zebra {number}.bin").write_bytes(content(3_000, 100 + number))
        outcome = await ground.upload(root, FolderChoices(obfuscate=hidden))
        assert outcome.state is JobState.COMPLETED
        posted = heads(ground)
        (new,) = posted.keys() - before
        assert ("zebra" in posted[new].subject) is not hidden
        assert (posted[new].poster == ANN) is not hidden
        domains.append(new.partition("@")[2])
    assert len(set(domains)) == 1  # the name of an article does not depend on it
    once(ground)
    await check_nzb(ground, tmp_path / "a.nzb")
    await ground.restore(4, tmp_path / "out")
    assert compare_trees(root, tmp_path / "out") == []


async def test_folders_that_begin_differently_have_no_domain_in_common(
    ground: SealedGround, tmp_path: Path
) -> None:
    begun: list[FolderChoices] = [
        PLAIN,
        FolderChoices(profile=Profile.PLAIN, poster=BOB),
        FolderChoices(profile=Profile.PLAIN, newsgroups=("alt.misc",)),
        FolderChoices(profile=Profile.PLAIN, obfuscate=True),
    ]
    domains: set[str] = set()
    for number, choices in enumerate(begun):
        before = set(heads(ground))
        await ground.upload(fill(tmp_path / f"tree {number}", f"{number}.bin"), choices)
        (new,) = heads(ground).keys() - before
        domains.add(new.partition("@")[2])
    assert len(domains) == len(begun)


async def test_a_sealed_folder_posts_to_its_chosen_newsgroups(
    ground: SealedGround, root: Path
) -> None:
    await ground.upload(root, FolderChoices(newsgroups=("alt.misc",)))
    ground.settings |= {"newsgroups": ["alt.other"]}
    fill(root, "zebra 2.bin")
    await ground.upload(root)
    assert {h.groups for h in heads(ground).values()} == {("alt.misc",)}
