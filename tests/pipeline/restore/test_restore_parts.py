"""The small parts of a restore: the digest of a file, the names of a folder, the report."""

from __future__ import annotations

import os
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import content
from worlds import World

from usenetsync_tui.catalogue.tables import version_files
from usenetsync_tui.codec.digests import digest_of, file_digester
from usenetsync_tui.disk.content import Content, content_of
from usenetsync_tui.disk.restored import probe
from usenetsync_tui.disk.restored.names import DigestSet, TargetNames, folded
from usenetsync_tui.disk.restored.probe import changes_names
from usenetsync_tui.disk.whole_digest import WholeDigest, whole_digest
from usenetsync_tui.errors import TargetError, TargetFileError
from usenetsync_tui.model.digests import DigestKind, FileDigest
from usenetsync_tui.model.entries import Notice, NoticeKind
from usenetsync_tui.pipeline.restore.directories import around
from usenetsync_tui.pipeline.restore.report import TOLD_EACH, RestoredBatch, RestoreReport
from usenetsync_tui.pipeline.restore.version_names import VersionNames


def right_content(data: bytes, step: int, kind: DigestKind) -> Content:
    digester = file_digester(kind, len(data), step)
    digester.update(data)
    right = content_of(len(data), FileDigest(kind, digester.digest()), step)
    assert right is not None
    return right


def put_together(
    data: bytes,
    step: int,
    order: list[int],
    kind: DigestKind = DigestKind.SEGMENTS_BLAKE3,
    threads: int = 1,
) -> WholeDigest:
    right = right_content(data, step, kind)
    whole = whole_digest(right, step, lambda offset, size: data[offset : offset + size])

    def add(index: int) -> None:
        segment = data[index * step : (index + 1) * step]
        whole.add(index, segment, digest_of(kind.algorithm, segment))

    with ThreadPoolExecutor(threads) as pool:
        for _ in pool.map(add, order):
            pass
    return whole


