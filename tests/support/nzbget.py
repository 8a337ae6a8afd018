"""Debian's NZBGet, downloading an NZB as a user's newsreader would.

It runs to its end as one process (NZBGet's standalone mode) in a folder of its own, with
nothing that would repair, unpack, rename or leave out what it gets: what lies in the returned
folder is what the NZB and the articles say.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

_PATIENCE = 180.0
_CONFIGURATION = """\
MainDir={home}
DestDir={home}/done
InterDir=
NzbDir={home}/nzb
QueueDir={home}/queue
TempDir={home}/tmp
ScriptDir={home}/scripts
WebDir=
ConfigTemplate=/etc/nzbget.conf
LockFile={home}/lock
LogFile={home}/nzbget.log
OutputMode=log
WriteLog=append
ControlIP={home}/control
Server1.Active=yes
Server1.Host={host}
Server1.Port={port}
Server1.Username={username}
Server1.Password={password}
Server1.Encryption={encryption}
Server1.Connections={connections}
CertCheck=no
ArticleTimeout=20
ArticleRetries=1
ArticleInterval=0
AppendCategoryDir=no
NzbCleanupDisk=no
FileNaming={naming}
DirectWrite=yes
CrcCheck=yes
DupeCheck={dupes}
HealthCheck=none
DirectRename=no
ParCheck=manual
ParRename=no
RarRename=no
Unpack=no
DirectUnpack=no
ExtCleanupDisk=
"""


def available() -> str | None:
    """Why it cannot run here; None when it can."""
    if shutil.which("nzbget") is None:
        return "NZBGet is not installed (Debian package nzbget)"
    return None


def configure(
    nzb: Path,
    into: Path,
    *,
    host: str,
    port: int,
    username: str = "",
    password: str = "",
    tls: bool = False,
    naming: str = "auto",
    dupes: bool = False,
    connections: int = 4,
) -> list[str]:
    """The command that downloads an NZB. `into` is made; NZBGet fills it with its own things too.

    `naming` is NZBGet's FileNaming: ``auto``, its default, takes a file's name from ``=ybegin``,
    which it reads as Latin-1 whatever is in it; ``nzb`` takes the quoted one of the subject, in
    which it makes ``&#38;`` of an ampersand. `dupes`: NZBGet drops a second file of one name,
    which is its default.
    """
    into.mkdir(mode=0o700)
    configuration = into / "nzbget.conf"
    configuration.touch(mode=0o600)
    configuration.write_text(
        _CONFIGURATION.format(
            home=into,
            host=host,
            port=port,
            username=username,
            password=password,
            encryption="yes" if tls else "no",
            naming=naming,
            dupes="yes" if dupes else "no",
            connections=connections,
        )
    )
    return ["nzbget", "--configfile", str(configuration), str(nzb)]


def download(
    nzb: Path,
    into: Path,
    *,
    host: str,
    port: int,
    username: str = "",
    password: str = "",
    tls: bool = False,
    naming: str = "auto",
    dupes: bool = False,
) -> Path:
    """The folder of the NZB's files, as `result` has it; the rest is `configure`'s."""
    command = configure(
        nzb,
        into,
        host=host,
        port=port,
        username=username,
        password=password,
        tls=tls,
        naming=naming,
        dupes=dupes,
    )
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=_PATIENCE,
        )
    except subprocess.TimeoutExpired as error:
        raise RuntimeError(f"NZBGet does not end: {_log(into)}\n{error.stdout!r}") from None
    return result(into, f"exit code {done.returncode}\n{done.stdout!r}")


def result(into: Path, words: str = "") -> Path:
    """The folder of the NZB's files, after NZBGet has ended.

    RuntimeError, with NZBGet's log and `words`, when anything at all is missing or damaged.
    """
    log = _log(into)
    if not re.search(r"Collection .* completely downloaded", log) or re.search(_TROUBLE, log):
        raise RuntimeError(f"NZBGet, {words}\n{log}")
    (folder,) = (into / "done").iterdir()
    return folder


_TROUBLE = re.compile(r"^.*\t(ERROR|WARNING)\t.*$", re.MULTILINE)


def _log(into: Path) -> str:
    file = into / "nzbget.log"
    return file.read_text("utf-8", "replace") if file.exists() else "(no log)"
