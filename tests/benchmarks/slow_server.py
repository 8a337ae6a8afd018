"""A news server that keeps articles in memory, and takes its time on every connection.

Run ``python tests/benchmarks/slow_server.py [--tls PEM]``; it prints its port.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import ssl

_ID = re.compile(rb"^message-id:\s*<([^>]+)>", re.IGNORECASE | re.MULTILINE)
_END = b"\r\n.\r\n"
_STEPS = 12
"""Pieces in which an article comes and goes, with a pause after each."""
_PAUSE = 0.08


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


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--tls", metavar="PEM", help="certificate and key: TLS from the start")
    asyncio.run(_listen(parser.parse_args().tls))


if __name__ == "__main__":
    main()
