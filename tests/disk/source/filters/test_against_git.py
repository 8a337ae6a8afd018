"""The filters leave out what git ignores: the same patterns and trees, with git as the judge."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usenetsync_tui.disk.source.filters import suspects
from usenetsync_tui.disk.source.filters.rule_lists import read_lines
from usenetsync_tui.disk.source.filters.tree_filters import TreeFilters
from usenetsync_tui.disk.source.scan import walk
from usenetsync_tui.model.filters import Filters

_BATCH = 25
"""Patterns for one call of git."""
_PIECES = st.sampled_from(
    [
        *b"a b c ab . * ** ? [ab] [!a] [^b] [a-c] [[:alpha:]] [[:space:]x] [c-a]".split(),
        *b"[[:nope:]] []a] [ ] \\* \\ \\[ / / / **/ /**/ /** *** ! # - [a-] [\\]]".split(),
        *(b"\xc3\xa9", b"\xff", b"[\xc3-\xff]", b" ", b"\\ ", b"\t", b"\r"),
    ]
)
_NAMES = st.sampled_from(
    [
        *b"a b c ab abc .a a.b #a !a [ \\ * a* - ] ba cc".split(),
        *(b"\xc3\xa9", b"\xff", b"a\t", b"a b", b"a ", b"a\r", b"a\nb"),
    ]
)
_PATHS = st.lists(_NAMES, min_size=1, max_size=4).map(b"/".join)
_LINES = st.lists(_PIECES, min_size=1, max_size=5).map(b"".join)
_CASES = st.lists(
    st.tuples(st.lists(_LINES, min_size=1, max_size=3), st.lists(_PATHS, min_size=2, max_size=6)),
    min_size=_BATCH,
    max_size=_BATCH,
)


def _settled(pattern: bytes) -> bytes:
    """A pattern about whose meaning git does not depend on where its memory is.

    git reads ``b**/`` as ``b*/`` or ``b`` and ``**/``, and ``\\/`` after ``**`` in a third way.
    """
    if b"/" not in pattern:
        return pattern
    parts = pattern.replace(b"\\/", b"/").split(b"/")
    return b"/".join(p if not p.strip(b"*") else re.sub(rb"\*\*+", b"*", p) for p in parts)


def _ignored(root: Path, paths: list[bytes], global_patterns: Path) -> set[bytes]:
    """Those of some paths that git ignores."""
    done = subprocess.run(
        [
            "git",
            "-c",
            f"core.excludesFile={global_patterns}",
            "check-ignore",
            "--no-index",
            "--stdin",
            "-z",
            "-v",
            "-n",
        ],
        cwd=root,
        input=b"\0".join([*paths, b""]),
        stdout=subprocess.PIPE,
        check=False,
    )
    fields = done.stdout.split(b"\0")
    found = zip(fields[0::4], fields[2::4], fields[3::4], strict=False)
    return {path for source, pattern, path in found if source and not pattern.startswith(b"!")}


def _make(root: Path, path: bytes, *, is_file: bool) -> None:
    full = os.path.join(os.fsencode(root), path)
    try:
        os.makedirs(os.path.dirname(full) if is_file else full, exist_ok=True)
        if is_file:
            Path(os.fsdecode(full)).touch()
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        pass  # a file is where a directory would be: the tree has the file


def _walked(root: Path, filters: TreeFilters) -> set[bytes]:
    return {e.path.rstrip(b"/") for batch in walk(os.fsencode(root), filters=filters)
            for e in batch.entries}  # fmt: skip


def check_against_git(
    base: Path,
    cases: list[tuple[list[bytes], list[bytes]]],
    of_folder: list[bytes],
    of_settings: list[bytes],
) -> None:
    """Build a tree with a directory for each case, and compare what falls out of it."""
    root, global_file = base / "tree", base / "global"
    root.mkdir(parents=True)
    subprocess.run(["git", "init", "-q", "--template=", root], check=True)
    (root / ".git/info").mkdir(exist_ok=True)
    of_folder = [_settled(p).replace(b"\r", b"") for p in of_folder]
    of_settings = [_settled(p).replace(b"\r", b"") for p in of_settings]
    exclude_file = root / ".git/info/exclude"
    exclude_file.write_bytes(b"\n".join(of_folder) + b"\n")
    global_file.write_bytes(b"\n".join(of_settings) + b"\n")
    paths: dict[bytes, None] = {}
    for number, (patterns, some) in enumerate(cases):
        case = b"case %d" % number
        (root / os.fsdecode(case)).mkdir()
        text = b"\n".join(map(_settled, patterns)) + b"\n"
        for name in (b".gitignore", b".usenetsyncignore"):
            (root / os.fsdecode(case + b"/" + name)).write_bytes(text)
        for at, path in enumerate(some):
            _make(root, case + b"/" + path, is_file=at % 2 == 0)
            paths[case + b"/" + path] = None
    made = [p for p in paths if os.path.lexists(os.path.join(os.fsencode(root), p))]
    kept = set(made) - _ignored(root, made, global_file)
    # The folder's own patterns would be told of when they are wrong; here they count for nothing.
    good = [p for p in of_settings if _is_good(p)]
    (base / "folder").write_bytes(b"\n".join(p for p in of_folder if _is_good(p)) + b"\n")
    filters = TreeFilters(Filters(exclude_files=(os.fsencode(base / "folder"),)), tuple(good))
    assert _walked(root, filters) & set(made) == kept, (cases, of_folder, of_settings)


def _is_good(pattern: bytes) -> bool:
    return not read_lines([pattern], "")[1]


@pytest.fixture(params=["re", "re2"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both ways to search names."""
    if request.param == "re":
        monkeypatch.setattr(suspects, "re2", None)
    elif suspects.re2 is None:
        pytest.skip("google-re2 is not installed")


