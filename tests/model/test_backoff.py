"""One schedule for all retries: how long to wait, and how often."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.resources import files as resources
from importlib.resources.abc import Traversable

import pytest

from usenetsync_tui.model.backoff import growing, pauses, steps


@pytest.mark.parametrize(
    ("made", "seconds"),
    [
        (growing(0.5), [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0]),
        (growing(0.5, longest=30.0), [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]),
        (growing(0.0), [0.0, 0.0, 0.0]),
        (growing(1.0, factor=1.5, longest=2.0), [1.0, 1.5, 2.0]),
        (steps([1.0, 2.0, 5.0]), [1.0, 2.0, 5.0, 5.0, 5.0]),
    ],
)
def test_each_wait_is_as_long_as_the_schedule_says(made: object, seconds: list[float]) -> None:
    assert callable(made)
    assert [made(n + 1) for n in range(len(seconds))] == seconds


def test_retries_can_be_endless() -> None:
    assert growing(0.02, factor=1.2, longest=0.25)(100_000) == 0.25
    assert steps((60.0,))(100_000) == 60.0


@pytest.mark.parametrize("tries", [1, 2, 5])
def test_there_is_no_wait_after_the_last_try(tries: int) -> None:
    waits = list(pauses(tries, growing(1.0)))
    assert len(waits) == tries and waits[-1] is None
    assert waits[:-1] == [2.0**n for n in range(tries - 1)]


def _modules(at: Traversable) -> Iterator[Traversable]:
    for one in at.iterdir():
        if one.is_dir():
            yield from _modules(one)
        elif one.name.endswith(".py"):
            yield one


def own_schedules(source: str) -> list[str]:
    """Where a module increases a wait by itself: `sleep(x * n)`, `pause *= 2`, `2 ** tries`."""
    found = []
    for node in ast.walk(ast.parse(source)):
        text = ast.unparse(node) if isinstance(node, ast.Call | ast.AugAssign | ast.Assign) else ""
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("sleep"):
            computed = [n for a in node.args for n in ast.walk(a) if isinstance(n, ast.BinOp)]
            if any(isinstance(n.op, ast.Mult | ast.Pow) for n in computed):
                found.append(text)
        elif isinstance(node, ast.AugAssign | ast.Assign):
            targets = [node.target] if isinstance(node, ast.AugAssign) else node.targets
            names = {ast.unparse(t).removeprefix("self.") for t in targets}
            operators = [n.op for n in ast.walk(node) if isinstance(n, ast.BinOp | ast.AugAssign)]
            if names & {"pause", "delay", "wait", "backoff", "_backoff", "seconds"} and any(
                isinstance(op, ast.Pow) or (isinstance(op, ast.Mult) and _is_grown(node))
                for op in operators
            ):
                found.append(text)
    return found


def _is_grown(node: ast.AugAssign | ast.Assign) -> bool:
    """Whether the new value is computed from its own old one."""
    if isinstance(node, ast.AugAssign):
        return True
    read = {ast.unparse(n) for n in ast.walk(node.value) if isinstance(n, ast.Name | ast.Attribute)}
    return any(ast.unparse(target) in read for target in node.targets)


def test_nothing_has_a_schedule_of_its_own() -> None:
    for source in _modules(resources("usenetsync_tui")):
        assert own_schedules(source.read_text(encoding="utf-8")) == [], source.name


@pytest.mark.parametrize(
    "source",
    [
        "time.sleep(0.2 * (attempt + 1))",
        "await anyio.sleep(2 ** tries)",
        "pause = min(pause * 1.3, 0.5)",
        "delay *= 2",
        "seconds = self._backoff * 2 ** (attempt - 1)",
    ],
)
def test_a_schedule_of_its_own_is_found(source: str) -> None:
    assert own_schedules(source)
