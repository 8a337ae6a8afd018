"""Turns the answers of the server form into a server, or into complaints by field. Pure.

The settings accept every server that this module accepts.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import field

from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers.server_address import read_proxy
from usenetsync_tui.model.servers.servers import ALL_ROLES, AddressFamily, Role, Server, Tls
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.kit.form import Complaints, whole_number
from usenetsync_tui.tui.kit.options import Pick

MOST_CONNECTIONS = 200
NO_SECRET = Secret("")
MORE_FIELDS = frozenset(
    {
        "roles",
        "priority",
        "verify",
        "ca_file",
        "address_family",
        "proxy",
        "proxy_username",
        "proxy_password",
    }
)
"""The fields that the form shows on demand."""
_NAME = re.compile(r"[A-Za-z0-9._-]{1,40}")
_HOST = re.compile(r"[!-~]{1,255}")
_MOST_TEXT = 500

TLS_PICKS = (
    Pick(Tls.IMPLICIT, "yes", "From the first byte, port 563: what providers offer."),
    Pick(Tls.STARTTLS, "starttls", "After a greeting in the clear, port 119."),
    Pick(
        Tls.NONE,
        "none",
        "Only on your own network.",
        "NOT ENCRYPTED: everybody in between can read the password.",
    ),
)
ROLE_PICKS = (
    Pick(Role.POST, "post", "Articles are posted here. Space ticks."),
    Pick(Role.VERIFY, "verify", "Posted articles are checked here. Space ticks."),
    Pick(Role.FETCH, "fetch", "Articles are fetched from here. Space ticks."),
)
VERIFY_PICKS = (
    Pick("yes", "checked", "The certificate must match the host."),
    Pick(
        "no",
        "not checked",
        "For a server of your own; a CA file is safer.",
        "CERTIFICATE NOT VERIFIED: anyone in between can read everything.",
    ),
)
FAMILY_PICKS = (
    Pick(AddressFamily.ANY, "any", "In the order the system prefers; all are tried."),
    Pick(AddressFamily.IPV4, "IPv4 first", "IPv6 addresses are tried after the others."),
    Pick(AddressFamily.IPV6, "IPv6 first", "IPv4 addresses are tried after the others."),
)


@value_object
class TypedServer:
    """The answers of the form, as the user typed them."""

    name: str
    host: str
    port: str
    tls: str
    username: str
    password: Secret = field(repr=False)
    connections: str
    roles: frozenset[str]
    priority: str
    verify: str
    ca_file: str
    address_family: str = AddressFamily.ANY
    proxy: str = ""
    proxy_username: str = ""
    proxy_password: Secret = field(default=NO_SECRET, repr=False)


def usual_port(tls: str) -> int:
    """The port for an empty answer: 563 with implicit TLS (RFC 8143), else 119 (RFC 3977)."""
    return 563 if tls == Tls.IMPLICIT else 119


def read_server(typed: TypedServer, taken: Collection[str] = ()) -> Server | Complaints:
    """The typed server, or complaints by field. `taken`: the names of the other servers."""
    host = _bare(typed.host.strip())
    port = whole_number(typed.port, 1, 65535) if typed.port.strip() else usual_port(typed.tls)
    connections = whole_number(typed.connections, 1, MOST_CONNECTIONS)
    priority = whole_number(typed.priority, 0, 1000)
    complaints = {
        "name": _name_problem(typed.name.strip(), taken),
        "host": _host_problem(host),
        "port": _problem(port),
        "username": _text_problem(typed.username),
        "password": _text_problem(typed.password),
        "connections": _problem(connections),
        "roles": "" if typed.roles else "Tick at least one.",
        "priority": _problem(priority),
        "ca_file": _ca_problem(typed.ca_file.strip()),
        **_proxy_problems(typed),
    }
    if typed.password and not typed.username:
        complaints["username"] = complaints["username"] or "A password needs a username."
    wrong = {name: text for name, text in complaints.items() if text}
    if wrong:
        return wrong
    return Server(
        name=typed.name.strip(),
        host=host,
        port=int(port),
        tls=Tls(typed.tls),
        username=typed.username,
        password=typed.password,
        connections=int(connections),
        roles=frozenset(Role(role) for role in typed.roles),
        priority=int(priority),
        verify_tls=typed.verify == "yes",
        ca_file=typed.ca_file.strip() or None,
        address_family=AddressFamily(typed.address_family),
        proxy=typed.proxy.strip(),
        proxy_username=typed.proxy_username,
        proxy_password=typed.proxy_password,
    )


def _problem(number: int | str) -> str:
    return number if isinstance(number, str) else ""


def _name_problem(name: str, taken: Collection[str]) -> str:
    if not name:
        return "Give it a name: any short word."
    if not _NAME.fullmatch(name):
        return "At most 40 letters, digits, dots, dashes and underscores."
    return "A server with this name exists." if name in taken else ""


def _bare(host: str) -> str:
    """An IPv6 address without its brackets."""
    return host[1:-1] if re.fullmatch(r"\[[0-9a-fA-F:.]+\]", host) else host


def _host_problem(host: str) -> str:
    if not host:
        return "Type the host's name, such as news.example.com."
    if "://" in host or "/" in host:
        return "Only the host's name, without nntps:// and slashes."
    if ":" in host and not re.fullmatch(r"[0-9a-fA-F:.]+", host):
        return "The port has its own field."
    return "" if _HOST.fullmatch(host) else "A host's name has neither spaces nor accents."


def _text_problem(text: str) -> str:
    if any(not char.isprintable() for char in text):
        return "It contains a control character."
    return "" if len(text) <= _MOST_TEXT else "This is too long."


def _ca_problem(path: str) -> str:
    if path and not path.startswith("/"):
        return "Type the whole path: it begins with /."
    return _text_problem(path)


def _proxy_problems(typed: TypedServer) -> dict[str, str]:
    """Complaints about the proxy; `read_proxy` words those about its address."""
    problems = {
        "proxy": _text_problem(typed.proxy),
        "proxy_username": _text_problem(typed.proxy_username),
        "proxy_password": _text_problem(typed.proxy_password),
    }
    if typed.proxy.strip():
        try:
            read_proxy(typed.proxy)
        except ValueError as error:
            problems["proxy"] = problems["proxy"] or _sentence(str(error))
    elif typed.proxy_username or typed.proxy_password:
        problems["proxy"] = "A proxy login needs a proxy."
    if typed.proxy_password and not typed.proxy_username:
        problems["proxy_username"] = problems["proxy_username"] or "A password needs a username."
    return problems


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."


NEW = Server("", "", 0, roles=ALL_ROLES)
"""The initial answers of the form for a new server."""
