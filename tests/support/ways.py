"""The ways into and out of a store: each test of the pipeline takes one of them, by its name.

What stores a file depends on the digest of the folder, on whether the file came with the first
batch of the walk, and on how much there is to do (processes read and write much). A test
that is about none of these must pass either way. `--way N` makes all tests take one, 0 to 7.
"""

from __future__ import annotations

from zlib import crc32

import pytest
from worlds import World

from usenetsync_tui.model.digests import DigestAlgorithm
from usenetsync_tui.pipeline.restore import restore
from usenetsync_tui.pipeline.upload.pack_readers import readers

WAYS = 8
SHA256, BATCHES, PROCESSES = 1, 2, 4


def take_way(world: World, request: pytest.FixtureRequest) -> World:
    """The same world, with what the test's way says."""
    way = request.config.getoption("--way")
    if way is None:
        way = crc32(request.node.nodeid.encode()) % WAYS
    if way & SHA256:
        world.digest = DigestAlgorithm.SHA256
    if way & BATCHES:
        world.small(batch_size=2)
    if way & PROCESSES:
        patch = request.getfixturevalue("monkeypatch")
        patch.setattr(readers, "MANY", 0)
        patch.setattr(restore, "_MANY", 0)
    return world
