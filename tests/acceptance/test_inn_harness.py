"""The news server and the newsreader that other tests rely on, tried by hand, without our code."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from xml.sax.saxutils import quoteattr

import nzbget
import pytest
import sabctools
from inn import Inn

pytestmark = pytest.mark.skipif(Inn.available() is not None, reason=str(Inn.available()))


class Client:
    """A socket and its lines, CRLF added and removed."""

    def __init__(self, inn: Inn, port: int | None = None, *, tls: bool = False) -> None:
        self.socket = socket.create_connection((inn.host, port or inn.reader_port), timeout=20)
        if tls:
            self.encrypt(inn)
        self.file = self.socket.makefile("rb")
        self.greeting = self.line()

    def encrypt(self, inn: Inn) -> None:
        context = ssl.create_default_context(cafile=inn.ca_file)
        self.socket = context.wrap_socket(self.socket, server_hostname=inn.host)
        self.file = self.socket.makefile("rb")

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.file.close()
        self.socket.close()

    def line(self) -> str:
        return self.file.readline().decode().removesuffix("\r\n")

    def __call__(self, command: str) -> str:
        self.socket.sendall(command.encode() + b"\r\n")
        return self.line()

    def text(self) -> bytes:
        """The lines of a multi-line answer, unchanged."""
        lines = []
        while (line := self.file.readline()) != b".\r\n":
            lines.append(line)
        return b"".join(lines)

    def post(self, message_id: str, body: bytes = b"body\r\n", **headers: str) -> str:
        """Send an article and return the answer; `headers` replace the usual ones."""
        assert self("POST").startswith("340 ")
        fields = {"From": "a@b.test", "Newsgroups": Inn.newsgroup, "Subject": "x"} | headers
        lines = [f"{name}: {value}" for name, value in fields.items()]
        head = "\r\n".join([*lines, f"Message-ID: {message_id}", "", ""])
        self.socket.sendall(head.encode() + body + b".\r\n")
        return self.line()


@pytest.fixture(scope="module")
def inn() -> Iterator[Inn]:
    with Inn() as running:
        yield running


def test_an_article_goes_in_and_comes_out(inn: Inn) -> None:
    with Client(inn) as client:
        before = inn.article_count()
        assert (
            client.post("<out@x.test>", b"..one\r\ntwo\r\n") == "240 Article received <out@x.test>"
        )
        assert inn.article_count() == before + 1
        assert "<out@x.test>" in inn.message_ids()
        assert client("STAT <out@x.test>").startswith("223 ")
        assert client("BODY <out@x.test>").startswith("222 ")
        assert client.text() == b"..one\r\ntwo\r\n"
        assert client.post("<out@x.test>") == "441 435 Duplicate"
        assert client("QUIT").startswith("205 ")


def test_innd_itself_wants_mode_reader(inn: Inn) -> None:
    with Client(inn, inn.port) as client:
        assert client.greeting.startswith("200 ")
        assert client("POST") == "401 MODE-READER"
        assert client("MODE READER").startswith("200 ")
        assert client.post("<mode@x.test>").startswith("240 ")


def test_a_forgotten_article_is_missing_yet_a_duplicate(inn: Inn) -> None:
    with Client(inn) as client:
        client.post("<lost@x.test>")
        inn.forget("<lost@x.test>")
        assert "<lost@x.test>" not in inn.message_ids()
        assert client("STAT <lost@x.test>").startswith("430 ")
        assert client("BODY <lost@x.test>").startswith("430 ")
        assert client.post("<lost@x.test>") == "441 435 Duplicate"


@pytest.mark.parametrize("group", [Inn.moderated_newsgroup, Inn.closed_newsgroup, "no.such.group"])
def test_a_group_closed_for_posting_is_refused(inn: Inn, group: str) -> None:
    with Client(inn) as client:
        before = inn.article_count()
        assert client.post("<group@x.test>", Newsgroups=group).startswith("441 ")
        assert inn.article_count() == before


def test_an_article_too_large_is_refused(inn: Inn) -> None:
    with Client(inn) as client:
        body = (b"x" * 128 + b"\r\n") * 8_000
        assert client.post("<large@x.test>", body).startswith("441 ")
        assert "<large@x.test>" not in inn.message_ids()


def test_tls_from_the_first_byte_and_after_a_command(inn: Inn) -> None:
    with Client(inn, inn.tls_port, tls=True) as client:
        assert client.greeting.startswith("200 ")
        assert client.post("<tls@x.test>").startswith("240 ")
    with Client(inn) as client:
        plain = client.socket
        assert client("STARTTLS").startswith("382 ")
        client.file.close()
        client.encrypt(inn)
        assert plain.fileno() == -1
        assert client("STAT <tls@x.test>").startswith("223 ")


def test_eight_post_at_once(inn: Inn) -> None:
    def work(number: int) -> list[str]:
        with Client(inn, inn.port) as client:
            client("MODE READER")
            body, _crc = sabctools.yenc_encode(os.urandom(768_000))
            return [client.post(f"<{number}.{n}@x.test>", body + b"\r\n") for n in range(5)]

    before = inn.article_count()
    with ThreadPoolExecutor(8) as threads:
        answers = [answer for share in threads.map(work, range(8)) for answer in share]
    assert {answer[:3] for answer in answers} == {"240"}
    assert inn.article_count() == before + 40


def test_login_is_checked() -> None:
    with Inn(login=True) as inn, Client(inn) as client:
        assert client("POST").startswith("480 ")
        assert client(f"AUTHINFO USER {inn.username}").startswith("381 ")
        assert client("AUTHINFO PASS wrong").startswith("481 ")
        assert client(f"AUTHINFO USER {inn.username}").startswith("381 ")
        assert client(f"AUTHINFO PASS {inn.password}").startswith("281 ")
        assert client.post("<login@x.test>").startswith("240 ")


PART = 100_000
FILES = {"two words.bin": os.urandom(250_001), "grüße «so».txt": b"short\r\n.\r\n=ybegin"}


def yenc_parts(name: bytes, data: bytes) -> list[bytes]:
    """The bodies of a multi-part posting (yEnc 1.3)."""
    total = -(-len(data) // PART)
    bodies = []
    for number in range(total):
        piece = data[number * PART : (number + 1) * PART]
        encoded, crc = sabctools.yenc_encode(piece)
        begin = number * PART + 1
        first = b"=ybegin part=%d total=%d line=128 size=%d name=%b\r\n"
        second = b"=ypart begin=%d end=%d\r\n" % (begin, begin + len(piece) - 1)
        last = b"\r\n=yend size=%d part=%d pcrc32=%08x\r\n" % (len(piece), number + 1, crc)
        head = first % (number + 1, total, len(data), name) + second
        bodies.append(head + encoded + last)
    return bodies


def post_files(client: Client, charset: str) -> str:
    """Post FILES, their yEnc names in this charset, and return their NZB."""
    files = []
    for index, (name, data) in enumerate(FILES.items(), 1):
        bodies = yenc_parts(name.encode(charset), data)
        segments = []
        for number, body in enumerate(bodies, 1):
            assert client.post(f"<nzb.{index}.{number}@x.test>", body).startswith("240 ")
            segments.append(
                f'<segment bytes="{len(body)}" number="{number}">nzb.{index}.{number}@x.test'
                "</segment>"
            )
        subject = f'[{index}/{len(FILES)}] - "{name}" yEnc (1/{len(bodies)}) {len(data)}'
        files.append(
            f'<file poster="a@b.test" date="1700000000" subject={quoteattr(subject)}>'
            f"<groups><group>{Inn.newsgroup}</group></groups>"
            f"<segments>{''.join(segments)}</segments></file>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<!DOCTYPE nzb PUBLIC "-//newzBin//DTD NZB 1.1//EN" '
        '"http://www.newzbin.com/DTD/nzb/nzb-1.1.dtd">\n'
        f'<nzb xmlns="http://www.newzbin.com/DTD/2003/nzb">{"".join(files)}</nzb>\n'
    )


@pytest.mark.skipif(nzbget.available() is not None, reason=str(nzbget.available()))
@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(("charset", "naming"), [("latin-1", "auto"), ("utf-8", "nzb")])
def test_nzbget_downloads_what_was_posted(
    charset: str, naming: str, tls: bool, tmp_path: Path
) -> None:
    nzb = tmp_path / "posting.nzb"
    with Inn(login=True) as inn:
        with Client(inn) as client:
            client(f"AUTHINFO USER {inn.username}")
            client(f"AUTHINFO PASS {inn.password}")
            nzb.write_text(post_files(client, charset))

        def download(into: str) -> Path:
            return nzbget.download(
                nzb,
                tmp_path / into,
                host=inn.host,
                port=inn.tls_port if tls else inn.reader_port,
                username=inn.username,
                password=inn.password,
                tls=tls,
                naming=naming,
            )

        found = {path.name: path.read_bytes() for path in download("first").iterdir()}
        assert found == FILES
        inn.forget("<nzb.1.2@x.test>")
        with pytest.raises(RuntimeError, match="article"):
            download("again")
