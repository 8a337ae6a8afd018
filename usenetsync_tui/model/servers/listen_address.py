"""Where a server of ours listens: ``localhost:8080``, ``[::1]:8080``.

Pure: resolves no name. A host is loopback here if its text says so.
"""

from __future__ import annotations

import ipaddress
import re

from usenetsync_tui.model.value_object import value_object

_TYPED = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|(?P<host>[A-Za-z0-9._-]+)):(?P<port>\d{1,5})")


@value_object
class ListenAddress:
    """A host, without brackets, and a port; 0: any free one."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only programs of this machine reach it."""
        if self.host.lower() == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def read_listen_address(text: str) -> ListenAddress:
    """The address that a user typed; `ValueError` with what to write instead."""
    typed = _TYPED.fullmatch(text.strip())
    if typed is None or int(typed["port"]) > 65_535:
        raise ValueError("write a host and a port, as in localhost:8080")
    if typed["ipv6"] is not None:
        try:
            ipaddress.IPv6Address(typed["ipv6"])
        except ValueError:
            raise ValueError("write an IPv6 address in the brackets, as in [::1]:8080") from None
    return ListenAddress(typed["ipv6"] or typed["host"], int(typed["port"]))


def listen_problem(text: str, *, remote: bool) -> str:
    """Why our server must not listen there; empty if it may, or if there is no address.

    `remote`: the user has said that other machines may connect.
    """
    if not text:
        return ""
    try:
        address = read_listen_address(text)
    except ValueError as error:
        return str(error)
    if not remote and not address.is_loopback:
        return (
            f"other machines could reach {address}: listen on localhost, or set "
            "progress_remote = true if they may see job, folder and file names"
        )
    return ""