@pytest.mark.usefixtures("engine")
def test_the_same_falls_out_as_in_git(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> None:
    patterns: int = pytestconfig.getoption("--filter-patterns")

    @settings(
        max_examples=max(1, patterns // _BATCH),
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(_CASES, st.lists(_LINES, max_size=2), st.lists(_LINES, max_size=2))
    def check(
        cases: list[tuple[list[bytes], list[bytes]]],
        of_folder: list[bytes],
        of_settings: list[bytes],
    ) -> None:
        check_against_git(tmp_path_factory.mktemp("git"), cases, of_folder, of_settings)

    check()


@pytest.mark.parametrize(
    ("patterns", "kept", "gone"),
    [
        # restic's documentation: exclude files, and what to include again
        (
            "*.c\n# exclude go-files\n*.go\n# exclude foo/x/y/z/bar foo/x/bar foo/bar\nfoo/**/bar",
            "foo/bars foo/baz",
            "a.c foo/a.go foo/x/y/z/bar foo/x/bar foo/bar",
        ),
        (
            "home/u/**/*\n!home/u/code/\n!home/u/code/linux/\nhome/u/code/linux/*\n!home/u/code/linux/.git\n*~\n*.o",
            "home/u/code/linux/.git",
            "home/u/x/y home/u/code/linux/a home/u/code/b~ home/u/code/c.o",
        ),
        ("*.log\n!important.log", "important.log sub/important.log", "a.log sub/b.log"),
        # rsync's manual: anchored and floating names, directories, ** and include-only rules
        ("*.o\n/foo\nbar/", "sub/foo sub/bar baz.c", "a.o sub/b.o foo bar/x"),
        ("/foo/*/baz\n/foo/**/qux", "foo/baz foo/a/b/baz", "foo/a/baz foo/a/b/qux foo/qux"),
        ("*\n!*/\n!*.c", "a.c sub/b.c", "a.h sub/b.h"),
        ("*\n!foo/\n!/foo/bar.c", "foo/bar.c", "bar.c foo/a.c sub/foo/bar.c"),
        ("parent/\n!parent/child", "other", "parent/child"),
    ],
)
def test_the_sets_of_other_programs(tmp_path: Path, patterns: str, kept: str, gone: str) -> None:
    """The `--exclude` examples of restic's and rsync's documentation, as trees."""
    root = tmp_path / "tree"
    for path in f"{kept} {gone}".split():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        if not (root / path).is_dir():
            (root / path).touch()
    subprocess.run(["git", "init", "-q", root], check=True)
    (root / ".git/info/exclude").write_text(patterns)
    filters = TreeFilters(Filters(exclude=tuple(map(str.encode, patterns.split("\n")))))
    found = _walked(root, filters)
    every = [path.encode() for path in f"{kept} {gone}".split()]
    assert found.intersection(every) == set(kept.encode().split())
    assert set(every) - _ignored(root, every, tmp_path / "none") == set(kept.encode().split())
