"""The servers on loopback that the benchmarks post to, and our settings for them.

`Sink` throws every article away (``sink.py``); `ServingSink` keeps them and gives them back
(``serving_sink.c``, compiled with cc).
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .measuring import FailedError, with_support

NEWSGROUP = "alt.binaries.test"
_SINK = Path(__file__).with_name("sink.py")
_SERVING = Path(__file__).with_name("serving_sink.c")
_CERTIFY = """
import pathlib, sys, certificates
certificates.Authority(pathlib.Path(sys.argv[1])).context("127.0.0.1")
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """Two PEM files: what clients trust, and what the sink shows (with its key)."""

    authority: Path
    server: Path


def certify(folder: Path) -> Certificate:
    """An authority and a certificate for 127.0.0.1, made in a new folder."""
    folder.mkdir()
    with_support(_CERTIFY, str(folder))
    authority = folder / "ca.pem"
    (server,) = set(folder.glob("*.pem")) - {authority}
    return Certificate(authority, server)


class Sink:
    """A sink on a port that stays the same from one to the next."""

    def __init__(self, certificate: Certificate | None = None, delay: float = 0.0) -> None:
        self.certificate = certificate
        self.delay = delay
        self.port = 0

    @contextmanager
    def running(self) -> Iterator[dict[str, float]]:
        """Run it; the dictionary is filled with what it counted when the block is left."""
        command = [sys.executable, str(_SINK), "--port", str(self.port), "--delay", str(self.delay)]
        if self.certificate is not None:
            command += ["--tls", str(self.certificate.server)]
        counted: dict[str, float] = {}
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                self.port = json.loads(process.stdout.readline())["port"]
                yield counted
            finally:
                process.terminate()
                counted.update(json.loads(process.stdout.readline()))


class ServingSink:
    """A running one: `port` answers at once, `delayed_port` after the delay."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        ports = self._line()
        self.port, self.delayed_port = int(ports["port"]), int(ports["delayed_port"])

    def counted(self) -> dict[str, float]:
        """What it has counted since it was last asked."""
        self._process.send_signal(signal.SIGUSR1)
        return self._line()

    def _line(self) -> dict[str, float]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise FailedError("the serving sink has ended")
        return dict(json.loads(line))


@contextmanager
def serving_sink(scratch: Path, delay: float = 0.0) -> Iterator[ServingSink]:
    """Compile and run it, its articles in a file of `scratch`. `delay`: seconds."""
    program = scratch / "serving_sink"
    compiled = subprocess.run(
        ["cc", "-O2", "-pthread", "-o", str(program), str(_SERVING)],
        capture_output=True,
        text=True,
        check=False,
    )
    if compiled.returncode:
        raise FailedError(f"cc cannot compile {_SERVING.name}: {compiled.stderr[-2_000:]}")
    articles = scratch / "articles"
    command = [str(program), str(articles), str(delay * 1e3)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield ServingSink(process)
        finally:
            process.terminate()
            process.wait()
            articles.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Server:
    """A server of our settings, on 127.0.0.1."""

    name: str
    port: int
    connections: int
    roles: tuple[str, ...] = ("post", "verify", "fetch")
    certificate: Certificate | None = None
    """None: without TLS."""
    max_article: int = 0
    """Bytes; 0: the default."""

    def __str__(self) -> str:
        tls = 'tls = "none"'
        if self.certificate is not None:
            tls = f'tls = "implicit"\nca_file = "{self.certificate.authority}"'
        largest = f"max_article = {self.max_article}\n" if self.max_article else ""
        return (
            f'[[servers]]\nname = "{self.name}"\nhost = "127.0.0.1"\nport = {self.port}\n'
            f"connections = {self.connections}\nroles = {json.dumps(self.roles)}\n{largest}{tls}\n"
        )


def configure(home: Path, servers: Sequence[Server], **settings: int) -> None:
    """Write the settings of a home: these servers, and what they acknowledge is believed."""
    folder = home / "config"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "config.toml"
    path.touch(mode=0o600)
    words = [f"{name} = {value}" for name, value in settings.items()]
    if servers:
        words += [f'newsgroups = ["{NEWSGROUP}"]', "check_delays = []", *map(str, servers)]
    path.write_text("\n".join(words) + "\n")
