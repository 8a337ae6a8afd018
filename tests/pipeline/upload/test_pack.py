"""pack: which files share a pack."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from usenetsync_tui.catalogue.tables.files import PendingFile
from usenetsync_tui.model.entries import Entry
from usenetsync_tui.model.segments import PACK_LIMIT
from usenetsync_tui.pipeline.upload.pack import PACK_FILES, FileUnit, Packer, PackUnit, Unit


def file(number: int, size: int) -> PendingFile:
    path = b"%06d" % number
    return PendingFile(Entry(path, 0, size, 0, 0, 0, 0, None), None, path)


def units(sizes: list[int], room: int, *, packing: bool = True) -> list[Unit]:
    packer = Packer(room, packing=packing)
    found = [u for n, size in enumerate(sizes) for u in packer.add(file(n, size))]
    return found + packer.flush() + packer.flush()


@given(st.lists(st.integers(1, 80_000)), st.sampled_from([1_024, 40_000, 100_000, 768_000]))
def test_every_file_is_in_one_unit_and_no_pack_is_too_big(sizes: list[int], room: int) -> None:
    limit = min(PACK_LIMIT, room)
    seen = []
    for unit in units(sizes, room):
        match unit:
            case PackUnit(files, size):
                assert size == sum(f.entry.size for f in files) <= room
                assert all(f.entry.size <= limit for f in files)
                assert [f.key for f in files] == sorted(f.key for f in files)
                seen += files
            case FileUnit(single):
                assert single.entry.size > limit
                seen.append(single)
    assert sorted(f.entry.size for f in seen) == sorted(sizes)


def test_packs_are_filled_in_path_order() -> None:
    packs = [u for u in units([400] * 10, 1_024) if isinstance(u, PackUnit)]
    assert [len(p.files) for p in packs] == [2] * 5


def test_without_packing_every_file_is_alone() -> None:
    assert all(isinstance(u, FileUnit) for u in units([1, 2, 3], 768_000, packing=False))


def test_a_pack_of_tiny_files_ends() -> None:
    packs = [u for u in units([1] * (PACK_FILES * 2 + 1), 768_000) if isinstance(u, PackUnit)]
    assert [len(p.files) for p in packs] == [PACK_FILES, PACK_FILES, 1]
