"""What a command has resident at its peak, against `memory_limit` and what it counts.

Run ``python tests/benchmarks/memory_in_flight.py [--size 200e6] [CASE ...]``. Each verb is a
process of its own, measured as the kernel accounts it (``ru_maxrss``); PostgreSQL and the server
are other processes. A case is limits, compression, connections, and data that shrink or do not.
The base is what an upload of one small file takes; what is above it has to stay within
`memory_limit`, and `over` is what does not.

The server is slow as servers are: it takes and gives each article over a second or so, on each of
many connections, so that whatever may be in flight is.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from measuring import USENETSYNC, Contestant, Run, fresh_home, measure, stop_database
from posting import Certificate, certify

_ID = re.compile(rb"^message-id:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)
_END = b"\r\n.\r\n"
_STEPS = 12
"""Pieces in which an article comes and goes, with a pause after each."""
_PAUSE = 0.08
_MIB = 1 << 20


class SlowServer:
    """A news server that keeps articles in memory, and takes its time on every connection."""

    def __init__(self) -> None:
        self.articles: dict[bytes, bytes] = {}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        try:
            writer.write(b"200 slow, posting allowed\r\n")
            while line := await reader.readline():
                verb, _, argument = line.strip().partition(b" ")
                if verb.upper() == b"QUIT":
                    break
                await self._answer(verb.upper(), argument, reader, writer)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # The client broke off.
        finally:
            writer.close()

    async def _answer(
        self,
        verb: bytes,
        argument: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        name = argument.strip(b"<>")
        if verb == b"POST":
            writer.write(b"340 go ahead\r\n")
            article = await _slowly_read(reader)
            found = _ID.search(article[:4_096])
            assert found is not None
            self.articles[found[1]] = article
            writer.write(b"240 taken\r\n")
        elif verb in (b"STAT", b"BODY"):
            article = self.articles.get(name, b"")
            if not article:
                writer.write(b"430 no such article\r\n")
            elif verb == b"STAT":
                writer.write(b"223 0 <%s>\r\n" % name)
            else:
                writer.write(b"222 0 <%s>\r\n" % name)
                await _slowly_write(writer, article[article.index(b"\r\n\r\n") + 4 :])
        else:
            writer.write(_ANSWERS.get(verb, b"500 what?\r\n"))


_ANSWERS = {
    b"CAPABILITIES": b"101 here\r\nVERSION 2\r\nREADER\r\nPOST\r\n.\r\n",
    b"MODE": b"200 posting allowed\r\n",
    b"DATE": b"111 20260101000000\r\n",
    b"GROUP": b"211 0 0 0 group\r\n",
}


async def _slowly_read(reader: asyncio.StreamReader) -> bytes:
    article = bytearray()
    while not article.endswith(_END):
        article += await reader.read(1 << 16)
        await asyncio.sleep(_PAUSE)
    return bytes(article)


async def _slowly_write(writer: asyncio.StreamWriter, body: bytes) -> None:
    step = len(body) // _STEPS + 1
    for at in range(0, len(body), step):
        writer.write(body[at : at + step])
        await writer.drain()
        await asyncio.sleep(_PAUSE)


async def _listen(certificate: str | None) -> None:
    slow, context = SlowServer(), None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(
        slow.serve, "127.0.0.1", 0, limit=1 << 16, backlog=512, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def slow_server(certificate: Certificate | None) -> Iterator[int]:
    """Its port, while it runs in a process of its own."""
    command = [sys.executable, __file__, "--serve"]
    if certificate is not None:
        command += ["--certificate", str(certificate.server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


@dataclass(frozen=True, slots=True)
class Case:
    """Settings, and data."""

    limit: int
    """`memory_limit`, in MiB."""
    workers: int = 8
    compression: str = "lz4"
    connections: int = 0
    """0: the shards store."""
    shrinks: bool = False
    chunk: int = 768_000
    """Bytes a segment."""
    tls: bool = False

    def __str__(self) -> str:
        place = f"{self.connections} connections" if self.connections else "shards"
        data = "text" if self.shrinks else "random"
        words = f"{self.limit} MiB, {self.workers} workers, {self.compression}, {place}, {data}"
        return f"{words}, segments of {self.chunk:,} bytes{', TLS' * self.tls}"


CASES = {
    "lzma-random": Case(64, 32, "lzma"),
    "lzma-text": Case(64, 32, "lzma", shrinks=True),
    "lz4-random": Case(64, 32),
    "lz4-text": Case(64, 32, shrinks=True),
    "slow": Case(64, 32, connections=200),
    "slow-256": Case(256, 32, connections=200),
    "slow-4096": Case(4096, connections=200),
    "tls": Case(256, 32, connections=200, tls=True),
    "large": Case(64, 32, chunk=4 << 20),
    "huge": Case(64, 32, chunk=16 << 20),
    "huge-lzma": Case(64, 32, "lzma", chunk=4 << 20),
    "huge-slow": Case(64, 32, connections=200, chunk=4_000_000),
}


def fill(folder: Path, size: int, *, shrinks: bool) -> None:
    """Large files of `size` bytes together, and a tenth as much in small ones."""
    folder.mkdir()

    def data(count: int) -> bytes:
        if shrinks:
            return os.urandom(count // 8).hex().encode() * 4
        return os.urandom(count)

    for number in range(8):
        with open(folder / f"large {number}", "wb") as file:
            for _ in range(size // 8 // _MIB):
                file.write(data(_MIB))
    for number in range(size // 10 // 20_000):
        (folder / f"small {number:05}").write_bytes(data(20_000))


def configure(home: Path, case: Case, port: int, certificate: Certificate | None) -> None:
    """The case's settings."""
    folder = home / "config"
    folder.mkdir(mode=0o700)
    path = folder / "config.toml"
    path.touch(mode=0o600)
    words = (
        f"max_workers = {case.workers}\nmemory_limit = {case.limit * _MIB}\n"
        f"chunk_size = {case.chunk}\n"
    )
    if case.connections:
        words += (
            'newsgroups = ["alt.binaries.test"]\ncheck_delays = []\n[[servers]]\nname = "slow"\n'
            f'host = "127.0.0.1"\nport = {port}\nconnections = {case.connections}\n'
            "max_article = 20000000\n"
        )
        if certificate is None:
            words += 'tls = "none"\n'
        else:
            words += f'tls = "implicit"\nca_file = "{certificate.authority}"\n'
    path.write_text(words)


