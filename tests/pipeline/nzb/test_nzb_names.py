"""The names in an NZB: each once, and those of the articles unless two files share one (A12)."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from trees import content
from worlds import FaultyStore, World

from usenetsync_tui.codec import nzb
from usenetsync_tui.codec.envelope import PlainHeaders
from usenetsync_tui.codec.flat_names import flat_name, flat_name_1, folded, length
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.pipeline.nzb.nzb import Listed, write_nzb

pytestmark = pytest.mark.anyio


@pytest.fixture
async def plain(world: World, store: FaultyStore) -> World:
    world.store = store
    world.choices = replace(world.choices, store=StoreKind.USENET, profile=Profile.PLAIN)
    await world.folder()
    world.query(
        "UPDATE realms SET newsgroups = '{alt.test}', sender = 'Ann <a@b.invalid>' RETURNING id"
    )
    return world


def fill(root: Path, *paths: bytes) -> dict[bytes, bytes]:
    files = {path: content(100 + number, number) for number, path in enumerate(paths)}
    for path, data in files.items():
        target = root / path.decode("utf-8", "surrogateescape")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return files


async def listed(world: World, version: int = 1) -> tuple[list[str], Listed]:
    """The quoted names of the NZB of a version, in order."""
    pieces: list[bytes] = []
    found = await write_nzb(world.catalogue, await world.folder(), version, pieces.append)
    subjects = [file.subject for file in nzb.read(b"".join(pieces))]
    names = [re.findall(r'"([^"]*)"', subject)[0] for subject in subjects]
    return names, found


GROUPS = [
    (b"a/b.bin", b"a - b.bin"),
    (b"a/b/c", b"a - b/c", b"a/b - c", b"a - b - c"),
    (b"d/x?", b"d/x*", b"d/x_"),
    (b"README", b"readme", b"ReadMe"),
    (b"Dir/file.bin", b"dir/file.bin", b"dir - FILE.bin"),
    ("é.txt".encode(), "e\u0301.txt".encode()),
    ("Straße".encode(), b"STRASSE"),
    (b"f/\xff.bin", b"f/\xfe.bin"),
    ("æ¼¢".encode(), "漢".encode()),
    (b"n" * 250, b"N" * 250),
]


@pytest.mark.parametrize("style", [1, 2])
async def test_no_two_files_have_one_name(plain: World, style: int) -> None:
    plain.query("UPDATE realms SET dress = %s RETURNING id", style)
    files = fill(plain.root, *(path for group in GROUPS for path in group))
    await plain.completed()
    names, found = await listed(plain)
    assert found.files == len(names) == len(files)
    assert len({folded(name) for name in names}) == len(names)
    assert all(len(name.encode()) <= 255 for name in names)


async def test_unique_names_are_those_of_the_articles(plain: World) -> None:
    files = fill(plain.root, b"a/b.bin", b"c - d.bin", b"README", b"readme", "ü/漢".encode())
    await plain.completed()
    style = PlainHeaders("x.invalid", "a@b.invalid", ["alt.test"])
    names, _ = await listed(plain)
    articles = [style.name(path) for path in sorted(files)]
    assert [n for n, a in zip(names, articles, strict=True) if n != a] == [names[3]]
    assert articles[3] == "readme" and re.fullmatch(r"readme~[0-9a-f]{16}", names[3])


async def test_a_folder_from_before_is_listed_as_it_was_posted(plain: World) -> None:
    plain.query("UPDATE realms SET dress = 1 RETURNING id")
    long = "漢".encode() * 79
    files = fill(plain.root, b"a/b.bin", b"a - b.bin", b"c - d.bin", b"what?", long)
    await plain.completed()
    names, _ = await listed(plain)
    posted = [flat_name_1(path) for path in sorted(files)]
    assert posted[0] == posted[1] == "a - b.bin"
    assert names[0] == posted[0] and names[2:-1] == posted[2:-1]
    # The name in its articles is too long for a newsreader's disk: the NZB shortens it.
    assert length(posted[-1]) > 255 and names[-1] == flat_name(long)
    assert re.fullmatch(r"a - b~[0-9a-f]{16}\.bin", names[1])
    assert names[3] != flat_name(long)


async def test_an_earlier_version_has_its_own_duplicates(plain: World) -> None:
    fill(plain.root, b"README", b"other")
    await plain.completed()
    fill(plain.root, b"readme")
    assert await plain.completed() == 2
    assert (await listed(plain, 1))[0] == ["README", "other"]
    second, _ = await listed(plain, 2)
    assert second[:2] == ["README", "other"] and second[2].startswith("readme~")


async def test_duplicate_names_are_found_across_pages(plain: World) -> None:
    fill(plain.root, *(b"d%04d/File" % n for n in range(1_200)), b"d0000 - file", b"D1150/File")
    await plain.completed()
    names, found = await listed(plain)
    assert found.files == 1_202
    assert len({folded(name) for name in names}) == 1_202
    tailed = [name.partition("~")[0] for name in names if "~" in name]
    assert tailed == ["d0000 - file", "d1150 - File"]
