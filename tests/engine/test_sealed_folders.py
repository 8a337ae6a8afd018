"""Sealed folders through whole engines: their keys, and names from earlier programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_server import ScriptedServer
from sealed_ground import SealedGround
from trees import compare_trees, content, small_files

from usenetsync_tui.catalogue.tables import folders, keys
from usenetsync_tui.codec import sealing
from usenetsync_tui.errors import NoKeyError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile, SnapshotState, StoreKind
from usenetsync_tui.model.jobs import JobState

pytestmark = pytest.mark.anyio


@pytest.fixture
def ground(database: str, tmp_path: Path) -> Iterator[SealedGround]:
    with ScriptedServer() as scripted:
        yield SealedGround(database, tmp_path / "home", scripted)


@pytest.fixture
def roots(tmp_path: Path) -> list[Path]:
    made = []
    for name in ("first", "second", "third"):
        small_files(tmp_path / name, 20)
        (tmp_path / name / "large").write_bytes(content(200_000, len(name)))
        made.append(tmp_path / name)
    return made


def key_file(ground: SealedGround) -> Path:
    return ground.home / "config" / "key"


# --- the key file (B11) -------------------------------------------------------------------


@pytest.mark.parametrize("store", [StoreKind.USENET, StoreKind.SHARDS])
async def test_no_new_key_file_while_sealed_folders_need_the_old_one(
    ground: SealedGround, roots: list[Path], store: StoreKind
) -> None:
    choices = FolderChoices(store=store, profile=Profile.SEALED)
    await ground.upload(roots[0], choices)
    path, posted = key_file(ground), len(ground.scripted.posted)
    aside = path.rename(path.with_name("aside"))
    with pytest.raises(NoKeyError, match="is missing, and other sealed folders need it") as caught:
        await ground.upload(roots[1], choices)
    assert str(path) in str(caught.value)
    assert not path.exists()
    assert len(ground.scripted.posted) == posted
    assert ground.query("SELECT count(*) FROM folders") == [(1,)], "nothing of it is kept"
    refused = await ground.upload(roots[0])
    assert refused.state is JobState.FAILED and "is missing" in refused.message
    aside.rename(path)
    for number, root in enumerate(roots[:2], 1):
        assert (await ground.upload(root, choices)).state is JobState.COMPLETED
        await ground.restore(1, root.with_name(f"out{number}"), folder=number)
        assert compare_trees(root, root.with_name(f"out{number}")) == []


async def test_another_key_file_is_told_apart(ground: SealedGround, roots: list[Path]) -> None:
    await ground.upload(roots[0])
    path = key_file(ground)
    right = path.read_text()
    path.write_text("0" * 64 + "\n")
    with pytest.raises(NoKeyError, match="is not the key file that opens"):
        await ground.upload(roots[1])
    refused = await ground.upload(roots[0])
    assert "Another key file wrapped it, not this one" in refused.message
    path.write_text(right)
    assert (await ground.upload(roots[1])).state is JobState.COMPLETED


async def test_other_folders_are_not_concerned(ground: SealedGround, roots: list[Path]) -> None:
    await ground.upload(roots[0])
    aside = key_file(ground).rename(key_file(ground).with_name("aside"))
    for root, profile, store in (
        (roots[1], Profile.PACKED, StoreKind.SHARDS),
        (roots[2], Profile.PLAIN, StoreKind.USENET),
    ):
        outcome = await ground.upload(root, FolderChoices(store=store, profile=profile))
        # The version is finished; its index needs the key file, as every folder's does.
        assert (outcome.state, outcome.version) == (JobState.INCOMPLETE, 1)
        assert "its index is not posted yet" in outcome.message
        assert f"{key_file(ground)} is missing" in outcome.message
    assert not key_file(ground).exists()
    assert (
        ground.query("SELECT state, indexed FROM snapshots WHERE folder_id > 1")
        == [(SnapshotState.COMPLETE, False)] * 2
    )
    aside.rename(key_file(ground))
    for root in roots[1:]:
        outcome = await ground.upload(root)
        assert outcome.state is JobState.COMPLETED and outcome.version == 1
    assert ground.query("SELECT DISTINCT indexed FROM snapshots") == [(True,)]


async def test_a_worn_key_waits_for_the_key_file(
    ground: SealedGround, roots: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    await ground.upload(roots[0])
    monkeypatch.setattr(sealing, "RENEW_AFTER", 1)
    aside = key_file(ground).rename(key_file(ground).with_name("aside"))
    (roots[0] / "more").write_bytes(b"more")
    refused = await ground.upload(roots[0])
    assert refused.state is JobState.FAILED and "is missing" in refused.message
    assert not key_file(ground).exists()
    assert len(ground.realms()) == 1
    aside.rename(key_file(ground))
    assert (await ground.upload(roots[0])).state is JobState.COMPLETED
    assert len(ground.realms()) == 2


# --- names from before (B9) ---------------------------------------------------------------


async def test_a_folder_from_before_keeps_the_names_of_its_articles(
    ground: SealedGround, roots: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = roots[0]
    with monkeypatch.context() as patched:
        patched.setattr(folders, "NEWEST_HEADER_STYLE", 1)
        await ground.upload(root)
    assert ground.query("SELECT dress FROM realms WHERE NOT is_index") == [(1,)]
    (root / "more").write_bytes(content(120_000, 9))
    assert (await ground.upload(root)).version == 2
    assert all(wire_id.endswith(".invalid") for wire_id in ground.data)
    assert not all(b".invalid>\r\n" in a.split(b"\r\n")[0] for a in _articles(ground)), "From"
    await ground.restore(2, root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []
    # With its next key the folder gets names of the newest kind.
    monkeypatch.setattr(sealing, "RENEW_AFTER", 1)
    before = len(ground.data)
    (root / "last").write_bytes(content(2_000_000, 10))
    assert (await ground.upload(root)).version == 3
    fresh = ground.data[before:]
    assert sum(wire_id.endswith(".invalid") for wire_id in fresh) < len(fresh) / 2
    assert ground.query("SELECT dress FROM realms WHERE NOT is_index ORDER BY id") == [(1,), (2,)]
    await ground.restore(3, root.with_name("out3"))
    assert compare_trees(root, root.with_name("out3")) == []
    assert keys.NEWEST_HEADER_STYLE == 2


def _articles(ground: SealedGround) -> list[bytes]:
    return list(ground.scripted.articles.values())


async def test_no_pattern_fits_the_headers_that_a_server_sees(
    ground: SealedGround, roots: list[Path]
) -> None:
    """A string that most From lines or subjects share is a label."""
    (roots[0] / "larger").write_bytes(content(12_000_000, 3))
    await ground.upload(roots[0])
    heads = [article.partition(b"\r\n\r\n")[0] for article in _articles(ground)]
    assert len(heads) > 100
    lines = {
        name: [line for head in heads for line in head.split(b"\r\n") if line.startswith(name)]
        for name in (b"From: ", b"Subject: ", b"Message-ID: ")
    }
    for name, found in lines.items():
        assert len(set(found)) == len(heads), name
        assert sum(b".invalid" in line for line in found) < len(heads) / 20, name
    assert 0.05 < sum(b"<" in line for line in lines[b"From: "]) / len(heads) < 0.99
    assert 0.2 < sum(b"yEnc (1/1)" in line for line in lines[b"Subject: "]) / len(heads) < 0.9
