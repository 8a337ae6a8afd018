"""A folder whose key has sealed enough gets a new one; no file is read or posted again."""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from engine_ground import killed
from scripted_server import Fault, ScriptedServer
from sealed_ground import SealedGround
from trees import compare_trees, content, small_files

from usenetsync_tui.codec import sealing
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.jobs import JobState

pytestmark = pytest.mark.anyio

TWICE = """
    SELECT realm_id, hash, redundancy FROM segments WHERE status <> 6
     GROUP BY 1, 2, 3 HAVING count(DISTINCT message_id) > 1"""


@pytest.fixture
def ground(
    database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[SealedGround]:
    monkeypatch.setattr(sealing, "RENEW_AFTER", 5)
    with ScriptedServer() as scripted:
        yield SealedGround(database, tmp_path / "home", scripted)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "folder"
    small_files(root, 50)
    for number in range(3):
        (root / f"large{number}").write_bytes(content(250_000, number))
    return root


def copied(root: Path, number: int) -> Path:
    return Path(shutil.copytree(root, root.with_name(f"copy{number}"), symlinks=True))


async def test_the_next_upload_has_another_key(ground: SealedGround, root: Path) -> None:
    assert (await ground.upload(root)).version == 1
    first, kept = ground.data, copied(root, 1)
    assert ground.realms() == [(1, None, False, len(first))]
    assert len(first) > sealing.RENEW_AFTER
    (root / "more").write_bytes(content(150_000, 9))
    assert (await ground.upload(root)).version == 2
    new = ground.data[len(first) :]
    assert len(new) == 2, "nothing is posted but the new file"
    rows = ground.query("SELECT path_key FROM files WHERE first_version = 2 AND kind = 0")
    assert rows == [(b"more",)], "nor read"
    assert ground.realms() == [(1, None, True, len(first)), (2, 1, False, 2)]
    keys = ground.query("SELECT DISTINCT wrapped_key FROM realms")
    assert len(keys) == 3, "the index has a key of its own, and keeps it"
    same = "SELECT DISTINCT store, profile, domain, newsgroups, owner FROM realms"
    assert len(ground.query(f"{same} WHERE NOT is_index")) == 1
    assert ground.query(
        "SELECT continues FROM realms JOIN folders f ON f.realm_id = realms.id"
    ) == [ground.query("SELECT min(id) FROM realms")[0]]
    ground.assert_indexed()
    shutil.rmtree(root)
    for version, expected in ((1, kept), (2, None)):
        target = root.with_name(f"out{version}")
        await ground.restore(version, target)
        if expected is not None:
            assert compare_trees(expected, target) == []
    assert (root.with_name("out2") / "more").read_bytes() == content(150_000, 9)
    assert (root.with_name("out2") / "large0").read_bytes() == content(250_000, 0)


async def test_a_key_is_renewed_again_and_again(ground: SealedGround, root: Path) -> None:
    await ground.upload(root)
    for number in range(4):
        (root / f"more{number}").write_bytes(content(590_000, 20 + number))
        before = len(ground.data)
        await ground.upload(root)
        assert len(ground.data) == before + 6
    assert [continues for _, continues, _, _ in ground.realms()] == [None, 1, 2, 3, 4]
    assert [renewed for _, _, renewed, _ in ground.realms()] == [True] * 4 + [False]
    before = len(ground.scripted.posted)
    assert "nothing changed" in (await ground.upload(root)).message
    assert "nothing changed" in (await ground.upload(root)).message
    assert len(ground.scripted.posted) == before
    await ground.restore(5, root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []


async def test_below_the_bound_the_key_stays(
    ground: SealedGround, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "RENEW_AFTER", 1000)
    await ground.upload(root)
    (root / "more").write_bytes(content(150_000, 9))
    await ground.upload(root)
    assert ground.realms() == [(1, None, False, len(ground.data))]


async def test_killed_after_the_key_was_renewed(ground: SealedGround, root: Path) -> None:
    await ground.upload(root)
    for number in range(10):
        (root / f"more{number}").write_bytes(content(500_000, 40 + number))
    before = len(ground.data)
    ground.scripted.latency = 0.05
    for _ in range(3):
        engine = ground.engine()
        engine.submit(Upload(os.fsencode(root)))
        async with killed(engine):
            posted = len(ground.scripted.posted)
            with anyio.fail_after(60):
                while len(ground.scripted.posted) < posted + 3:  # noqa: ASYNC110 - no event
                    await anyio.sleep(0.01)
        assert [r[:3] for r in ground.realms()] == [(1, None, True), (2, 1, False)]
    ground.scripted.latency = 0.0
    assert (await ground.upload(root)).version == 2
    assert ground.query(TWICE) == []
    assert len(ground.data) == len(set(ground.data)) == before + 50
    ground.assert_indexed()
    # Articles that were being sent are sealed again: more nonces than articles, never fewer.
    assert ground.realms()[1][3] >= 50
    await ground.restore(2, root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []


async def test_unposted_articles_are_finished_under_the_old_key(
    ground: SealedGround, root: Path
) -> None:
    ground.scripted.latency = 0.05
    engine = ground.engine()
    engine.submit(Upload(os.fsencode(root)))
    async with killed(engine):
        with anyio.fail_after(60):
            while len(ground.scripted.posted) < 4:  # noqa: ASYNC110 - no event
                await anyio.sleep(0.01)
    assert ground.realms()[0][3] >= sealing.RENEW_AFTER
    ground.scripted.latency = 0.0
    assert (await ground.upload(root)).version == 1
    assert [r[:3] for r in ground.realms()] == [(1, None, False)]
    assert len(ground.scripted.posted) == len(set(ground.scripted.posted))
    (root / "more").write_bytes(b"x" * 10)
    assert (await ground.upload(root)).version == 2
    assert [r[:3] for r in ground.realms()] == [(1, None, True), (2, 1, False)]
    assert ground.query(TWICE) == []


_WORDS = ["".join(pair) for pair in itertools.product("abcdefghij", repeat=2)]


async def test_an_article_that_is_refused_for_ever_does_not_keep_the_key(
    ground: SealedGround, root: Path
) -> None:
    # In other words each time: with the same words the server would be given up.
    refusals = [Fault("article", reply=f"441 Not now, {word}") for word in _WORDS]
    while not ground.realms() or ground.realms()[0][3] < 4 * sealing.RENEW_AFTER:
        ground.scripted.script(*refusals[len(ground.scripted.waiting) :])
        assert (await ground.upload(root)).state is JobState.INCOMPLETE
        assert len(ground.realms()) == 1
    while ground.scripted.fault("article") is not None:
        pass
    assert (await ground.upload(root)).state is JobState.COMPLETED
    assert [r[:3] for r in ground.realms()] == [(1, None, True), (2, 1, False)]
    current = """
        SELECT DISTINCT o.realm_id FROM files f JOIN objects o ON o.id = f.object_id
         WHERE f.last_version IS NULL"""
    new_key = ground.query("SELECT id FROM realms WHERE continues IS NOT NULL")
    assert ground.query(current) == new_key, "what was not there is read again under the new key"
    latest = ground.query("SELECT max(version) FROM snapshots")[0][0]
    await ground.restore(latest, root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []
