"""Articles too large to decode, or for a server, are not posted (A9)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_ground import new_engine
from scripted_server import ScriptedServer
from sealed_ground import SealedGround
from trees import compare_trees, content

from usenetsync_tui.codec import yenc
from usenetsync_tui.engine import article_sizes, work
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.commands.jobs import Upload
from usenetsync_tui.model.folders import Compression, Profile, Realm, StoreKind
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import LARGEST_PAYLOAD
from usenetsync_tui.settings.settings import Settings

pytestmark = pytest.mark.anyio
SEALED, PLAIN = FolderChoices(profile=Profile.SEALED), FolderChoices(profile=Profile.PLAIN)


@pytest.fixture
def ground(database: str, tmp_path: Path) -> Iterator[SealedGround]:
    with ScriptedServer() as scripted:
        yield SealedGround(database, tmp_path / "home", scripted, more={"max_article": 30_000_000})


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "folder"
    root.mkdir()
    (root / "large").write_bytes(content(12_500_000, 1))
    return root


@pytest.mark.parametrize("choices", [SEALED, PLAIN], ids=["sealed", "plain"])
@pytest.mark.parametrize("chunk", [LARGEST_PAYLOAD + 1, 12_000_000, 64 << 20])
async def test_segments_too_large_to_decode_are_refused_before_reading(
    ground: SealedGround, root: Path, choices: FolderChoices, chunk: int
) -> None:
    ground.settings["chunk_size"] = chunk
    outcome = await ground.upload(root, choices)
    assert outcome.state is JobState.FAILED
    limit = LARGEST_PAYLOAD - (33 if choices is SEALED else 0)
    assert f"chunk_size is {chunk:,}. On Usenet it can be {limit:,} at most" in outcome.message
    assert ground.scripted.posted == []
    assert ground.query("SELECT count(*) FROM segments") == [(0,)]
    assert ground.query("SELECT count(*) FROM files") == [(0,)]
    # With a smaller segment size the folder continues normally.
    ground.settings["chunk_size"] = 768_000
    assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    await ground.restore(1, root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []


@pytest.mark.parametrize(
    ("choices", "padding", "overhead"),
    [(SEALED, True, 33), (SEALED, False, 29), (PLAIN, True, 0)],
    ids=["padded", "sealed", "plain"],
)
async def test_the_largest_segment_there_can_be_comes_back(
    ground: SealedGround, root: Path, choices: FolderChoices, padding: bool, overhead: int
) -> None:
    ground.settings |= {"chunk_size": LARGEST_PAYLOAD - overhead + 1, "padding": padding}
    assert (await ground.upload(root, choices)).state is JobState.FAILED
    ground.settings["chunk_size"] = LARGEST_PAYLOAD - overhead
    assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    assert len(ground.data) == 2
    ground.assert_indexed()
    await ground.restore(1, root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []


async def test_shards_take_segments_of_any_size(database: str, root: Path, tmp_path: Path) -> None:
    """Shards use no yEnc: the limit of its decoder does not apply."""
    engine = new_engine(database, tmp_path / "home", chunk_size=64 << 20)
    choices = FolderChoices(store=StoreKind.SHARDS, profile=Profile.SEALED)
    engine.submit(Upload(str(root).encode(), choices))
    await engine.run(until_idle=True)
    assert engine.summaries[engine.started[0]].outcome.state is JobState.COMPLETED


async def test_a_server_that_takes_less_is_named(ground: SealedGround, root: Path) -> None:
    ground.more |= {"max_article": 700_000}
    ground.settings["chunk_size"] = 768_000
    outcome = await ground.upload(root)
    assert outcome.state is JobState.FAILED
    assert "chunk_size 768,000 makes articles of about 792,908 bytes" in outcome.message
    assert "server main takes at most 700,000" in outcome.message
    assert ground.scripted.posted == []
    fits = int(outcome.message.rpartition("chunk_size of ")[2].partition(" ")[0].replace(",", ""))
    ground.settings["chunk_size"] = fits
    assert (await ground.upload(root)).state is JobState.COMPLETED
    assert max(len(article) for article in ground.scripted.articles.values()) <= 700_000


def test_servers_that_only_give_are_not_asked() -> None:
    servers = [
        {"name": "post", "host": "h", "max_article": 2_000_000, "roles": ["post"]},
        {"name": "fetch", "host": "h", "max_article": 1_000, "roles": ["verify", "fetch"]},
    ]
    settings = Settings.model_validate({"servers": servers})
    article_sizes.refuse_unpostable(Realm(1, StoreKind.USENET, Profile.SEALED, ""), settings)


async def test_the_last_guard_is_before_the_wire(
    ground: SealedGround, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planned with other settings: the article is not sent, is reported, and is read again."""
    with monkeypatch.context() as patched:
        patched.setattr(work, "refuse_unpostable", lambda *_: None)
        ground.settings["chunk_size"] = 12_000_000
        assert (await ground.upload(root)).state is JobState.INCOMPLETE
    assert len(ground.data) == 1, "the end of the file is small enough"
    rows = ground.query("SELECT error FROM segments WHERE status = 5")
    assert len(rows) == 1 and "10,420,224 can be decoded again" in rows[0][0]
    ground.settings["chunk_size"] = 768_000
    assert (await ground.upload(root)).state is JobState.COMPLETED
    (latest,) = ground.query("SELECT max(version) FROM snapshots")
    await ground.restore(latest[0], root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []


@pytest.mark.slow
async def test_too_large_articles_of_an_earlier_program_are_posted_again(
    ground: SealedGround, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / "small").write_bytes(content(1_000_000, 2))
    choices = FolderChoices(compression=Compression.NONE)
    with monkeypatch.context() as patched:
        patched.setattr(work, "refuse_unpostable", lambda *_: None)
        patched.setattr(yenc, "LARGEST_PAYLOAD", 64 << 20)
        ground.settings["chunk_size"] = 12_000_000
        assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    before = len(ground.data)
    ground.settings["chunk_size"] = 768_000
    assert (await ground.upload(root)).version == 2
    assert len(ground.data) == before + 17, "the small file is not posted again"
    await ground.restore(2, root.with_name("out"))
    assert compare_trees(root, root.with_name("out")) == []
    assert "nothing changed" in (await ground.upload(root)).message
