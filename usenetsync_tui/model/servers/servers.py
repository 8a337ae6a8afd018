"""Usenet servers: their configuration, and their status as the engine reports it."""

from __future__ import annotations

import re
from dataclasses import field
from enum import StrEnum

from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.value_object import value_object


class Tls(StrEnum):
    """How a connection is encrypted."""

    IMPLICIT = "implicit"
    """From the first byte (RFC 8143), port 563."""
    STARTTLS = "starttls"
    """After a STARTTLS command (RFC 4642), port 119."""
    NONE = "none"


class AddressFamily(StrEnum):
    """Which kind of address a connection tries first if a name has both."""

    ANY = "any"
    """As the system prefers."""
    IPV4 = "ipv4"
    IPV6 = "ipv6"


class Exposure(StrEnum):
    """What an attacker between us and a server can do, in words for the user."""

    NOT_ENCRYPTED = "not encrypted: anyone in between can read the login"
    NOT_VERIFIED = "certificate not verified: someone in between may be listening"

    @property
    def loudly(self) -> str:
        """The text, with capitals before the colon."""
        what, _, why = self.partition(":")
        return f"{what.upper()}:{why}"


def exposure(*, encrypted: bool, verified: bool) -> Exposure | None:
    """What a connection exposes; None: nothing."""
    if not encrypted:
        return Exposure.NOT_ENCRYPTED
    return None if verified else Exposure.NOT_VERIFIED


class Role(StrEnum):
    """What a server is used for."""

    POST = "post"
    VERIFY = "verify"
    FETCH = "fetch"


ALL_ROLES = frozenset(Role)


@value_object
class Server:
    """One server as the user configured it. Times are seconds, rates bytes per second."""

    name: str
    host: str
    port: int
    tls: Tls = Tls.IMPLICIT
    username: str = ""
    password: str = field(default="", repr=False)
    """Always a `Secret`, also when the constructor gets a string."""
    connections: int = 8
    roles: frozenset[Role] = ALL_ROLES
    priority: int = 0
    """The engine uses servers with the lowest number first, the others when those fail."""
    verify_tls: bool = True
    ca_file: str | None = None
    """A PEM file of a private server's certificate authority, instead of the system's."""
    timeout: float = 60.0
    """How long any single answer may take, except a body."""
    lowest_rate: int = 1_000
    """Bytes a second, averaged over half a minute, that an article must move at in either
    direction; 0: no lower limit."""
    max_article: int = 1_000_000
    """Bytes of an article, headers included, that the server takes (INN's default)."""
    pipeline: int = 2
    """Requests under way on a connection when articles are fetched."""
    bandwidth_limit: int = 0
    """Bytes a second posted to it at most; 0: no limit."""
    fetch_limit: int = 0
    """Bytes a second fetched from it at most; 0: no limit."""
    address_family: AddressFamily = AddressFamily.ANY
    """Which of the host's addresses are tried first."""
    proxy: str = ""
    """``socks5://host:port`` of a SOCKS5 proxy, which resolves the host's name; empty: none."""
    proxy_username: str = ""
    proxy_password: str = field(default="", repr=False)
    """A `Secret`, as `password`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "password", Secret(self.password))
        object.__setattr__(self, "proxy_password", Secret(self.proxy_password))

    @property
    def exposure(self) -> Exposure | None:
        """What its connections expose."""
        return exposure(encrypted=self.tls is not Tls.NONE, verified=self.verify_tls)

    def __repr__(self) -> str:
        return f"Server({self.name!r}, {self.host!r}, {self.port})"  # no secrets in a traceback


PASSWORD_VARIABLE = "USENETSYNC_PASSWORD_"


def password_variable(name: str) -> str:
    """The environment variable that may hold the password of the server with this name."""
    return PASSWORD_VARIABLE + re.sub(r"[^A-Z0-9]", "_", name.upper())


class ServerState(StrEnum):
    """How a server is doing."""

    IDLE = "idle"
    """Not used yet."""
    UP = "up"
    PAUSED = "paused"
    """Not used for a while: `message` says why, `retry_in` for how long."""
    DOWN = "down"
    """Does not answer; the engine tries it again after `retry_in`."""
    STOPPED = "stopped"
    """Not used until the settings change: it refuses the login or the account."""


@value_object
class ConnectionStatus:
    """One connection of a server."""

    number: int
    state: str
    """``idle``, ``posting``, ``checking``, ``fetching``, ``connecting``."""
    bytes: int
    articles: int
    errors: int
    latency: float
    """Seconds the last answer took."""


@value_object
class ServerStatus:
    """One server now. Counters begin with the engine's start."""

    name: str
    host: str
    state: ServerState
    message: str = ""
    """Why it is not up, in the server's words or ours."""
    retry_in: float | None = None
    roles: frozenset[Role] = ALL_ROLES
    open: int = 0
    """Connections that are open."""
    busy: int = 0
    allowed: int = 0
    """Connections it may have now: fewer than configured after "too many connections"."""
    configured: int = 0
    bytes: int = 0
    """Bytes posted and fetched, as on the wire."""
    articles: int = 0
    errors: int = 0
    latency: float = 0.0
    """Moving mean of the seconds an answer takes."""
    encrypted: bool = True
    tls_verified: bool = True
    """False: an attacker in between can read and change everything. Shown in red."""
    connections: tuple[ConnectionStatus, ...] = ()
    held: bool = False
    """The user paused it."""
    bandwidth_limit: int = 0
    """Bytes a second posted to it; 0: no limit."""
    fetch_limit: int = 0
    """Bytes a second fetched from it; 0: no limit."""

    @property
    def exposure(self) -> Exposure | None:
        """What its connections expose. Shown in red."""
        return exposure(encrypted=self.encrypted, verified=self.tls_verified)
