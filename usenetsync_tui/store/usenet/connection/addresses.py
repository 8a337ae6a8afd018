"""The addresses of a server's host name, and the order in which to try them (RFC 8305).

Knows names, families and whether an address worked before. Refuses to know how to connect
(`dialling`).
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from itertools import zip_longest

from usenetsync_tui.model.servers.servers import AddressFamily
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.store.usenet.connection.interruptible_calls import (
    GivenUpError,
    call_interruptibly,
)
from usenetsync_tui.store.usenet.connection.signals import Unreachable, error_words

GIVEN_UP = "The connection was cancelled while it was being opened."

_FAMILIES = {AddressFamily.IPV4: socket.AF_INET, AddressFamily.IPV6: socket.AF_INET6}


@value_object
class Address:
    """Where to connect."""

    family: int
    target: tuple[str | int | bytes, ...]
    """The address argument of the socket calls."""

    def __str__(self) -> str:
        return str(self.target[0])


def lookup(
    host: str,
    port: int,
    preferred: AddressFamily = AddressFamily.ANY,
    *,
    seconds: float,
    given_up: Callable[[], bool],
) -> list[Address]:
    """The addresses of a host name, in the order to try them. Blocks until `given_up` at most.

    The families alternate, beginning with the `preferred` one, else with the one that the system
    puts first (RFC 6724). `Unreachable` when the name does not resolve.
    """
    try:
        found = call_interruptibly(
            lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM),
            seconds=seconds,
            given_up=given_up,
        )
    except GivenUpError:
        raise Unreachable(GIVEN_UP) from None
    except (OSError, UnicodeError) as error:
        words = f"The name {host} does not resolve: {error_words(error)}"
        raise Unreachable(words) from error
    addresses = dict.fromkeys(Address(family, target) for family, _, _, _, target in found)
    return interleaved(addresses, _FAMILIES.get(preferred))


def interleaved(addresses: Iterable[Address], first: int | None = None) -> list[Address]:
    """The families alternate, `first` or else the first address's family leading (section 4)."""
    known = list(addresses)
    leading = first if any(a.family == first for a in known) else None
    leading = known[0].family if leading is None and known else leading
    ours = [a for a in known if a.family == leading]
    others = [a for a in known if a.family != leading]
    return [a for pair in zip_longest(ours, others) for a in pair if a is not None]


class AddressBook:
    """Which of a server's addresses worked or failed, shared by its connections. Thread-safe."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._good: Address | None = None
        self._failed: dict[Address, float] = {}

    def ordered(self, addresses: Sequence[Address]) -> list[Address]:
        """The one that worked last, then the untried ones, then the failed ones."""
        with self._lock:
            return sorted(addresses, key=lambda a: (a != self._good, self._failed.get(a, -1.0)))

    def worked(self, address: Address) -> None:
        """Record that the server greeted at this address."""
        with self._lock:
            self._good = address
            self._failed.pop(address, None)

    def failed(self, address: Address) -> None:
        """Record that no usable greeting came from this address: it is tried after the others."""
        with self._lock:
            self._failed[address] = self._clock()
            if self._good == address:
                self._good = None
