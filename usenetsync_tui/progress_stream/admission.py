"""Who may read: the checks of a request, in the order in which they are made. Pure.

A web page that a user of this machine has open can make his browser connect to us. It gets nothing:
its `Origin` differs from our own address, and a name that it points to this machine (DNS rebinding)
is not one of our names, so that `Host` gives it away.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Collection, Sequence
from http import HTTPStatus
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from usenetsync_tui.model.secret import Secret

_OUR_NAMES = ("localhost",)


class HeaderFields(Protocol):
    """The header fields of a request."""

    def get_all(self, key: str) -> Sequence[str]:
        """All values of a field, in order."""
        ...


Refused = tuple[HTTPStatus, str]


def foreign(headers: HeaderFields, names: Collection[str]) -> Refused | None:
    """403 for a request with another's `Host` or `Origin`; None: it is meant for us.

    `names`: the host names besides ``localhost`` under which clients may reach us. An address is
    always right, since only a name can be pointed here by somebody else.
    """
    hosts = headers.get_all("Host")
    host = _authority(hosts[0]) if len(hosts) == 1 else None
    if host is None or not _is_ours(host[0], names):
        return HTTPStatus.FORBIDDEN, "This host name is not ours; progress_hosts adds one."
    for origin in headers.get_all("Origin"):
        scheme, _, rest = origin.partition("://")
        if scheme not in ("http", "https") or _authority(rest) != host:
            return HTTPStatus.FORBIDDEN, "Pages of another origin may not read this."
    return None


def without_token(target: str, headers: HeaderFields, token: Secret) -> Refused | None:
    """401 for a request without the token; None: it has it.

    `target`: the path with its query. The token is in ``Authorization: Bearer`` or ``?token=``.
    """
    given = [
        value.strip()
        for field in headers.get_all("Authorization")
        for kind, _, value in (field.strip().partition(" "),)
        if kind.lower() == "bearer"
    ]
    given += parse_qs(urlsplit(target).query, errors="surrogateescape").get("token", [])
    wanted = token.encode()
    if any(hmac.compare_digest(g.encode("utf-8", "surrogateescape"), wanted) for g in given):
        return None
    return HTTPStatus.UNAUTHORIZED, "The token is missing or wrong."


def _authority(text: str) -> tuple[str, str] | None:
    """The host in lower case and the port of ``host:port``; None if it is neither."""
    try:
        split = urlsplit(f"//{text}")
        host, port = split.hostname, split.port
    except ValueError:
        return None
    if not host or split.path or split.query or split.fragment or "@" in text:
        return None
    return host.rstrip("."), "" if port is None else str(port)


def _is_ours(host: str, names: Collection[str]) -> bool:
    if host in _OUR_NAMES or host in {name.lower().rstrip(".") for name in names}:
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
