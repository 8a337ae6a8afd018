"""Functions with which tests kill and examine their own servers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from usenetsync_tui.postgres.embedded.server import EmbeddedServer

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")

MakeServer = Callable[..., EmbeddedServer]


def kill(pid: int) -> None:
    """``kill -9`` for a process of a server that a test started."""
    os.kill(pid, signal.SIGKILL)


def children(pid: int) -> list[int]:
    """The processes whose parent is ``pid``."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == pid:
            found.append(int(stat.parent.name))
    return found


def titled(postmaster: int, title: str) -> list[int]:
    """The processes of a server with this title."""
    found = []
    for pid in children(postmaster):
        with suppress(FileNotFoundError, ProcessLookupError):
            if title in Path(f"/proc/{pid}/cmdline").read_text(errors="replace"):
                found.append(pid)
    return found


def run_as_nobody(script: str, *arguments: str, site: Path | None = None) -> str:
    """The output of ``script``, run as the user ``nobody``; it must end without an error.

    The user ``nobody`` may not reach the interpreter, so it starts as the current user, loads all
    it needs, and then becomes ``nobody`` for good. ``site`` then comes first on the path.
    """
    prelude = f"""
import os, pwd, sys, pathlib, subprocess, tempfile, shutil, signal, socket, encodings.idna
import importlib.metadata, importlib.resources, _posixsubprocess, fcntl, hashlib, secrets
import shlex, usenetsync_tui.socket_folder
import psycopg, psycopg.sql, platformdirs, platformdirs.unix
import usenetsync_tui.locations, usenetsync_tui.postgres.embedded, usenetsync_tui.errors
me = pwd.getpwnam("nobody")
os.setgroups([]); os.setgid(me.pw_gid); os.setuid(me.pw_uid)
os.chdir("/")
site = {str(site) if site else ""!r}
if site:
    sys.path.insert(0, site)
    sys.path_importer_cache.clear()
"""
    done = subprocess.run(
        [sys.executable, "-c", prelude + script, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
