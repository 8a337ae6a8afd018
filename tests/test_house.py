"""The structure of the package: rooms, unique class names, and tests that mirror the rooms.

The tests read the source, module by module; they import and run nothing of it.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

import usenetsync_tui

HOUSE = Path(usenetsync_tui.__file__).parent
TESTS = Path(__file__).parent

CORRIDOR = 20
"""The most modules in one room."""
LARGE_ROOMS = {
    "tui/kit": "a tool box: widgets and what they draw with, each of use without the others",
}
"""Rooms that may have more, and the reason."""
NO_ROOMS = {"acceptance", "benchmarks", "fuzz", "support"}
"""Folders of tests without a room: whole-program tests, benchmarks, fuzzers, and tools of tests."""
NOT_OURS = {"plain", "humanize", "match", "usenetsync", "README", "readme"}
"""Words set as code in the docstring of a room that are no module, class or function."""


def rooms(house: Path = HOUSE) -> list[Path]:
    return sorted(init.parent for init in house.rglob("__init__.py"))


def modules(room: Path) -> list[Path]:
    return sorted(path for path in room.glob("*.py") if path.name != "__init__.py")


def title(path: Path, house: Path = HOUSE) -> str:
    return path.relative_to(house).as_posix()


def meanings(house: Path) -> dict[str, list[str]]:
    """Public class name → the modules that define it; a nested class has the name of both.

    Textual's messages are nested: code writes `FilesTable.Opened`, never `Opened`.
    """
    found = defaultdict(list)

    def visit(body: list[ast.stmt], owner: str, module: str) -> None:
        for each in body:
            if isinstance(each, ast.ClassDef) and not each.name.startswith("_"):
                name = f"{owner}{each.name}"
                found[name.casefold()].append(f"{name} in {module}")
                visit(each.body, f"{name}.", module)
            elif isinstance(each, ast.If | ast.Try):
                visit(each.body, owner, module)

    for path in sorted(house.rglob("*.py")):
        visit(ast.parse(path.read_bytes()).body, "", title(path, house))
    return found


def ambiguous(house: Path) -> list[list[str]]:
    return [where for where in meanings(house).values() if len(where) > 1]


def test_public_class_names_are_unique() -> None:
    assert ambiguous(HOUSE) == []


def test_a_duplicate_class_name_is_found(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(
        "class Place: ...\nclass _Own: ...\nclass A:\n class In: ...\n"
    )
    (tmp_path / "two.py").write_text(
        "if True:\n    class place: ...\nclass _Own: ...\nclass B:\n class In: ...\n"
    )
    assert ambiguous(tmp_path) == [["Place in one.py", "place in two.py"]]


def test_no_room_has_too_many_modules() -> None:
    crowded = {title(room) for room in rooms() if len(modules(room)) > CORRIDOR}
    assert crowded <= set(LARGE_ROOMS)
    assert set(LARGE_ROOMS) <= {title(room) for room in rooms()}


def test_every_folder_of_modules_is_a_package() -> None:
    """A folder without `__init__.py` has no docstring, and no import contract sees it."""
    assert {path.parent for path in HOUSE.rglob("*.py")} <= set(rooms())


@pytest.mark.parametrize("room", rooms()[1:], ids=title)
def test_a_rooms_docstring_says_what_it_knows_and_refuses_to_know(room: Path) -> None:
    said = " ".join(docstring(room).split())
    assert " Knows " in said and " Refuses to " in said


def docstring(room: Path) -> str:
    return ast.get_docstring(ast.parse((room / "__init__.py").read_bytes())) or ""


def spoken_of(said: str) -> list[str]:
    """The names set as code in a docstring."""
    words = re.findall(r"`([a-zA-Z_][\w.]*)`", said)
    return [word for word in words if not word.endswith(".toml") and word not in NOT_OURS]


def is_known(word: str, room: Path) -> bool:
    """Whether it is in a room, or in one around it; a class may be anywhere in the package."""
    parts = word.split(".")
    if parts[0] == HOUSE.name:
        parts = parts[1:]
    for at in [room, *room.parents]:
        if HOUSE not in [at, *at.parents]:
            break
        if _leads_somewhere(at, parts):
            return True
    return word[0].isupper() and any(set(parts) <= _names(each) for each in HOUSE.rglob("*.py"))


def _leads_somewhere(at: Path, parts: list[str]) -> bool:
    for number, part in enumerate(parts):
        if (at / part).is_dir():
            at = at / part
            continue
        module = at / f"{part}.py"
        if module.is_file():
            return set(parts[number + 1 :]) <= _names(module)
        return any(set(parts[number:]) <= _names(each) for each in modules(at))
    return True


@cache
def _names(module: Path) -> set[str]:
    """The names that a module defines, those of its classes, and its parameters."""
    found = set()
    for node in ast.walk(ast.parse(module.read_bytes())):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.attr)
        if isinstance(node, ast.Module | ast.ClassDef):
            found |= {target.id for each in node.body for target in _targets(each)}
    return found


def _targets(statement: ast.stmt) -> list[ast.Name]:
    match statement:
        case ast.Assign(targets=[ast.Name() as name]) | ast.AnnAssign(target=ast.Name() as name):
            return [name]
        case _:
            return []


def unknown_words() -> Iterator[str]:
    for room in rooms():
        for word in spoken_of(docstring(room)):
            if not is_known(word, room):
                yield f"{title(room)}: {word}"


def test_a_rooms_docstring_names_only_existing_things() -> None:
    assert list(unknown_words()) == []


def test_a_name_of_something_deleted_is_found() -> None:
    room = HOUSE / "pipeline" / "upload"
    assert is_known("run.judge", room) and is_known("disk.source.scan", room)
    assert is_known("JobRun.drain", HOUSE / "pipeline" / "run") and is_known("PASSES", room)
    gone = ["turned", "run.turned", "disk.source.scan.turned", "Turned", "JobRun.turned"]
    assert [word for word in gone if is_known(word, room)] == []


def test_tests_mirror_the_rooms() -> None:
    folders = {path.parent for path in TESTS.rglob("*.py")} - {TESTS}
    mirrored = {title(folder, TESTS) for folder in folders} - NO_ROOMS
    assert mirrored <= {title(room) for room in rooms()}


def test_workers_are_begun_with_functions() -> None:
    """A coroutine of a worker that never starts is never awaited: `run_beside` calls a function."""
    kit = HOUSE / "tui" / "kit" / "beside.py"
    others = {
        f"{title(path)}:{node.lineno}"
        for path in (HOUSE / "tui").rglob("*.py")
        if path != kit
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "run_worker"
        and isinstance(node.args[0], ast.Call)
    }
    assert not others
