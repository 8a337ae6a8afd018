"""Every form of a password in a reply is masked, whatever a server does with it."""

from __future__ import annotations

import base64
from urllib.parse import quote, quote_plus

import pytest

from usenetsync_tui.codec.masking import mask_of
from usenetsync_tui.codec.nntp import Conversation, NntpCommand, parse_capabilities, parse_reply
from usenetsync_tui.errors import ProtocolError

PASSWORDS = ["hunter2", "p@ss w/rd+1", "Grüße", "a", "%s{}<x@y>", "223"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_every_form_of_the_password_is_masked(password: str) -> None:
    octets = password.encode()
    forms = [
        octets,
        octets.upper(),
        octets.lower(),
        quote(password).encode(),
        quote(password, safe="").encode(),
        quote_plus(password).encode(),
        base64.b64encode(octets).rstrip(b"="),
        base64.b64encode(b"bob:" + octets).rstrip(b"="),
        base64.b64encode(b"\0bob\0" + octets).rstrip(b"="),
    ]
    mask = mask_of("bob", password)
    for form in forms:
        assert form not in mask(b"bad: " + form + b" (" + form + b")").replace(b"***", b"")


def test_without_a_password_nothing_changes() -> None:
    assert mask_of("bob", "")(b"200 bob ***") == b"200 bob ***"


@pytest.mark.parametrize("password", ["hunter2", "p@ss w/rd+1", "Grüße", "%s{}<x@y>"])
@pytest.mark.parametrize("code", [200, 281, 481, 400, 441, 430, 502])
def test_no_reply_shows_the_password_or_changes_its_meaning(password: str, code: int) -> None:
    line = f"{code} nothing for bob:{password} here, {password}".encode()
    reply = parse_reply(line, mask_of("bob", password))
    assert reply.code == code
    assert password not in str(reply)
    assert password not in repr(reply)
    assert reply.said == parse_reply(line).text


def test_no_invalid_reply_shows_a_part_of_the_password() -> None:
    secret = "long secret " * 7
    for line in (f"hello {secret}", f"{secret}", f"99 {secret}", "x" * 70 + secret):
        with pytest.raises(ProtocolError) as caught:
            parse_reply(line.encode(), mask_of("bob", secret))
        assert "long" not in str(caught.value)


def test_an_error_about_the_order_of_replies_hides_the_password() -> None:
    talk = Conversation(mask_of("bob", "hunter2"))
    talk.receive(b"200 hello hunter2")
    with pytest.raises(ProtocolError) as caught:
        talk.receive(b"223 0 <hunter2@x>")
    assert "hunter2" not in str(caught.value)
    talk = Conversation(mask_of("bob", "hunter2"))
    talk.receive(b"200 hello")
    talk.command(NntpCommand.MODE_READER)
    talk.receive(b"200 hunter2")
    talk.command(NntpCommand.STAT, "a@b")
    with pytest.raises(ProtocolError) as caught:
        talk.receive(b"223 0 <hunter2@x>")
    assert "hunter2" not in str(caught.value)


def test_capabilities_are_masked_before_they_are_read() -> None:
    lines = [mask_of("bob", "hunter2")(b"X-HELLO hunter2 HUNTER2")]
    assert parse_capabilities(lines) == {"X-HELLO": ("***", "***")}
