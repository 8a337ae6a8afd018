"""What a connection tells the pool and the store. None of these leaves this package.

They carry what a decision needs; the errors of `errors` carry what a user needs.
"""

from __future__ import annotations

import ssl

from usenetsync_tui.codec.answers import Meaning


class Unreachable(Exception):
    """The server could not be reached: resolving, connecting or TLS failed.

    `permanent`: trying again will not help before somebody changes something.
    """

    def __init__(self, words: str, *, permanent: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.permanent = permanent


class Refused(Exception):
    """The server answered, but not with what was asked for."""

    def __init__(
        self, meaning: Meaning, words: str, *, opening: bool = False, lookup: bool = False
    ) -> None:
        super().__init__(words)
        self.meaning = meaning
        self.words = words
        self.opening = opening
        """Refused before anything could be asked: at the greeting or the login."""
        self.lookup = lookup
        """The answer to a question about an article: perhaps it is only about that one."""


class Lost(Exception):
    """The connection broke in the middle of an exchange.

    `began`: bytes of the article were under way, so it may have arrived. `innocent`: it broke
    under another request. `out_of_step`: the server's answers do not belong to the questions.
    `answered`: how many answers of several came before it broke; none of them is believed.
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
    """What the system or a library says of an error, without its number."""
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error)
