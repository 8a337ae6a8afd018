"""A planned segment is the same article in the upload that plans it and in a later one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.errors import StoreError
from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Compression, Profile
from usenetsync_tui.model.jobs import JobState
from usenetsync_tui.model.segments import Article


@pytest.mark.anyio
@pytest.mark.parametrize(
    "choices",
    [
        FolderChoices(profile=Profile.PLAIN),
        FolderChoices(profile=Profile.PLAIN, copies=2),
        FolderChoices(profile=Profile.PACKED, copies=2),
        FolderChoices(profile=Profile.PACKED, compression=Compression.LZMA),
    ],
    ids=["plain", "plain twice", "packed twice", "lzma"],
)
async def test_an_article_is_made_again_as_it_was(
    world: World, store: FaultyStore, choices: FolderChoices
) -> None:
    world.choices = choices
    world.small(chunk_size=50_000)
    sent: dict[bytes, Article] = {}

    def refused(article: Article) -> None:
        sent[article.message_id] = article
        raise StoreError("441 posting failed")

    def seen(article: Article) -> None:
        again[article.message_id] = article

    (world.root / "empty").touch()
    (world.root / "small").write_bytes(b"small")
    (world.root / "deep").mkdir()
    (world.root / "deep" / "smaller").write_bytes(b"smaller" * 9)
    (world.root / "large").write_bytes(b"compresses" * 9_000 + content(60_000))
    store.before = refused
    assert (await world.upload()).state is JobState.INCOMPLETE
    again: dict[bytes, Article] = {}
    store.before = seen
    await world.completed()
    assert sent and {name: replace(made, again=False) for name, made in again.items()} == {
        name: replace(made, again=False) for name, made in sent.items()
    }
    assert all(made.again for made in again.values())
    assert not any(made.again for made in sent.values())
    assert all(
        (made.part is None) is (choices.profile is not Profile.PLAIN) for made in sent.values()
    )
    assert all((made.spread is None) is ((choices.copies or 1) == 1) for made in sent.values())
