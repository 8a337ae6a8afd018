"""The address of a database server: whether it is readable, and which parts may be shown.

An address contains a password, and a mistyped one has it in an unexpected place: libpq takes
``postgresql://u:p@ss@h/`` for a server named ``ss@h``, and would name it in its errors. So this
module rebuilds the address to show from a few fields that look right; it shows nothing of an
unreadable one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import psycopg
from psycopg.conninfo import conninfo_to_dict

UNREADABLE = "(an address that cannot be read)"

_MASK = "***"
_URL = re.compile(r"postgres(?:ql)?://", re.IGNORECASE)
_HOST = r"(?:[A-Za-z0-9_.:-]+|[/@][^\s@:?#']*)"
_SHOWN = {
    "user": re.compile(r"[A-Za-z0-9_.-]+"),
    "host": re.compile(rf"{_HOST}(?:,{_HOST})*"),
    "hostaddr": re.compile(r"[0-9A-Fa-f.:,]+"),
    "port": re.compile(r"[0-9]{0,5}(?:,[0-9]{0,5})*"),
    "dbname": re.compile(r"[A-Za-z0-9_.-]+"),
}
"""The fields to show, and what they must look like. All others are hidden."""
_NO_HOST = re.compile(r"[^/@].*[@;=/?#\s].*", re.DOTALL)
"""Neither the name of a server nor the folder of a socket."""


def readable(address: str) -> Mapping[str, str] | None:
    """The fields of an address by libpq's names, with the password; None: not an address.

    None also if libpq must have cut the password in the wrong place.
    """
    if not _is_whole(address):
        return None
    try:
        found = conninfo_to_dict(address)
    except (psycopg.Error, UnicodeError):
        return None
    fields = {key: str(value) for key, value in found.items() if value is not None}
    port, hosts = fields.get("port", ""), fields.get("host", "").split(",")
    if not _SHOWN["port"].fullmatch(port) or any(_NO_HOST.fullmatch(host) for host in hosts):
        return None
    return fields


def _is_whole(address: str) -> bool:
    """Whether the user's part of a URL ends where libpq thinks it does."""
    match = _URL.match(address)
    if match is None:
        return True
    rest = address[match.end() :]
    before, at, after = rest.partition("@")
    return not (at and (re.search(r"[/?#\s]", before) or "@" in after))


def shown(address: str) -> str:
    """The address with `***` for its password, as a URL or ``key=value`` pairs, as it came."""
    fields = readable(address)
    if fields is None:
        return UNREADABLE
    known = {key: fields[key] for key in _SHOWN if fields.get(key, "").strip(",")}
    if not all(_SHOWN[key].fullmatch(value) for key, value in known.items()):
        return UNREADABLE
    password = f":{_MASK}" if fields.get("password") else ""
    if _URL.match(address) is None or "hostaddr" in known or "/" in known.get("host", ""):
        pairs = [f"{key}={value}" for key, value in known.items()]
        return " ".join([*pairs, f"password={_MASK}"] if password else pairs)
    user = f"{known['user']}{password}@" if "user" in known else ""
    port = f":{known['port']}" if "port" in known else ""
    return f"postgresql://{user}{_bracketed(known.get('host', ''))}{port}/{known.get('dbname', '')}"


def _bracketed(host: str) -> str:
    """Brackets tell an IPv6 address from a port (RFC 3986)."""
    return f"[{host}]" if ":" in host else host
