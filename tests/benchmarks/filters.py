"""Filters: an upload of unchanged files with 20 patterns that match none of them, and without any.

The upload again of a folder is the walk and the comparison, so the patterns' cost shows most. With
google-re2 (the extra ``fast-filters``) and without: there a module in its place cannot be loaded.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .contest import Case, Goal, Row, Scene, Side, Stages, faster
from .files import small_files, warm
from .measuring import USENETSYNC, Contestant, Run, do, measure, started_home, stop_database
from .tools import Library

PATTERNS = (
    *("*.tmp", "*~", ".cache/", "node_modules/", "*.o", "*.pyc", "__pycache__/", ".DS_Store"),
    *("Thumbs.db", "/build/", "dist/", "*.sw[op]", ".git/", "target/", "*.log", "!important.log"),
    *("core.[0-9]*", "doc/**/*.aux", ".#*", "tmp*cache*"),
)
RE2 = Library("google-re2", "the extra fast-filters")
_PLAIN, _FILTERED, _FAST = "no patterns", "20 patterns", "20 patterns, re2"


@contextmanager
def ground(scene: Scene) -> Iterator[Stages]:
    """One tree, in a catalogue for each side."""
    tree = scene.scratch / "tree"
    small_files(tree, scene.amount)
    warm(tree)
    no_re2 = scene.scratch / "no re2"
    no_re2.mkdir()
    (no_re2 / "re2.py").write_text("raise ImportError\n")
    options = [word for pattern in PATTERNS for word in ("--exclude", pattern)]
    homes = {name: scene.scratch / f"home {name}" for name in (_PLAIN, _FILTERED, _FAST)}

    def again(name: str) -> Run:
        env = {"USENETSYNC_HOME": str(homes[name])}
        if name != _FAST:
            env["PYTHONPATH"] = str(no_re2)
        command = [*USENETSYNC, "upload", str(tree), "--store", "shards", "--json"]
        return measure(Contestant(command, env, lambda: None, homes[name]))

    try:
        for name, home in homes.items():
            started_home(home)
            do(home, "upload", str(tree), "--store", "shards", *(options if name != _PLAIN else ()))
        yield [[Side(_PLAIN, lambda: again(_PLAIN)), Side(_FILTERED, lambda: again(_FILTERED)),
                Side(_FAST, lambda: again(_FAST), RE2)]]  # fmt: skip
    finally:
        for home in homes.values():
            stop_database(home)


def _less_work(side: str, least: float) -> Row:
    """CPU time without patterns in units of that with them."""
    return Row(
        f"{side}: CPU",
        (side, _PLAIN),
        lambda r: r[_PLAIN].cpu / r[side].cpu,
        goal=Goal(at_least=least),
        beside=_PLAIN,
    )


CASES = (
    Case(
        "filters",
        "upload unchanged files with 20 patterns of filters, and without",
        200_000,
        "files",
        ground,
        (
            faster(_FILTERED, _PLAIN, Goal(at_least=0.7)),
            faster(_FAST, _PLAIN, Goal(at_least=0.9)),
            _less_work(_FILTERED, 0.7),
            _less_work(_FAST, 0.9),
        ),
        least=200,
    ),
)
