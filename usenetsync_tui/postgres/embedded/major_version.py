"""The major version of a cluster: ours, or refused with the way to move it.

PostgreSQL's files change with each major version, and no server reads those of another. Knows
how to say so; changes nothing.
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
    """What ``PG_VERSION`` says, or None when there is no cluster."""
    try:
        return (pgdata / "PG_VERSION").read_text(errors="replace").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None


def check_version(pgdata: Path) -> None:
    """Raise ``DatabaseStartError``, with the commands to move it, for another version's cluster."""
    version = cluster_version(pgdata)
    if version is None or version == str(MAJOR):
        return
    if not _VERSION.fullmatch(version):
        raise DatabaseStartError(
            f"{pgdata / 'PG_VERSION'} is damaged: it says {version[:20]!r}, not {MAJOR}."
        )
    raise DatabaseStartError(
        f"The database in {pgdata} was made by PostgreSQL {version}, and this usenetsync brings "
        f"PostgreSQL {MAJOR}, which cannot read it. Nothing was changed. Go on with the usenetsync "
        "that made it, or move the data: with the one that made it, "
        f"{' && '.join(_out(pgdata, version))}; then, with this one, {' && '.join(_into())}"
    )


def _out(pgdata: Path, version: str) -> list[str]:
    """Commands that write the data down and put the cluster aside."""
    aside = pgdata.with_name(f"{pgdata.name}-{version}")
    return [
        "usenetsync db start",
        f"{_dump_program(version)} --no-owner --file=usenetsync.sql {_URL}",
        "usenetsync db stop",
        f"mv {_quoted(pgdata)} {_quoted(aside)}",
    ]


def _into() -> list[str]:
    """Commands that load it into a new cluster."""
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