@given(
    size=st.integers(1, 500),
    step=st.integers(1, 60),
    seed=st.integers(0, 9),
    kind=st.sampled_from(DigestKind),
)
def test_segments_in_any_order_make_the_digest_of_the_whole(
    size: int, step: int, seed: int, kind: DigestKind
) -> None:
    order = list(range(-(-size // step)))
    random.Random(seed).shuffle(order)
    assert put_together(content(size, seed), step, order, kind).is_right()
    assert not put_together(content(size, seed), step, order[1:], kind).is_right()


@pytest.mark.parametrize("kind", [DigestKind.SHA256, DigestKind.SEGMENTS_BLAKE3])
def test_many_threads_make_one_digest(kind: DigestKind) -> None:
    order = list(range(1_000))
    random.Random(1).shuffle(order)
    assert put_together(content(999_500), 1_000, order, kind, threads=8).is_right()


@pytest.mark.parametrize("kind", DigestKind)
def test_a_content_is_of_its_bytes_alone(kind: DigestKind) -> None:
    right = right_content(b"abcde", 2, kind)
    assert right.is_of(b"abcde")
    assert not any(map(right.is_of, (b"abcdx", b"xbcde", b"cdabe", b"abcd", b"abcdef", b"")))
    empty = content_of(0, None, None)
    assert empty is not None and empty.is_of(b"") and not empty.is_of(b"x")
    for size, value, step in (
        (5, b"", 2),
        (5, b"d" * 31, 2),
        (-1, b"d" * 32, 2),
        (5, b"d" * 32, 0),
    ):
        made = content_of(size, FileDigest(kind, value), step)
        assert made is None or not made.is_of(b"abcde")
    assert content_of(1, None, None) is None
    assert content_of(5, FileDigest(DigestKind.SEGMENTS_BLAKE3, b"d" * 32), None) is None


def test_a_listing_is_small_and_complete() -> None:
    listing, rng = DigestSet(), random.Random(5)
    numbers = [rng.getrandbits(64) for _ in range(200_000)]
    for number in numbers:
        listing.add(number)
    assert len(listing) == len(set(numbers))
    assert all(number in listing for number in numbers[::97])
    assert not any(number + 1 in listing for number in numbers[::97])
    assert len(listing._new) < 1 << 16, "the others take eight bytes each"


def test_the_names_of_few_folders_are_remembered(tmp_path: Path) -> None:
    names = TargetNames(limit=25)
    for number in range(5):
        folder = tmp_path / str(number)
        folder.mkdir()
        for name in range(10):
            (folder / str(name)).touch()
        fd = os.open(folder, os.O_RDONLY)
        real = b"%d/" % number
        assert names.real(fd, real, b"3") == real + b"3"
        with pytest.raises(FileNotFoundError):
            names.real(fd, real, b"absent")
        os.close(fd)
    assert list(names._listings) == [b"3/", b"4/"]


def test_names_as_the_file_system_stores_them() -> None:
    for one, other in (
        ("README", "readme"),
        ("é", "e\u0301"),
        ("ﬁ", "FI"),
        ("straße", "STRASSE"),
        ("name", "name. ."),
        ("Ä.", "a\u0308"),
    ):
        assert folded(one.encode()) == folded(other.encode())
    for one, other in (("a", "b"), ("a.b", "a b"), (".a", "a"), ("é", "e")):
        assert folded(one.encode()) != folded(other.encode())
    assert folded(b"\xff") != folded(b"\xfe")


@pytest.mark.parametrize("known", [True, False])
def test_this_file_system_keeps_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    if not known:
        monkeypatch.setattr(probe, "_KEEP_NAMES", frozenset())
    fd = os.open(tmp_path, os.O_RDONLY)
    for _ in range(2):
        assert not changes_names(fd, b".usenetsync-names")
        assert known or os.listdir(tmp_path) == []
        (tmp_path / ".usenetsync-names").mkdir(exist_ok=True)  # left by a killed run
    (tmp_path / ".usenetsync-names" / "not ours").touch()
    assert not changes_names(fd, b".usenetsync-names")
    assert os.listdir(tmp_path / ".usenetsync-names") == ["not ours"]
    os.close(fd)


def test_a_file_system_that_cuts_names_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The restore finds that out before two temporary files become one."""
    monkeypatch.setattr(probe, "_KEEP_NAMES", frozenset())
    mkdir, open_ = os.mkdir, os.open

    def cut(path: bytes) -> bytes:
        return path[:8] if isinstance(path, bytes) and path != b"." else path

    monkeypatch.setattr(os, "mkdir", lambda p, *a, **k: mkdir(cut(p), *a, **k))
    monkeypatch.setattr(os, "open", lambda p, *a, **k: open_(cut(p), *a, **k))
    monkeypatch.setattr(os, "rmdir", lambda p, **k: None)
    fd = open_(tmp_path, os.O_RDONLY)
    with pytest.raises(TargetError, match="changes the names"):
        changes_names(fd, b".usenetsync-names")
    os.close(fd)


def test_the_folders_around_a_path() -> None:
    assert around([]) == []
    assert around([b"a"]) == [b""]
    assert around([b"/a/b/c/"]) == [b"a/b/", b"a/", b""]
    assert around([b"a/b/c", b"a/d", b"x/y"]) == [b"a/b/", b"a/", b"x/", b""]


def test_names_of_another_path() -> None:
    names = TargetNames()
    names.owner = {b"README": b"README", b"A/b": b"a/b"}.get
    names.refuse_taken(b"readme", b"README")  # of no path
    names.refuse_taken(b"A/b", b"a/b")
    names.refuse_taken(b"x", b"x")
    with pytest.raises(TargetFileError, match="README means the same"):
        names.refuse_taken(b"README", b"readme")
    with pytest.raises(TargetFileError, match="another name means the same"):
        names.refuse_taken(None, b"readme")


@pytest.mark.anyio
async def test_the_path_that_an_entry_belongs_to(world: World) -> None:
    for path in ("A/b/x", "a/B/x", "a/b/y", "Docs/one", "docs/two", "top"):
        (world.root / path).parent.mkdir(parents=True, exist_ok=True)
        (world.root / path).touch()
    world.small(batch_size=2)
    await world.completed()
    run = await world.new_run()
    run.version = 1
    names = VersionNames(run)
    for real, owner in (
        (b"top", b"top"),
        (b"Top", None),
        (b"docs/two", b"docs/two"),
        (b"Docs/two", b"docs/two"),
        (b"Docs/three", None),
        (b"A/B/x", b"A/b/x"),  # either of two: the first
        (b"A/B/y", b"a/b/y"),
        (b"A/B/", b"a/B/"),
        (b"Docs", b"Docs/"),
    ):
        assert await names.owner(real) == owner, real


@pytest.mark.anyio
async def test_the_report_counts_what_it_does_not_list(world: World) -> None:
    run = await world.new_run()
    report, batch = RestoreReport(run), RestoredBatch()
    for number in range(TOLD_EACH + 30):
        path = b"%04d" % number
        batch.notices.append(Notice(NoticeKind.UNWRITABLE, path, "no"))
        batch.notices.append(Notice(NoticeKind.MISSING, path, "gone"))
        batch.notices.append(Notice(NoticeKind.NOTED, path, "by the way"))
    batch.notices.append(Notice(NoticeKind.NOTED, b"x", "once"))
    await report.take(batch)
    await report.end()
    await report.end()
    told = await world.notices()
    assert sum(n.kind is NoticeKind.MISSING for n in told) == TOLD_EACH + 30
    assert sum(n.kind is NoticeKind.UNWRITABLE for n in told) == TOLD_EACH + 1
    assert told[-3:] == [
        Notice(NoticeKind.UNWRITABLE, b"0200", "no (and 29 more)"),
        Notice(NoticeKind.NOTED, b"0000", f"by the way (and {TOLD_EACH + 29} more)"),
        Notice(NoticeKind.NOTED, b"x", "once"),
    ]
    assert run.progress.errors == 2 * TOLD_EACH + 31


@pytest.mark.anyio
async def test_text_in_any_path_of_any_version(world: World) -> None:
    (world.root / "a").mkdir()
    (world.root / "a" / ".USENETsync-X.part").touch()
    (world.root / "b").touch()
    await world.completed()
    (world.root / "a" / ".USENETsync-X.part").unlink()
    await world.completed()
    folder = await world.folder()
    async with world.catalogue.transaction() as tx:
        assert await version_files.has_text(tx, folder.id, ".usenetsync-")
        assert not await version_files.has_text(tx, folder.id, ".usenetsync-1")
        assert not await version_files.has_text(tx, folder.id + 1, ".usenetsync-")
