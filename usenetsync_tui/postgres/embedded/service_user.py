"""The user that the embedded PostgreSQL runs as, and how to launch its programs.

PostgreSQL refuses to run as root. An ordinary user runs it under their own account; root runs it
as the system user ``usenetsync``, who owns the cluster and nothing else, or, in the home of
another user, as that user.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence

from usenetsync_tui.environment import KEPT_MEMORY
from usenetsync_tui.errors import DatabaseStartError
from usenetsync_tui.model.backoff import pauses, steps
from usenetsync_tui.model.value_object import value_object

SERVICE_USER = "usenetsync"
_USERADD_PAUSES = (0.2, 0.4, 0.6, 0.8)
"""Seconds between two tries, while another program has the user database locked."""
_WAYS_OUT = (
    "PostgreSQL does not run as root. Run usenetsync as an ordinary user, "
    "or set USENETSYNC_DATABASE_URL to a PostgreSQL server of your own."
)


@value_object
class Account:
    """The operating system user that owns the cluster and runs the server."""

    name: str
    uid: int
    gid: int
    admitted: tuple[str, ...]
    """Names of the operating system users that may connect to the database."""

    @property
    def is_another(self) -> bool:
        """Whether programs must change user to become this account."""
        return self.uid != os.geteuid()


def server_account(
    owner: int | None = None,
    *,
    which: Callable[[str], str | None] = shutil.which,
    service_user: str = SERVICE_USER,
) -> Account:
    """The account to run the server as: our own, or for root the service user.

    ``owner`` is the user id that owns the server's paths, ours by default: root runs another
    user's server as that user. Root may connect to every server of this machine. Creates the
    service user when it is missing. Raises ``DatabaseStartError`` when there is no such account
    and none can be made; the message names the alternatives.
    """
    if os.geteuid() == 0 and not owner:
        found = _look_up(service_user) or _create(service_user, which)
        if found.uid == 0:
            raise DatabaseStartError(f"The user {service_user} has uid 0. {_WAYS_OUT}")
        return found
    import pwd  # Not on Windows, where this module must still import.

    uid = owner or os.geteuid()
    try:
        own = pwd.getpwuid(uid)
    except KeyError:
        raise DatabaseStartError(
            f"The user id {uid} has no name on this machine, and PostgreSQL needs one. "
            "Add it to /etc/passwd, or set USENETSYNC_DATABASE_URL."
        ) from None
    return Account(own.pw_name, own.pw_uid, own.pw_gid, (_root_name(), own.pw_name))


def spawn(
    account: Account,
    argv: Sequence[str | os.PathLike[str]],
    *,
    stdout: int,
    stderr: int,
    inherited: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start ``argv`` as ``account``: from ``/``, detached from our terminal, with a minimal
    environment, and creating private files only. ``stdout`` and ``stderr`` are descriptors;
    ``inherited`` ones keep their numbers.

    Raises ``DatabaseStartError`` when it cannot change to the account or run the program.
    """
    other = account.is_another
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"} | KEPT_MEMORY
    if not other and (libraries := os.environ.get("LD_LIBRARY_PATH")):
        environment["LD_LIBRARY_PATH"] = libraries
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd="/",
            env=environment,
            pass_fds=inherited,
            umask=0o077,
            start_new_session=True,
            user=account.uid if other else None,
            group=account.gid if other else None,
            extra_groups=[] if other else None,
        )
    except (OSError, subprocess.SubprocessError) as error:
        way = f" {_WAYS_OUT}" if other else ""
        raise DatabaseStartError(
            f"{os.fspath(argv[0])} cannot be run as {account.name}: {error}.{way}"
        ) from error


def _look_up(name: str) -> Account | None:
    import pwd

    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid, (_root_name(), entry.pw_name))


def _root_name() -> str:
    import pwd

    try:
        return pwd.getpwuid(0).pw_name
    except KeyError:
        return "root"  # a container without one


def _create(name: str, which: Callable[[str], str | None]) -> Account:
    useradd = which("useradd") or which("/usr/sbin/useradd")
    if useradd is None:
        raise DatabaseStartError(
            f"The system user {name} is missing, and there is no useradd to create it. {_WAYS_OUT}"
        )
    words = ""
    for seconds in pauses(len(_USERADD_PAUSES) + 1, steps(_USERADD_PAUSES)):
        done = subprocess.run(
            [
                useradd,
                "--system",
                "--user-group",
                "--no-create-home",
                "--home-dir",
                "/nonexistent",
                "--shell",
                "/usr/sbin/nologin",
                name,
            ],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        # Another usenetsync may have created the user between our check and our useradd.
        if (account := _look_up(name)) is not None:
            return account
        words = done.stderr.strip() or f"exit code {done.returncode}"
        if seconds is None or "lock" not in words:
            break
        time.sleep(seconds)
    raise DatabaseStartError(f"The system user {name} cannot be created: {words}. {_WAYS_OUT}")
