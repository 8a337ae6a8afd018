"""The forms in which users write the address of a server."""

from __future__ import annotations

import pytest

from usenetsync_tui.model.servers.server_address import TypedAddress, read_address, read_proxy
from usenetsync_tui.model.servers.servers import Tls

READ = {
    "news.example.com": TypedAddress("news.example.com"),
    "  news.example.com ": TypedAddress("news.example.com"),
    "news.example.com:443": TypedAddress("news.example.com", 443),
    "192.0.2.1": TypedAddress("192.0.2.1"),
    "192.0.2.1:119": TypedAddress("192.0.2.1", 119),
    "::1": TypedAddress("::1"),
    "[::1]": TypedAddress("::1"),
    "[2001:db8::1]:563": TypedAddress("2001:db8::1", 563),
    "2001:db8::192.0.2.1": TypedAddress("2001:db8::192.0.2.1"),
    "fe80::1%eth0": TypedAddress("fe80::1%eth0"),
    "nntps://news.example.com": TypedAddress("news.example.com", None, Tls.IMPLICIT),
    "NNTPS://news.example.com:443/": TypedAddress("news.example.com", 443, Tls.IMPLICIT),
    "snews://[::1]": TypedAddress("::1", None, Tls.IMPLICIT),
    "nntp://news.example.com:119": TypedAddress("news.example.com", 119),
    "news://news.example.com": TypedAddress("news.example.com"),
}


@pytest.mark.parametrize(("text", "found"), READ.items())
def test_valid_addresses(text: str, found: TypedAddress) -> None:
    assert read_address(text) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("https://news.example.com", "https:// is not a news server"),
        ("nntps://bob:secret@news.example.com", "username and password"),
        ("bob@news.example.com", "username and password"),
        ("news.example.com/alt.test", "without a path"),
        ("news.example.com:nntps", "a number from 1 to 65535"),
        ("news.example.com:0", "a number from 1 to 65535"),
        ("news.example.com:99999", "a number from 1 to 65535"),
        ("news.example.com:", "a number from 1 to 65535"),
        ("[::1", "[2001:db8::1]:563"),
        ("[::1]563", "[2001:db8::1]:563"),
        ("[news.example.com]", "[2001:db8::1]:563"),
        ("my host", "without spaces"),
        ("müller.example", "without spaces"),
        ("", "a host name or an address"),
    ],
)
def test_invalid_addresses(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        read_address(text)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)


def test_a_proxy() -> None:
    assert read_proxy("socks5://127.0.0.1:9050") == ("127.0.0.1", 9050)
    assert read_proxy("socks5h://tor.example") == ("tor.example", 1080)
    assert read_proxy("SOCKS5://[::1]:1080/") == ("::1", 1080)
    for text, words in {
        "127.0.0.1:9050": "socks5://host:1080",
        "http://proxy:3128": "other kinds",
        "socks4://proxy": "other kinds",
        "socks5://bob:secret@proxy": "proxy_username and proxy_password",
        "socks5://proxy:99999": "a number from 1 to 65535",
        "socks5://": "a host name or an address",
    }.items():
        with pytest.raises(ValueError, match=r".") as caught:
            read_proxy(text)
        assert words in str(caught.value)
