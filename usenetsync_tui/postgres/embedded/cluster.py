"""Makes a cluster and writes its configuration.

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
from usenetsync_tui.postgres.embedded.server_paths import PORT, ServerPaths
from usenetsync_tui.postgres.embedded.service_user import Account, spawn
from usenetsync_tui.whole_file import write_whole

ROLE = "usenetsync"
"""The superuser of the cluster."""

DATABASE = "usenetsync"
"""The database in it that holds the catalogue."""

IDENTITY = ("global/pg_control", 8)
"""The file in the cluster that begins with its system identifier, and the identifier's size."""

_DRAFT = "postgresql.draft-"
_CONFIGURATION = """\
# Put settings of your own here. Those of usenetsync, below, override them.

include 'usenetsync.conf'
"""
_ADMISSION = f"""\
# usenetsync writes this file at each start and discards changes made here.
local all all peer map={ROLE}
"""


def ensure_cluster(
    paths: ServerPaths, account: Account, binaries: Binaries, log_descriptor: int
) -> None:
    """Make the cluster unless it exists. Call under the start lock.

    initdb works under another name, and we rename the complete cluster, so a killed initdb never
    leaves half a cluster. The output of initdb goes to ``log_descriptor``. Raises
    ``DatabaseStartError`` when initdb fails or something else has the cluster's name.
    """
    _remove_drafts(paths)
    if paths.pgdata.is_dir() and any(paths.pgdata.iterdir()):
        _check_ours(paths.pgdata, account)
        return
    draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=paths.home))
    if account.is_another:
        os.chown(draft, account.uid, account.gid)
    argv = [
        str(binaries.initdb),
        f"--pgdata={draft}",
        f"--username={ROLE}",
        "--encoding=UTF8",
        # Sorts by code point, which for UTF-8 is byte order, the same on every machine.
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
    draft.rename(paths.pgdata)
    _sync(paths.home)


def configure(paths: ServerPaths, account: Account) -> None:
    """Write the settings, the access rules and the holder of the server, at each start.

    Call with the server's lock taken.
    """
    machine = tuning.Machine.measure(paths.pgdata)
    values = tuning.settings(machine, socket_dir=paths.socket_dir)
    idents = "".join(f'{ROLE} "{name}" {ROLE}\n' for name in account.admitted)
    _write(paths.pgdata, "usenetsync.conf", tuning.render(values), account)
    _write(paths.pgdata, "pg_hba.conf", _ADMISSION, account)
    _write(paths.pgdata, "pg_ident.conf", idents, account)
    _write(paths.pgdata, holder.FILE, holder.record(datetime.now(UTC)), account)


def conninfo(paths: ServerPaths, database: str) -> str:
    """The address of one of its databases."""
    # The rest has libpq's defaults: this process has no PG* variables (`EmbeddedServer`).
    return make_conninfo("", host=str(paths.socket_dir), port=PORT, user=ROLE, dbname=database)


def identity(pgdata: Path) -> bytes:
    """The system identifier that initdb gave the cluster; no other cluster has it."""
    file, size = IDENTITY
    with (pgdata / file).open("rb") as content:
        return content.read(size)


def _check_ours(pgdata: Path, account: Account) -> None:
    if cluster_version(pgdata) is None:
        raise DatabaseStartError(f"{pgdata} is not a PostgreSQL data folder; move it away.")
    check_version(pgdata)
    owner = pgdata.stat().st_uid
    if owner != account.uid:
        raise DatabaseStartError(
            f"The database in {pgdata} belongs to the user with id {owner}, but would run as "
            f"{account.name} ({account.uid}). Run usenetsync as the user it belongs to."
        )


def _remove_drafts(paths: ServerPaths) -> None:
    for draft in paths.home.glob(f"{_DRAFT}*"):
        # An initdb whose parent was killed may still be writing; then the next start removes it.
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
