"""What one server says of many articles, question by question: which to ask next, what is known.

Knows that one answer concerns one article, and how to find the article a server breaks over.
Refuses to know servers, connections and time (`looking`).

A batch is asked in one go. What is answered with neither yes nor no is asked again, a few times.
When the connection is lost, or its answers are out of step, nothing of that go is believed: what
comes before the place where it broke and what comes after it are asked each by themselves, and
what is at that place last of all. So an article that a server always breaks over ends unknown,
alone; a server that always breaks is given up after a few goes without any answer.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.store.usenet.connection.connection import Answer, Connection
from usenetsync_tui.store.usenet.connection.logins import FINAL
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused

_BREAKS = 20
"""Lost connections over one batch after which the rest of it is left unknown."""

_ABOUT_THE_ACCOUNT = FINAL | {Meaning.TOO_MANY_CONNECTIONS, Meaning.IN_USE_ELSEWHERE}


def ask_many(wire_ids: Sequence[str], connection: Connection) -> list[Answer]:
    """What a server says of each article.

    `Refused` when it says nothing of any, but of the account: one such answer among others is
    about one article like any other.
    """
    answers = connection.stat_many(wire_ids)
    meanings = {answer.meaning() for answer in answers}
    if meanings and meanings <= _ABOUT_THE_ACCOUNT:
        raise Refused(answers[-1].meaning(), str(answers[-1].reply), lookup=True)
    return answers


class Inquiry:
    """The questions to one server about one batch of articles."""

    def __init__(self, wire_ids: Iterable[str], *, tries: int) -> None:
        """`tries` of an article, and goes in a row without an answer, before it is given up."""
        self._max_tries = tries
        self._left: deque[Sequence[str]] = deque([list(wire_ids)])
        self._tries: Counter[str] = Counter()
        self._breaks = self._breaks_in_a_row = 0
        self.there: set[str] = set()
        self.missing: set[str] = set()
        """A clear no."""
        self.unknown: dict[str, str] = {}
        """Given up, with the server's words."""
        self.words = ""
        """What it said last instead of an answer."""

    @property
    def failures(self) -> int:
        """How often what is to be asked next was asked in vain: who does so waits in between."""
        go = self._left[0] if self._left else ()
        return max((self._tries[i] for i in go), default=0)

    def next(self, elsewhere: set[str]) -> Sequence[str]:
        """What to ask in the next go, without those that were found elsewhere; empty: nothing."""
        while self._left:
            go = [i for i in self._left[0] if i not in elsewhere]
            if go:
                self._left[0] = go
                return go
            self._left.popleft()
        return ()

    def answered(self, answers: Sequence[Answer]) -> None:
        """The answers to the last go."""
        self._breaks_in_a_row = 0
        odd: dict[str, str] = {}
        for wire_id, answer in zip(self._left.popleft(), answers, strict=True):
            match answer.meaning():
                case Meaning.ACCEPTED:
                    self.there.add(wire_id)
                case Meaning.MISSING:
                    self.missing.add(wire_id)
                case _:
                    odd[wire_id] = str(answer.reply)
        self._ask_again(odd)

    def refused(self, words: str) -> None:
        """The last go was answered with nothing about any article."""
        self._ask_again(dict.fromkeys(self._left.popleft(), words))

    def broke(self, lost: Lost) -> None:
        """The last go came to nothing."""
        if lost.innocent:
            return
        go, at = list(self._left.popleft()), lost.answered
        self._breaks += 1
        self._breaks_in_a_row += 1
        if self._breaks >= _BREAKS or self._breaks_in_a_row >= self._max_tries:
            self._give_up(go, lost.words)
            return
        suspect = go[at : at + 1] or (go if len(go) == 1 else [])
        if not suspect:  # every one was answered, but one too many: in the first or second half
            at = len(go) // 2
        parts = (go[:at], go[at + len(suspect) :])
        self._left.extendleft(part for part in reversed(parts) if part and part != suspect)
        self._ask_again(dict.fromkeys(suspect, lost.words))

    def _give_up(self, go: Sequence[str], words: str) -> None:
        """Nothing more is asked; what was not answered, some of it just now, is unknown."""
        for part in (go, *self._left):
            for wire_id in part:
                self.unknown[wire_id] = words
        self._left.clear()

    def _ask_again(self, odd: Mapping[str, str]) -> None:
        """Those asked in vain, with the words for it, after all others; or never again."""
        self._tries.update(odd.keys())
        self.words = next(iter(odd.values()), self.words)
        again = [i for i in odd if self._tries[i] < self._max_tries]
        self.unknown |= {i: words for i, words in odd.items() if self._tries[i] >= self._max_tries}
        if again:
            self._left.append(again)
