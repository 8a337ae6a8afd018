"""An upload to a server that refuses every article: it stops early, and no article is charged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from scripted_server import ScriptedServer
from sealed_ground import SealedGround
from trees import content

from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile
from usenetsync_tui.model.jobs import JobState

_WORDS = "441 437 Your poster is not welcome"


@pytest.fixture
def ground(database: str, tmp_path: Path) -> Iterator[SealedGround]:
    with ScriptedServer() as scripted:
        yield SealedGround(database, tmp_path / "home", scripted, {"retries": 3})


@pytest.mark.anyio
@pytest.mark.parametrize("profile", [Profile.SEALED, Profile.PLAIN])
@pytest.mark.parametrize("connections", [1, 8])
async def test_it_ends_with_the_servers_words(
    ground: SealedGround, tmp_path: Path, profile: Profile, connections: int
) -> None:
    root = tmp_path / "tree"
    root.mkdir()
    for number in range(40):
        (root / f"{number:02}").write_bytes(content(60_000, number))
    ground.scripted.refuses = lambda _: _WORDS
    ground.more = {"connections": connections}
    choices = FolderChoices(profile=profile)
    outcome = await ground.upload(root, choices)
    assert outcome.state is JobState.FAILED
    assert f"127.0.0.1 refuses every article: {_WORDS}" in outcome.message
    assert ground.scripted.commands["POST"] < 30
    assert ground.query("SELECT max(tries) FROM segments") == [(0,)]

    ground.scripted.refuses = lambda _: None
    assert (await ground.upload(root, choices)).state is JobState.COMPLETED
    assert ground.query("SELECT max(tries), min(tries) FROM segments") == [(1, 1)]
    assert len(set(ground.data)) == len(ground.data) == 40
    ground.assert_indexed()
