"""Making a cluster, and writing its configuration.

Root writes here into folders of the unprivileged account, so every file is a new one that gets its
name when it is whole (`whole_file`): no step follows a symlink or writes into what is there.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from psycopg.conninfo import make_conninfo

from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.postgres.embedded import holder, tuning
from usenetsync_tui.postgres.embedded.binaries import Binaries
from usenetsync_tui.postgres.embedded.major_version import check_version, cluster_version
from usenetsync_tui.postgres.embedded.places import PORT, ServerPlaces
from usenetsync_tui.postgres.embedded.service_user import Account, spawn
from usenetsync_tui.whole_file import write_whole

ROLE = "usenetsync"
"""The superuser of the cluster."""

DATABASE = "usenetsync"
"""The database in it that holds the catalogue."""

IDENTITY = ("global/pg_control", 8)
"""The file in the cluster that begins with its system identifier, and the bytes of that."""

_DRAFT = "postgresql.draft-"
_CONFIGURATION = """\
# Settings of your own go here; those of usenetsync, below, win.

include 'usenetsync.conf'
"""
_ADMISSION = f"""\
# Written by usenetsync at each start; changes made here are lost.
local all all peer map={ROLE}
"""


def ensure_cluster(
    places: ServerPlaces, account: Account, binaries: Binaries, log_descriptor: int
) -> None:
    """Make the cluster unless it is there. Call under the start lock.

    It is made under another name and renamed when whole, so one killed half-way is never
    mistaken for a cluster. What initdb says goes to ``log_descriptor``. Raises
    ``DatabaseStartError`` when initdb fails or something else stands in the place.
    """
    _remove_drafts(places)
    if places.pgdata.is_dir() and any(places.pgdata.iterdir()):
        _check_ours(places.pgdata, account)
        return
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=places.home))
    if account.is_another:
        os.chown(draft, account.uid, account.gid)
    argv = [
        str(binaries.initdb),
        f"--pgdata={draft}",
        f"--username={ROLE}",
        "--encoding=UTF8",
        # Sorts by code point, which for UTF-8 is the order of the bytes; the same everywhere.
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--data-checksums",
        "--auth=peer",
        "--no-instructions",
    ]
    with spawn(account, argv, stdout=log_descriptor, stderr=log_descriptor) as initdb:
        code = initdb.wait()
    if code != 0:
        raise DatabaseStartError(f"initdb failed with exit code {code}.")
    _write(draft, "postgresql.conf", _CONFIGURATION, account)
    _sync(draft)
    draft.rename(places.pgdata)
    _sync(places.home)


def configure(places: ServerPlaces, account: Account) -> None:
    """Write settings, rules of admission and who starts the server; done at each start.

    Call with the server's lock taken.
    """
    machine = tuning.Machine.measure(places.pgdata)
    values = tuning.settings(machine, socket_dir=places.socket_dir)
    idents = "".join(f'{ROLE} "{name}" {ROLE}\n' for name in account.admitted)
    _write(places.pgdata, "usenetsync.conf", tuning.render(values), account)
    _write(places.pgdata, "pg_hba.conf", _ADMISSION, account)
    _write(places.pgdata, "pg_ident.conf", idents, account)
    _write(places.pgdata, holder.FILE, holder.record(datetime.now(UTC)), account)


def conninfo(places: ServerPlaces, database: str) -> str:
    """The address of one of its databases."""
    # What is not named here has libpq's default: this process has no PG* variables (`embedded`).
    return make_conninfo("", host=str(places.socket_dir), port=PORT, user=ROLE, dbname=database)


def identity(pgdata: Path) -> bytes:
    """What tells one cluster from any other: the system identifier that initdb gave it."""
    file, size = IDENTITY
    with (pgdata / file).open("rb") as content:
        return content.read(size)


def _check_ours(pgdata: Path, account: Account) -> None:
    if cluster_version(pgdata) is None:
        raise DatabaseStartError(f"{pgdata} is not a PostgreSQL cluster; move it away.")
    check_version(pgdata)
    owner = pgdata.stat().st_uid
    if owner != account.uid:
        raise DatabaseStartError(
            f"The database in {pgdata} belongs to the user with id {owner}, "
            f"and would run as {account.name} ({account.uid}); use it as the user it belongs to."
        )


def _remove_drafts(places: ServerPlaces) -> None:
    for draft in places.home.glob(f"{_DRAFT}*"):
        # An initdb whose parent was killed may still be writing; then the next start clears it.
        shutil.rmtree(draft, ignore_errors=True)


def _write(folder: Path, name: str, text: str, account: Account) -> None:
    def hand_over(descriptor: int) -> None:
        if account.is_another:
            os.fchown(descriptor, account.uid, account.gid)

    data = text.encode("utf-8", "surrogateescape")
    write_whole(folder / name, data, replace=True, hand_over=hand_over)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
