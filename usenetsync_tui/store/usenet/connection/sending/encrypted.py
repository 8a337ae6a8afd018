"""A connection that this process encrypts, for a lane that has no part in TLS.

Carries clear bytes between the lane and the server, except while it serves a question. Refuses to
know what the bytes are and who asks (`serve`).
"""

from __future__ import annotations

import math
import pickle
import select
import socket
import ssl
from collections.abc import Callable

from usenetsync_tui.store.usenet.connection.pace import Pace
from usenetsync_tui.store.usenet.connection.sending.messages import (
    LONGEST,
    Carried,
    Handshake,
    Secured,
)
from usenetsync_tui.store.usenet.connection.signals import Unreachable, error_words
from usenetsync_tui.store.usenet.connection.tls_wire import TlsWire, secure, tls_context
from usenetsync_tui.store.usenet.connection.wire import RECEIVE, PlainWire

Serve = Callable[[TlsWire, bytes], bytes]


class Contexts:
    """The TLS contexts: to read all trusted authorities takes long."""

    def __init__(self) -> None:
        self._made: dict[tuple[str | None, bool], ssl.SSLContext] = {}

    def of(self, peer: Handshake) -> ssl.SSLContext:
        """The context for a server. `Unreachable`."""
        key = peer.ca_file, peer.verify_tls
        if key not in self._made:
            self._made[key] = tls_context(peer)
        return self._made[key]


class Encrypted:
    """A server's connection, the lane's channel, and the clear bytes between us and the lane."""

    def __init__(self, server: PlainWire, lane: socket.socket, clear: socket.socket) -> None:
        self._server = server
        self._lane = lane
        self._clear = clear

    def run(self, contexts: Contexts, peer: Handshake, serve: Serve) -> None:
        """Shake hands, then carry bytes and serve questions until the lane closes its end."""
        try:
            wire = secure(self._server, peer, contexts.of(peer), seconds=peer.seconds)
        except Unreachable as failure:
            self._say(Secured(failure.words, failure.permanent))
            return
        self._say(Secured())
        self._carry(wire, serve)

    def _say(self, words: tuple[object, ...]) -> None:
        self._lane.send(pickle.dumps(tuple(words)))

    def _carry(self, wire: TlsWire, serve: Serve) -> None:
        poll = select.poll()
        for end in (self._clear, self._lane, self._server.socket):
            poll.register(end, select.POLLIN)
        goes_on = True
        while True:
            ready = {number for number, _ in poll.poll()}
            try:
                if self._clear.fileno() in ready:  # first: a last word may wait
                    if not (data := self._clear.recv(RECEIVE)):
                        return
                    wire.send((data,), _patient())
                elif self._lane.fileno() in ready:
                    if not (question := self._lane.recv(LONGEST)):
                        return
                    self._lane.send(serve(wire, question))
                else:
                    wire.take_arrived()
                ended, why = not self._pass_on(wire), ""
            except OSError as error:
                ended, why = True, error_words(error)
            if ended and goes_on:  # the lane finds out when it wants something
                goes_on = False
                poll.unregister(self._server.socket)
                self._tell_end(why)

    def _tell_end(self, why: str) -> None:
        if why:
            self._say(Carried(0, stopped=True, broke=why))
        self._clear.shutdown(socket.SHUT_WR)

    def _pass_on(self, wire: TlsWire) -> bool:
        """Give the lane what the server said; False at the end of it."""
        while (data := wire.read(RECEIVE)) is not None:
            if not data:
                return False
            self._clear.sendall(data)
        return True


def _patient() -> Pace:
    """The lane decides how long it waits."""
    return Pace(math.inf, 0, math.inf)
