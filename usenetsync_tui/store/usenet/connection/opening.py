"""Opens a connection: to one of the server's addresses or through its proxy, up to the greeting.

Knows what makes an address usable. Refuses to know logins and later steps (`session`).
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence
from typing import NoReturn

from usenetsync_tui.codec.answers import ConversationStage, Meaning, meaning
from usenetsync_tui.codec.nntp import NntpCommand, Reply
from usenetsync_tui.errors import ProtocolError
from usenetsync_tui.model.servers.servers import Server, Tls
from usenetsync_tui.store.usenet.connection.addresses import Address, lookup
from usenetsync_tui.store.usenet.connection.dialling import Race, proxied, tune
from usenetsync_tui.store.usenet.connection.exchanges import Counts, Exchanges
from usenetsync_tui.store.usenet.connection.sending.channel import EncryptedChannel
from usenetsync_tui.store.usenet.connection.shared import Shared
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused, Unreachable
from usenetsync_tui.store.usenet.connection.throttle import TokenBucket
from usenetsync_tui.store.usenet.connection.tls_wire import TlsWire, secure
from usenetsync_tui.store.usenet.connection.wire import PlainWire

PATIENCE = 15.0
"""Most seconds for an address to connect, and for its handshake; also for its greeting while
other addresses are left, which may answer."""

_OF_THE_ACCOUNT = frozenset({Meaning.TOO_MANY_CONNECTIONS, Meaning.IN_USE_ELSEWHERE})
"""Refusals that are not the address's fault: it keeps its rank."""


