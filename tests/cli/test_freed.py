"""What a job held is freed when it is done with it, not when Python next looks for cycles.

A reference cycle for each file or segment is memory that grows with the folder: Python looks for
cycles only after thousands of them, the more seldom the more memory there is. So these tests count
what only the collector could free.
"""

from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from in_process import InProcess
from scripted_server import ScriptedServer

_FEW, _MANY = 20, 200
"""Files of a folder."""
_MORE = 60
"""Objects of a kind that two runs may differ by: workers come and go."""
_SEGMENT = 16_384
Verb = Callable[[Path], tuple[str | Path, ...]]
_VERBS: list[Verb] = [
    lambda tree: ("upload", tree),
    lambda tree: ("restore", tree, f"{tree}-out"),
    lambda tree: ("restore", tree, f"{tree}-out"),
    lambda tree: ("verify", tree),
    lambda tree: ("verify", tree, "--body"),
    lambda tree: ("restore", tree, f"{tree}-other", "--dry-run"),
    lambda tree: ("files", tree),
    lambda tree: ("cat", tree, "large"),
]
_LATER: list[Verb] = [
    *_VERBS,
    lambda tree: ("diff", tree, "1"),
    lambda tree: ("find", "f*"),
    lambda tree: ("forget", tree, "--keep-last", "1", "--yes"),
]


def _in_cycles(work: Callable[[], object]) -> Counter[str]:
    """How many objects of each kind only the collector can free after some work."""
    gc.collect()
    gc.disable()
    try:
        work()
        gc.set_debug(gc.DEBUG_SAVEALL)
        gc.collect()
        return Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
        gc.collect()


def _tree(root: Path, count: int) -> Path:
    """Small files in some directories, and a large one of as many segments."""
    made = random.Random(count)
    for number in range(count):
        folder = root / f"d{number % 7}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"f{number}").write_bytes(made.randbytes(3_000))
    (root / "large").write_text(made.randbytes(count * _SEGMENT // 2).hex())
    return root


def _change(root: Path, count: int) -> None:
    for number in range(0, count, 2):
        (root / f"d{number % 7}" / f"f{number}").write_bytes(bytes([number % 256]) * 3_100)
    (root / "large").write_text(random.Random(-count).randbytes(count * _SEGMENT // 2).hex())


@pytest.fixture(params=["shards", "usenet"])
def told(run: InProcess, request: pytest.FixtureRequest) -> Iterator[InProcess]:
    """A command with a store; its segments are as small as they may be."""
    keys: dict[str, object] = {"chunk_size": _SEGMENT}
    if request.param == "shards":
        run.configure(**keys)
        yield run
        return
    with ScriptedServer() as server:
        run.configure(server, **keys)
        yield run


def test_each_verb_frees_what_it_held(told: InProcess, tmp_path: Path) -> None:
    few, many = _tree(tmp_path / "few", _FEW), _tree(tmp_path / "many", _MANY)

    def check(verb: Verb) -> None:
        counted = [_in_cycles(partial(told, *verb(tree))) for tree in (few, many)]
        more = counted[1] - counted[0]
        assert not {kind: n for kind, n in more.items() if n > _MORE}, verb(many)

    for verb in _VERBS:
        check(verb)
    _change(few, _FEW)
    _change(many, _MANY)
    for verb in _LATER:
        check(verb)