def runs(case: Case, size: int) -> dict[str, Run]:
    """What each verb took."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="memory-")))
        folder.chmod(0o711)
        certificate = certify(folder / "certificates") if case.tls else None
        port = stack.enter_context(slow_server(certificate)) if case.connections else 0
        home = folder / "home"
        fresh_home(home)
        configure(home, case, port, certificate)
        fill(folder / "tree", size, shrinks=case.shrinks)
        (folder / "one").mkdir()
        (folder / "one" / "file").write_bytes(b"one")
        env = {"USENETSYNC_HOME": str(home)}
        how = ["--compression", case.compression]
        verbs = {
            "nothing": ["upload", f"{folder}/one", *how],
            "upload": ["upload", f"{folder}/tree", *how],
            "restore": ["restore", "tree", f"{folder}/out"],
            "verify": ["verify", "tree", "--body"],
        }
        quiet = {"env": os.environ | env, "stdout": subprocess.DEVNULL, "check": True}
        subprocess.run([*USENETSYNC, "db", "start"], **quiet)  # type: ignore[call-overload]
        try:
            found = {
                verb: measure(Contestant(verb, [*USENETSYNC, *words], env=env))
                for verb, words in verbs.items()
            }
            subprocess.run(["diff", "-r", folder / "tree", folder / "out"], check=True)
            return found
        finally:
            stop_database(home)
            shutil.rmtree(folder / "out", ignore_errors=True)


def main() -> None:
    """Print a line for each case and verb."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("cases", nargs="*", default=list(CASES), metavar="CASE")
    parser.add_argument("--size", type=float, default=200e6, help="bytes (default 200e6)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--certificate", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.serve:
        asyncio.run(_listen(args.certificate))
        return
    for name in args.cases:
        case = CASES[name]
        print(f"{name}: {case}")
        found = runs(case, int(args.size))
        idle = found.pop("nothing").memory
        for verb, run in found.items():
            above = run.memory - idle
            over = max(0, above - case.limit * _MIB)
            print(
                f"  {verb:8}{run.memory >> 20:5} MiB = {idle >> 20} + {above >> 20:4}"
                f"   over {over >> 20:4}   {run.wall:6.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
