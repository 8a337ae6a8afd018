"""A world whose versions have an index: posts it, and reads it with the secret alone."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass, replace
from pathlib import Path

from worlds import World

from usenetsync_tui.catalogue.tables import folders
from usenetsync_tui.catalogue.tables.index import posted
from usenetsync_tui.codec.compression import decompress
from usenetsync_tui.codec.index.keys import IndexKeys
from usenetsync_tui.codec.sealing import open_sealed
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.index.entries import IndexEntry
from usenetsync_tui.model.ports.stores import OpenRealm
from usenetsync_tui.model.segments import Codec
from usenetsync_tui.pipeline.index.find_root import fetch_root, newest_root
from usenetsync_tui.pipeline.index.post_index import post_index
from usenetsync_tui.pipeline.index.read_version import VersionReader

SECRET = bytes(range(32, 64))
KEYS = IndexKeys(SECRET)


@dataclass
class Indexed:
    """A world, and the realm of its folder's index."""

    world: World

    async def realm(self) -> OpenRealm:
        world = self.world
        folder = await world.folder()
        async with world.catalogue.transaction() as tx:
            realm_id = await posted.realm_of(tx, folder.id)
            if realm_id is None:
                realm_id = await posted.add_realm(tx, folder.id, SECRET)
            realm = await folders.realm_by_id(tx, realm_id)
        return replace(await world.of(realm), key=KEYS.sealing, secret=SECRET)

    async def post(self) -> str:
        """Post what is missing of the index, as at the end of an upload."""
        run = await self.world.new_run()
        return await post_index(run, await self.realm())

    async def version(self) -> int:
        """A new version with its index."""
        version = await self.world.completed()
        assert await self.post() == ""
        self.world.check_ledger()
        return version

    async def reader(self, version: int, root: int | None = None) -> VersionReader:
        store = self.world.store
        if root is None:
            found = (await newest_root(store, KEYS)).root
        else:
            found = await fetch_root(store, KEYS, root)
        return VersionReader(store, KEYS, found, version)

    async def content(self, reader: VersionReader, entry: IndexEntry) -> bytes:
        """The bytes of a file, from its articles alone."""
        data, number, offset = b"", 0, entry.offset
        assert entry.object is not None
        while len(data) < entry.size:
            part = await reader.part(entry.object, number)
            segment = part.segments[number - part.first]
            size = part.segment_bytes(number - part.first)
            article = segment.articles[0]
            realm = reader.realm(part)
            plain = await self.world.store.fetch(article.message_id)
            codec = Codec(article.codec)
            if realm.key is not None:
                codec, plain = open_sealed(realm.key, plain)
            data += decompress(plain, codec, size)[offset : offset + entry.size - len(data)]
            offset, number = 0, number + 1
        return data

    async def assert_reads(self, version: int, expected: Path, root: int | None = None) -> None:
        """Check that the index of a version tells all of a tree, and leads to its bytes."""
        reader = await self.reader(version, root)
        found = {entry.path: entry async for entry in reader.entries()}
        assert set(found) == set(_paths(os.fsencode(expected)))
        for path, entry in found.items():
            there = os.path.join(os.fsencode(expected), path)
            status = os.lstat(there)
            assert entry.mode == status.st_mode & 0o7777, path
            assert entry.user.decode() == pwd.getpwuid(status.st_uid).pw_name
            if entry.kind == FileKind.SYMLINK:
                assert entry.link == os.readlink(there)
            elif entry.kind == FileKind.REGULAR:
                assert (entry.size, entry.mtime_ns) == (status.st_size, status.st_mtime_ns), path
                if entry.size:
                    assert (
                        await self.content(reader, entry) == Path(os.fsdecode(there)).read_bytes()
                    )


def _paths(root: bytes) -> list[bytes]:
    found = [b""]
    for folder, directories, names in os.walk(root):
        below = os.path.relpath(folder, root)
        start = b"" if below == b"." else below + b"/"
        for name in directories:
            is_link = os.path.islink(os.path.join(folder, name))
            found.append(start + name + (b"" if is_link else b"/"))
        found += [start + name for name in names]
    return found
