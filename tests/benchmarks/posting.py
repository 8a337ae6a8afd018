"""What the benchmarks of posting share: files to post, the sink, and our command before it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from measuring import REPOSITORY, USENETSYNC, Contestant, fresh_home, stop_database

NEWSGROUP = "alt.binaries.test"
_SINK = Path(__file__).with_name("sink.py")
# In a process of its own, where the modules of the tests are on the path.
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
    folder.mkdir()
    command = [sys.executable, "-c", _CERTIFY, str(folder)]
    subprocess.run(command, cwd=REPOSITORY / "tests", check=True)
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


def random_files(folder: Path, size: int, count: int) -> list[Path]:
    """So many files of random bytes, of `size` together; now in the page cache."""
    folder.mkdir()
    paths = [folder / f"random {number:03}.bin" for number in range(count)]
    for path in paths:
        left = size // count
        with open(path, "wb") as file:
            while left:
                left -= file.write(os.urandom(min(left, 8 << 20)))
    os.sync()
    return paths


def usenetsync(
    source: Path, scratch: Path, *, sink: Sink, profile: str, connections: int = 8
) -> Contestant:
    """``usenetsync upload`` with a fresh catalogue, its database started before."""
    home = scratch / "usenetsync-home"
    env = {"USENETSYNC_HOME": str(home)}

    def prepare() -> None:
        fresh_home(home)
        configure(home, sink, connections)
        start = [*USENETSYNC, "db", "start", "--json"]
        subprocess.run(
            start, cwd=REPOSITORY, env=os.environ | env, stdout=subprocess.DEVNULL, check=True
        )

    upload = [*USENETSYNC, "upload", str(source), "--store", "usenet", "--profile", profile]
    return Contestant(
        f"usenetsync, {profile}",
        [*upload, "--json"],
        env,
        prepare,
        home,
        clean=partial(stop_database, home),
    )


def configure(home: Path, sink: Sink, connections: int) -> None:
    """Its settings: the sink and nothing else, and what it acknowledges is believed."""
    folder = home / "config"
    folder.mkdir(mode=0o700)
    tls = 'tls = "none"'
    if sink.certificate is not None:
        tls = f'tls = "implicit"\nca_file = "{sink.certificate.authority}"'
    path = folder / "config.toml"
    path.touch(mode=0o600)
    path.write_text(
        f"""\
newsgroups = ["{NEWSGROUP}"]
check_delays = []
[[servers]]
name = "sink"
host = "127.0.0.1"
port = {sink.port}
connections = {connections}
roles = ["post"]
{tls}
"""
    )
