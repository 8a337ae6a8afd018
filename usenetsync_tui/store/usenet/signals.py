"""What a connection tells the pool and the store. None of these leaves this package.

They carry what a decision needs; the errors of `errors` carry what a user needs.
"""

from __future__ import annotations

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

    def __init__(self, meaning: Meaning, words: str, *, opening: bool = False) -> None:
        super().__init__(words)
        self.meaning = meaning
        self.words = words
        self.opening = opening
        """Refused before anything could be asked: at the greeting or the login."""


class Lost(Exception):
    """The connection broke in the middle of an exchange.

    `began`: bytes of the article were under way, so it may have arrived.
    """

    def __init__(self, words: str, *, began: bool = False) -> None:
        super().__init__(words)
        self.words = words
        self.began = began
