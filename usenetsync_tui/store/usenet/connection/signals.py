"""The exceptions of a connection, for the pool and the store. None of them leaves `store.usenet`.

They carry what the pool needs to decide; the exceptions of `errors` carry what a user needs.
"""

from __future__ import annotations

import ssl

from usenetsync_tui.codec.answers import Meaning


class Unreachable(Exception):
    """The server could not be reached: resolving, connecting or TLS failed.

    `permanent`: trying again does not help until the user changes something.
    """

    def __init__(self, words: str, *, permanent: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.permanent = permanent


class Refused(Exception):
    """The server replied, but refused."""

    def __init__(
        self, meaning: Meaning, words: str, *, opening: bool = False, lookup: bool = False
    ) -> None:
        super().__init__(words)
        self.meaning = meaning
        self.words = words
        self.opening = opening
        """Refused at the greeting or the login, before any question."""
        self.lookup = lookup
        """The reply to a question about an article: it may concern only that article."""


class Lost(Exception):
    """The connection broke in the middle of an exchange.

    `began`: bytes of the article were sent, so it may have arrived. `innocent`: another request
    broke it. `out_of_step`: the server's answers do not belong to the questions. `answered`: how
    many answers of a batch came before it broke; none of them counts.
    """

    def __init__(
        self,
        words: str,
        *,
        began: bool = False,
        innocent: bool = False,
        out_of_step: bool = False,
        answered: int = 0,
    ) -> None:
        super().__init__(words)
        self.words = words
        self.began = began
        self.innocent = innocent
        self.out_of_step = out_of_step
        self.answered = answered


def error_words(error: BaseException) -> str:
    """The error text of the system or a library, without its number."""
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
