"""A server's address as users write it: `host:port`, `[::1]`, `nntps://host`, `socks5://proxy`.

Pure. An address it cannot read raises `ValueError` with a sentence that names the right keys.
"""

from __future__ import annotations

import re

from usenetsync_tui.model.servers.servers import Tls
from usenetsync_tui.model.value_object import value_object

DEFAULT_PROXY_PORT = 1080

_SCHEMES = {
    "nntp": None,
    "news": None,
    "nntps": Tls.IMPLICIT,
    "snews": Tls.IMPLICIT,
}
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<rest>.*)", re.DOTALL)
_IPV6 = re.compile(r"[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(%[!-~]+)?")
_HOST = re.compile(r"[!-~]{1,255}")


@value_object
class TypedAddress:
    """A host, and the port and encryption if the user wrote them."""

    host: str
    port: int | None = None
    tls: Tls | None = None


def read_address(text: str) -> TypedAddress:
    """A server's address in any of its usual forms; `ValueError` with what to write instead."""
    url = _URL.fullmatch(text.strip())
    tls = None
    rest = text.strip()
    if url is not None:
        scheme, rest = url["scheme"].lower(), url["rest"].rstrip("/")
        if scheme not in _SCHEMES:
            raise ValueError(
                f"{scheme}:// is not a news server: write nntps://host, or only the host"
            )
        tls = _SCHEMES[scheme]
    if "@" in rest:
        raise ValueError("write the login into username and password, and only the host here")
    if "/" in rest:
        raise ValueError("write only the host, without a path")
    host, port = _host_and_port(rest)
    return TypedAddress(host, port, tls)


def host_and_port(host: str, port: int) -> str:
    """``news.example.com:563``, ``[::1]:563``: as `read_address` reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def read_proxy(text: str) -> tuple[str, int]:
    """Host and port of ``socks5://host:port``; `ValueError` with what to write instead."""
    url = _URL.fullmatch(text.strip())
    if url is None or url["scheme"].lower() not in ("socks5", "socks5h"):
        raise ValueError('write it as "socks5://host:1080"; other kinds of proxy are not supported')
    rest = url["rest"].rstrip("/")
    if "@" in rest:
        raise ValueError("write the login into proxy_username and proxy_password")
    if "/" in rest:
        raise ValueError('write it as "socks5://host:1080", without a path')
    host, port = _host_and_port(rest)
    return host, port or DEFAULT_PROXY_PORT


def _host_and_port(text: str) -> tuple[str, int | None]:
    if text.startswith("["):
        host, bracket, rest = text[1:].partition("]")
        if not bracket or not _IPV6.fullmatch(host) or rest[:1] not in ("", ":"):
            raise ValueError("write an IPv6 address as [2001:db8::1] or [2001:db8::1]:563")
        return host, _port(rest[1:]) if rest else None
    if _IPV6.fullmatch(text):
        return text, None
    host, colon, port = text.partition(":")
    if not _HOST.fullmatch(host):
        raise ValueError("must be a host name or an address, without spaces")
    return host, _port(port) if colon else None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 65535):
        raise ValueError("a port is a number from 1 to 65535")
    return int(text)
