"""What the filters leave out of a real tree, and by which rule."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from file_systems import mounted

from usenetsync_tui.disk.source.filters import tree_filters
from usenetsync_tui.disk.source.filters.tree_filters import TreeFilters
from usenetsync_tui.disk.source.scan import walk
from usenetsync_tui.errors import SourceError
from usenetsync_tui.model.entries import Problem
from usenetsync_tui.model.filters import FilterChoices, Filters, in_words, size_typed


def _walk(root: Path, filters: TreeFilters) -> tuple[set[str], dict[str, str], list[Problem]]:
    entries, excluded, problems = set(), {}, []
    for batch in walk(os.fsencode(root), filters=filters):
        entries |= {os.fsdecode(e.path) for e in batch.entries}
        excluded |= {os.fsdecode(e.path): str(e.rule) for e in batch.excluded}
        problems += batch.problems
        assert len(batch.entries) + len(batch.excluded) <= 2_001
    return entries - {""}, excluded, problems


def _fill(root: Path, *paths: str) -> Path:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(path)
    return root


def test_the_most_important_rule_decides_and_is_named(tmp_path: Path) -> None:
    root = _fill(tmp_path / "r", "a.log", "b.log", "s/c.log", "s/d.log", "s/t/e.log", "n/x", "k.o")
    (root / ".usenetsyncignore").write_text("# logs\n*.log\n")
    (root / "s/.usenetsyncignore").write_text("!d.log\n!e.log\n")
    (root / "s/t/.usenetsyncignore").write_text("e.log\n")
    patterns = tmp_path / "patterns"
    patterns.write_bytes(b"\xef\xbb\xbfn/\r\n!*.o\r\n")
    files = Filters(exclude=(b"!b.log",), exclude_files=(os.fsencode(patterns),))
    entries, excluded, problems = _walk(root, TreeFilters(files, (b"*.o",)))
    assert excluded == {
        "a.log": "*.log (.usenetsyncignore:2)",
        "s/c.log": "*.log (.usenetsyncignore:2)",
        "s/t/e.log": "e.log (s/t/.usenetsyncignore:1)",
        "n/": f"n/ ({patterns}:1)",
    }
    assert {"b.log", "s/d.log", "k.o"} <= entries
    assert "n/" not in entries
    assert problems == []


def test_tags_sizes_and_names(tmp_path: Path) -> None:
    root = _fill(
        tmp_path, "cache/x", "fake/x", "skip/.nobackup", "skip/x/y", "big", "a", ".nobackup"
    )
    (root / "cache/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55\n# us")
    (root / "fake/CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc5")
    os.truncate(root / "big", 1_001)
    filters = Filters(
        exclude_if_present=(b".nobackup",), exclude_caches=True, exclude_larger_than=1_000
    )
    entries, excluded, _ = _walk(root, TreeFilters(filters))
    assert entries == {
        *("cache/", "cache/CACHEDIR.TAG", "fake/", "fake/x", "fake/CACHEDIR.TAG"),
        *("skip/", "skip/.nobackup", "a", ".nobackup"),
    }
    assert excluded == {
        "cache/": "--exclude-caches",
        "skip/": ".nobackup (--exclude-if-present)",
        "big": "larger than 1.00 kB (--exclude-larger-than)",
    }


def test_a_mount_point_stays_empty(tmp_path: Path) -> None:
    root = _fill(tmp_path / "r", "a", "m/below")
    with mounted(root / "m", "-t", "tmpfs", "none"):
        _fill(root, "m/x")
        assert "m/x" in _walk(root, TreeFilters(Filters()))[0]
        entries, excluded, problems = _walk(root, TreeFilters(Filters(one_file_system=True)))
    assert entries == {"a", "m/"}
    assert excluded == {"m/": "another file system (--one-file-system)"}
    assert problems == []


def test_a_directory_with_more_names_than_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names come in chunks; thousands in a row that are left out do not gather in memory."""
    monkeypatch.setattr(tree_filters, "_CHUNK", 100)
    for number in range(2_300):
        (tmp_path / f"{number:04}.o").touch()
    _fill(tmp_path, "z", "+a", ".usenetsyncignore")
    (tmp_path / ".usenetsyncignore").write_text("*.o\n!*7.o")
    entries, excluded, _ = _walk(tmp_path, TreeFilters(Filters()))
    assert len(excluded) == 2_070
    assert len(entries) == 233
    assert "z" in entries


def test_what_cannot_be_read_takes_nothing_in(tmp_path: Path) -> None:
    root = _fill(tmp_path, "s/secret", "t/x", "a")
    (root / "s/.usenetsyncignore").symlink_to(root / "a")
    (root / "t/.usenetsyncignore").write_text("x\n[\n\\\n[[:no:]]")
    entries, excluded, problems = _walk(root, TreeFilters(Filters()))
    assert "s/secret" not in entries
    assert excluded == {"t/x": "x (t/.usenetsyncignore:1)"}
    assert [(os.fsdecode(p.path), p.reason.partition(":")[0]) for p in problems] == [
        ("s/", ".usenetsyncignore in it cannot be read"),
        *(("t/.usenetsyncignore", f"line {n} excludes nothing") for n in (2, 3, 4)),
    ]


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        (Filters(exclude=(b"a", b"b[")), '--exclude "b\\[": its bracket is not closed'),
        (Filters(exclude=(b"a\\",)), "ends with a backslash"),
        (Filters(exclude=(b"[[:x:]]",)), "is no class"),
        (Filters(exclude_files=(b"/nowhere/at all",)), "/nowhere/at all cannot be read: No such"),
        (Filters(exclude_files=(b"/dev/null",)), "it is not a regular file"),
    ],
)
def test_wrong_filters_are_named(filters: Filters, words: str) -> None:
    with pytest.raises(SourceError, match=words.replace("[[", r"\[\[")):
        tree_filters.check(filters)


def test_a_wrong_line_of_a_file_has_its_number(tmp_path: Path) -> None:
    (tmp_path / "p").write_text("a\n\nx[\n")
    with pytest.raises(SourceError, match=r"p, line 3: .x\[.: its bracket"):
        tree_filters.check(Filters(exclude_files=(os.fsencode(tmp_path / "p"),)))


def test_choices_replace_what_they_name() -> None:
    stored = Filters(exclude=(b"a",), exclude_caches=True)
    assert FilterChoices().applied_to(stored) == stored
    assert FilterChoices(exclude=(b"b",)).applied_to(stored) == Filters(
        (b"b",), exclude_caches=True
    )
    assert FilterChoices(clear=True, exclude=(b"b",)).applied_to(stored) == Filters((b"b",))
    assert FilterChoices.of(Filters()).applied_to(stored) == Filters()
    assert in_words(Filters((b"\xff\n",), exclude_larger_than=5)) == [
        "\\xff␊",
        "files larger than 5 B",
    ]


@pytest.mark.parametrize(
    ("text", "count"),
    [("0", 0), ("500M", 500_000_000), ("1.5 GiB", 3 << 29), ("2kb", 2000), ("7B", 7)],
)
def test_sizes_as_typed(text: str, count: int) -> None:
    assert size_typed(text) == count


@pytest.mark.parametrize("text", ["", "-1", "1e9", "5i", "5 parsecs", "9" * 18 + "P", "٥"])
def test_wrong_sizes(text: str) -> None:
    with pytest.raises(ValueError, match="size"):
        size_typed(text)
