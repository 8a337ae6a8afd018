"""A private INN 2.7: a real news server for tests, in a folder and on ports of its own.

``with Inn() as inn:`` gives an empty server. It runs as the package's user ``news``, which only
root can become, and does not touch a news server of the machine. Its ports, on 127.0.0.1:

``port``         innd itself: starts in transit mode, posting needs ``MODE READER`` first
``reader_port``  nnrpd: a reader from the greeting on; offers ``STARTTLS``
``tls_port``     nnrpd, TLS from the first byte; `ca_file` vouches for 127.0.0.1 and localhost
``ipv6_port``    nnrpd on ::1, only with ``ipv6=True``

It knows nothing about the product. It reads INN's articles from the spool, where each is one file,
because the protocol is under test.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from certificates import Authority

_NEWS = Path("/usr/lib/news")
_BIN = _NEWS / "bin"
_PROGRAMS = ("innd", "nnrpd", "ctlinnd", "makedbz", "auth/passwd/ckpasswd")
_USER = "news"
_PATIENCE = 20.0

_PASSWORD = "correct horse"
# Its crypt(3) hash, SHA-512: Python has no crypt module now, and ckpasswd accepts nothing else.
_PASSWORD_HASH = (
    "$6$usenetsync$Bv1hkwljuyMskC42IVe4O2UfIiBhkss20nWsrWUdmLQp/C"
    "ZReNufqtlAuU2Nl/iinIh4C8.PT8DJvBrNNmvo1."
)

_INN_CONF = """\
pathhost: inn.test
domain: inn.test
mta: "/bin/false %s"
mailcmd: /bin/false
ovmethod: tradindexed
hismethod: hisv6
icdsynccount: 1
runasuser: {user}
runasgroup: {user}
pathnews: {news}
patharchive: {home}/archive
patharticles: {home}/articles
pathdb: {home}/db
pathetc: {home}/etc
pathfilter: {home}/filter
pathincoming: {home}/incoming
pathlog: {home}/log
pathoutgoing: {home}/outgoing
pathoverview: {home}/overview
pathrun: {home}/run
pathspool: {home}
pathtmp: {home}/tmp
bindaddress: 127.0.0.1
port: {port}
maxconnections: 200
nnrpdloadlimit: 0
wireformat: true
maxartsize: {max_article}
localmaxartsize: {max_article}
docancels: none
pgpverify: false
tlscafile: {home}/etc/ca.pem
tlscertfile: {home}/etc/server.pem
tlskeyfile: {home}/etc/server.pem
"""

# Without an entry here innd would hand 127.0.0.1 to nnrpd at once, and need no MODE READER.
_INCOMING = 'max-connections: 0\npeer ME { hostname: "127.0.0.1" }\n'
_STORAGE = "method tradspool {\n    newsgroups: *\n    class: 0\n}\n"
_READERS = """\
auth everybody {{
    hosts: "*"
    auth: "ckpasswd -f {passwords}"
    {default}
}}
access everybody {{
    users: "*"
    newsgroups: "*"
    access: RP
}}
access readers {{
    users: "{reader}"
    newsgroups: "*"
    access: R
}}
"""


class Inn:
    """The server, which runs during the block. `login`: it requires one for everything."""

    host = "127.0.0.1"
    username = "poster"
    reader = "reader"
    """An account with the same password that may not post."""
    password = _PASSWORD
    newsgroup = "alt.binaries.test"
    moderated_newsgroup = "alt.binaries.moderated"
    """Posts without Approved are refused: its moderator has no address."""
    closed_newsgroup = "alt.binaries.closed"
    """A newsgroup closed for posting."""

    def __init__(
        self, *, login: bool = False, max_article: int = 1_000_000, ipv6: bool = False
    ) -> None:
        self.login = login
        self.ipv6 = ipv6
        self.max_article = max_article

    @staticmethod
    def available() -> str | None:
        """Why it cannot run on this machine; None if it can."""
        missing = [name for name in _PROGRAMS if not os.access(_BIN / name, os.X_OK)]
        if missing:
            return f"INN is not installed (Debian package inn2): no {_BIN / missing[0]}"
        if os.geteuid() != 0:
            return f"INN runs as its own user, {_USER}: only root can start it"
        return None

    def __enter__(self) -> Inn:
        with ExitStack() as stack:
            self.home = Path(tempfile.mkdtemp(prefix="inn-", dir="/tmp"))
            stack.callback(shutil.rmtree, self.home)
            self.port, self.reader_port, self.tls_port, self.ipv6_port = _free_ports(4)
            self._configure()
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def article_count(self) -> int:
        """The number of its articles."""
        return sum(1 for _ in self._spooled())

    def message_ids(self) -> set[str]:
        """The Message-IDs of its articles, with angle brackets."""
        return {_message_id(path) for path in self._spooled()}

    def forget(self, message_id: str) -> None:
        """Lose an article: from now on STAT answers 430, yet posting it again is a duplicate."""
        self.ctlinnd("cancel", message_id)

    def ctlinnd(self, *command: str) -> None:
        """Send innd a command (ctlinnd(8)): ``throttle``, ``go``, ``pause``…"""
        self._run(_BIN / "ctlinnd", "-s", "-t", str(int(_PATIENCE)), *command)

    def kill(self) -> None:
        """End all its processes as a power cut would."""
        for process in self._processes.values():
            self._signal_one(process, signal.SIGKILL)
            process.wait()

    def revive(self) -> None:
        """Start it again, with what it has on disk, after `kill`."""
        for left in (self.home / "run").iterdir():
            left.unlink()
        self._launch()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all its processes."""
        for process in self._processes.values():
            self._signal_one(process, number)

    def log(self) -> str:
        """The logs of its daemons, for the message of a failure."""
        files = sorted((self.home / "log").glob("*.out"))
        return "".join(f"== {file.name}\n{file.read_text('utf-8', 'replace')}" for file in files)

    def _spooled(self) -> Iterator[Path]:
        for path in (self.home / "articles").rglob("*"):
            if path.name.isdecimal() and path.is_file() and not path.is_symlink():
                yield path

    def _configure(self) -> None:
        for name in ("archive", "articles", "db", "etc", "filter", "incoming", "log"):
            (self.home / name).mkdir()
        for name in ("outgoing", "overview", "run", "tmp"):
            (self.home / name).mkdir()
        etc, db = self.home / "etc", self.home / "db"
        for path, text in self._files().items():
            (self.home / path).write_text(text)
        self.ca_file = _certify(etc)
        for name in ("history", "active.times"):
            (db / name).touch()
        (etc / "passwords").chmod(0o600)
        self.home.chmod(0o755)  # ca.pem is for the clients
        for path in (self.home, *self.home.rglob("*")):
            shutil.chown(path, _USER, _USER)
        self._run(_BIN / "makedbz", "-i", "-o", "-s", "100000", "-f", str(db / "history"))

    def _files(self) -> dict[str, str]:
        """The configuration: the text of each file, by its path in the home."""
        groups = {
            self.newsgroup: "y",
            self.moderated_newsgroup: "m",
            self.closed_newsgroup: "n",
            "control": "n",
            "control.cancel": "n",
            "junk": "n",
        }
        inn_conf = _INN_CONF.format(
            user=_USER,
            news=_NEWS,
            home=self.home,
            port=self.port,
            max_article=self.max_article,
        )
        readers = _READERS.format(
            passwords=self.home / "etc" / "passwords",
            reader=self.reader,
            default="" if self.login else 'default: "anybody"',
        )
        return {
            "etc/inn.conf": inn_conf,
            "etc/incoming.conf": _INCOMING,
            "etc/storage.conf": _STORAGE,
            "etc/readers.conf": readers,
            "etc/passwords": "".join(
                f"{user}:{_PASSWORD_HASH}\n" for user in (self.username, self.reader)
            ),
            "etc/newsfeeds": "ME:*:Tf,Wnm:\n",
            "etc/moderators": "",
            "db/active": "".join(
                f"{name} 0000000000 0000000001 {flag}\n" for name, flag in groups.items()
            ),
            "db/newsgroups": "".join(f"{name}\tA test.\n" for name in groups),
        }

    def _start(self, stack: ExitStack) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        stack.callback(self._end)
        self._launch()

    def _launch(self) -> None:
        nnrpd = (_BIN / "nnrpd", "-D", "-f", "-n")
        daemons: list[tuple[str, str, int, tuple[str | Path, ...]]] = [
            ("innd", self.host, self.port, (_BIN / "innd", "-d")),
            ("nnrpd", self.host, self.reader_port, (*nnrpd, "-4", self.host)),
            ("nnrpd-tls", self.host, self.tls_port, (*nnrpd, "-4", self.host, "-S")),
        ]
        if self.ipv6:
            daemons.append(("nnrpd-ipv6", "::1", self.ipv6_port, (*nnrpd, "-6", "::1")))
        for name, host, port, command in daemons:
            if name != "innd":
                command = (*command, "-p", str(port))
            with open(self.home / "log" / f"{name}.out", "ab") as out:
                process = self._processes[name] = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                    cwd=self.home,
                    env=self._environment(),
                    start_new_session=True,
                    user=_USER,
                    group=_USER,
                    extra_groups=[],
                )
            self._wait(process, name, host, port)

    def _end(self) -> None:
        # innd first: it handles a SIGTERM only when something else happens.
        if "innd" in self._processes and self._processes["innd"].poll() is None:
            self.ctlinnd("shutdown", "the test is over")
        for process in self._processes.values():
            _stop(process)

    @staticmethod
    def _signal_one(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return  # it has ended

    def _wait(self, process: subprocess.Popen[bytes], name: str, host: str, port: int) -> None:
        end = time.monotonic() + _PATIENCE
        while True:
            if (code := process.poll()) is not None:
                raise RuntimeError(f"{name} ended with {code}\n{self.log()}")
            try:
                with socket.create_connection((host, port), timeout=_PATIENCE):
                    return
            except ConnectionRefusedError:
                if time.monotonic() > end:
                    raise RuntimeError(f"{name} does not listen\n{self.log()}") from None
                time.sleep(0.02)

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.home,
            env=self._environment(),
            check=False,
            timeout=2 * _PATIENCE,
            user=_USER,
            group=_USER,
            extra_groups=[],
        )
        if done.returncode:
            raise RuntimeError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "INNCONF": str(self.home / "etc" / "inn.conf"),
        }


def _certify(folder: Path) -> Path:
    """Make ``server.pem``, certificate and key, and return the file that vouches for it."""
    authority = Authority(folder)
    authority.context("127.0.0.1", "localhost")
    (made,) = set(folder.glob("*.pem")) - {authority.ca_file}
    made.rename(folder / "server.pem").chmod(0o600)
    return authority.ca_file


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _message_id(path: Path) -> str:
    with open(path, "rb") as article:
        for line in article:
            name, _, value = line.partition(b":")
            if name.lower() == b"message-id":
                return value.decode("ascii").strip()
            if not line.strip():
                break
    raise ValueError(f"{path} has no Message-ID")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a daemon and the children of its session; kills those that do not end."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