class Opening(Exchanges):
    """A connection before and during its opening, up to the greeting."""

    def __init__(
        self,
        server: Server,
        counts: Counts | None = None,
        *,
        throttles: Sequence[TokenBucket] = (),
        fetch_throttles: Sequence[TokenBucket] = (),
        shared: Shared | None = None,
    ) -> None:
        """`shared`: what all connections to the server share; None for a single connection."""
        super().__init__(server, counts, throttles=throttles, fetch_throttles=fetch_throttles)
        self.shared = shared or Shared()
        self._stays_here = False
        """Whether a process refused to encrypt it."""
        self.not_connected: dict[Address, str] = {}
        """Addresses that did not answer the last `dial`, with the system's error text."""

    def reach(self, context: ssl.SSLContext | None) -> Reply:
        """Connect, secure and read the greeting, at the first address where that works.

        An address that fails is tried after the others from now on.
        """
        if self.server.proxy:
            self.dial(())
            return self.enter(context)
        left = self.addresses()
        failures: list[Unreachable | Refused] = []
        while True:
            try:
                address = self.dial(left)
            except Unreachable as failure:
                raise _gravest([*failures, failure]) from failure
            left = [a for a in left if a not in (address, *self.not_connected)]
            if left:
                self._answer_within = min(self.server.timeout, PATIENCE)
            try:
                greeting = self.enter(context)
            except (Unreachable, Refused, Lost) as error:
                failures.append(self._not_opened(error) if isinstance(error, Lost) else error)
                if not (isinstance(error, Refused) and error.meaning in _OF_THE_ACCOUNT):
                    self.shared.addresses.failed(address)
                if not left or self._aborted:
                    raise _gravest(failures) from error
                self._reset()
            else:
                self.shared.addresses.worked(address)
                return greeting
            finally:
                self._answer_within = self.server.timeout

    def enter(self, context: ssl.SSLContext | None) -> Reply:
        """TLS and the greeting, on a dialled connection."""
        if self.server.tls is Tls.IMPLICIT:
            self.encrypt(context)
        greeting = self.greet()
        if self.server.tls is Tls.STARTTLS:
            self.start_tls(context)
        return greeting

    def addresses(self) -> list[Address]:
        """The addresses of the server's host, the best first. `Unreachable` if there is none."""
        server = self.server
        found = lookup(
            server.host,
            server.port,
            server.address_family,
            seconds=server.timeout,
            given_up=lambda: self._aborted,
        )
        return self.shared.addresses.ordered(found)

    def dial(self, addresses: Sequence[Address]) -> Address:
        """Open the TCP connection to one of the addresses, or through the proxy if one is set.

        Addresses that did not answer are in `not_connected` and are tried last from now on.
        """
        seconds = min(self.server.timeout, PATIENCE)
        if self.server.proxy:
            sock = proxied(self.server, seconds=seconds, given_up=lambda: self._aborted)
            address = Address(sock.family, (self.server.host, self.server.port))
        else:
            sock, address = self._race(addresses, seconds)
        try:
            tune(sock)
            self._register(sock)
        except BaseException:
            sock.close()
            raise
        self._wire = PlainWire(sock, self.server.timeout)
        return address

    def _race(self, addresses: Sequence[Address], seconds: float) -> tuple[socket.socket, Address]:
        race = Race(seconds, given_up=lambda: self._aborted)
        won = race.run(addresses)
        self.not_connected = race.failures
        for address in race.failures:
            self.shared.addresses.failed(address)
        if won is not None:
            return won
        where = f"{self.server.host} port {self.server.port}"
        words = next(iter(race.failures.values()))
        if len(race.failures) > 1:
            words = ", ".join(f"{address}: {said}" for address, said in race.failures.items())
        raise Unreachable(f"No connection to {where}: {words}")

    def encrypt(self, context: ssl.SSLContext | None) -> None:
        """Do the TLS handshake on a connection without TLS, or have a process do it."""
        assert isinstance(self._wire, PlainWire)
        assert context is not None
        seconds = min(self.server.timeout, PATIENCE)
        if (channel := self._encrypted_elsewhere(seconds)) is not None:
            channel.await_handshake(seconds)
            self._wire = channel.wire
            return
        self._wire = secure(self._wire, self.server, context, seconds=seconds)

    def _encrypted_elsewhere(self, seconds: float) -> EncryptedChannel | None:
        """The connection as a process encrypts it from now on; None if no process can."""
        sender = self.shared.senders.running() if self.shared.senders is not None else None
        if sender is None:
            return None
        with self._socket_lock:
            assert self._socket is not None
            try:
                channel = sender.encrypts(self._socket, self.server, seconds)
            except OSError:
                self._stays_here = True  # nothing was sent yet
                return None
            self._channel = channel
        return channel

    @property
    def belongs_elsewhere(self) -> bool:
        """Whether a process would encrypt it if it was opened again."""
        if not isinstance(self._wire, TlsWire) or self._stays_here or self.shared.senders is None:
            return False
        return self.shared.senders.is_ready

    def greet(self) -> Reply:
        """Read the server's greeting. `Refused` unless it is 200 or 201."""
        with self._exchange():
            reply = self._reply()
            self._accept(reply, ConversationStage.GREETING)
        return reply

    def start_tls(self, context: ssl.SSLContext | None) -> None:
        """STARTTLS and its handshake (RFC 4642)."""
        with self._exchange():
            reply = self._ask(NntpCommand.STARTTLS)
            if reply.code != 382:
                words = f"The server does not offer STARTTLS: {reply}"
                raise Unreachable(words, permanent=True)
            if len(self._lines):
                # Sent in plain text before the encryption began: the STARTTLS injection.
                raise ProtocolError("unexpected data before TLS started")
            self.encrypt(context)
            self.talk.secured()

    @property
    def tls(self) -> ssl.SSLObject | None:
        """The TLS session, if the connection is encrypted."""
        return self._wire.session if isinstance(self._wire, TlsWire) else None

    def _not_opened(self, lost: Lost) -> Unreachable:
        return Unreachable(f"The connection to {self.server.host} broke at its start: {lost.words}")

    def _reply(self) -> Reply:
        reply = super()._reply()
        if reply.code == 111:
            self.shared.told_the_time(reply)
            self.shared.optional.answered(NntpCommand.DATE)
        if reply.code == 401 and self.shared.optional.is_wanted_after_all(NntpCommand.MODE_READER):
            raise Lost(f"the server requires MODE READER first: {reply}", innocent=True)
        return reply

    def _accept(self, reply: Reply, stage: ConversationStage) -> None:
        if meaning(reply, stage=stage) is not Meaning.ACCEPTED:
            self._refuse(reply, stage)

    def _refuse(self, reply: Reply, stage: ConversationStage) -> NoReturn:
        what = meaning(reply, stage=stage)
        if what is Meaning.LOGIN_NEEDED:
            what = Meaning.CREDENTIALS
            words = f"{reply} (the server requires a username and a password)"
            raise Refused(what, words, opening=True)
        raise Refused(what, str(reply), opening=True)


def _gravest(failures: Sequence[Unreachable | Refused]) -> Unreachable | Refused:
    """The failure to report when no address of a server works: a reply before our own words.

    It is permanent only if all of them are.
    """
    refusals = [f for f in failures if isinstance(f, Refused)]
    if refusals or len(failures) == 1:
        return refusals[0] if refusals else failures[0]
    unreachable = [f for f in failures if isinstance(f, Unreachable)]
    words = "; ".join(dict.fromkeys(f.words for f in unreachable))
    return Unreachable(words, permanent=all(f.permanent for f in unreachable))
