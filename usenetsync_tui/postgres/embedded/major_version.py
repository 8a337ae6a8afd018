"""The major version of a cluster: ours, or an error with the commands to move it.

PostgreSQL's files change with each major version, and no server reads those of another. Changes
nothing.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.postgres.embedded.binaries import MAJOR, wheel_program

_VERSION = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
_URL = '"$(usenetsync db url)"'


def cluster_version(pgdata: Path) -> str | None:
    """The content of ``PG_VERSION``; None when there is no cluster."""
    try:
        return (pgdata / "PG_VERSION").read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def check_version(pgdata: Path) -> None:
    """Raise ``DatabaseStartError`` with the commands to move a cluster of another version."""
    version = cluster_version(pgdata)
    if version is None or version == str(MAJOR):
        return
    if not _VERSION.fullmatch(version):
        raise DatabaseStartError(
            f"{pgdata / 'PG_VERSION'} is damaged: it contains {version[:20]!r}, not {MAJOR}."
        )
    raise DatabaseStartError(
        f"The database in {pgdata} was made by PostgreSQL {version}; this usenetsync contains "
        f"PostgreSQL {MAJOR}, which cannot read it. Nothing was changed. Keep using the usenetsync "
        "that made it, or move the data. Run, with the one that made it: "
        f"{' && '.join(_out(pgdata, version))}; then, with this one: {' && '.join(_into())}"
    )


def _out(pgdata: Path, version: str) -> list[str]:
    """Commands that export the data and move the cluster aside."""
    aside = pgdata.with_name(f"{pgdata.name}-{version}")
    return [
        "usenetsync db start",
        f"{_dump_program(version)} --no-owner --file=usenetsync.sql {_URL}",
        "usenetsync db stop",
        f"mv {_quoted(pgdata)} {_quoted(aside)}",
    ]


def _into() -> list[str]:
    """Commands that import the data into a new cluster."""
    psql = f"{_quoted(wheel_program('psql'))} --no-psqlrc --quiet --set=ON_ERROR_STOP=1"
    return [
        "usenetsync db start",
        f"{psql} --single-transaction --file=usenetsync.sql {_URL}",
        "usenetsync db stop",
    ]


def _dump_program(version: str) -> str:
    # pg_dump reads servers older than itself, never newer ones.
    return _quoted(wheel_program("pg_dump")) if float(version) < MAJOR else "pg_dump"


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
