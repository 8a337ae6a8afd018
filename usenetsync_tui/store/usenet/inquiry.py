"""What one server says of many articles, question by question: which to ask next, what is known.

Knows that one answer concerns one article, and how to find the article a server breaks over.
Refuses to know servers, connections and time (`looking`).

A batch is asked in one go. What is answered with neither yes nor no is asked again, a few times.
When the connection is lost, or its answers are out of step, nothing of that go is believed: what
comes before the place where it broke, what is at that place, and what comes after it are asked each
by themselves. Only an article that was asked alone is charged: with a connection that is reset the
answers are lost that were on their way (RFC 9293 section 3.10.7.4), so that it seems to have broken
earlier than it did. Where the one at that place turns out to be innocent, what comes after it is
asked in halves. So an article that a server always breaks over ends unknown, alone; a server that
always breaks is given up after a few goes without any answer.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.store.usenet.connection.connection import Answer, Connection
from usenetsync_tui.store.usenet.connection.logins import FINAL
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused

_BREAKS = 40
"""Lost connections over one batch after which the rest of it is left unknown."""

_BREAKS_IN_A_ROW = 10
"""The same for a server that has answered: that many goes without any answer."""

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
        """`tries` of an article, and goes in a row without an answer, before it is given up.

        A go is of several articles; one alone may be to blame for what becomes of it.
        """
        self._max_tries = tries
        self._left: deque[Sequence[str]] = deque([list(wire_ids)])
        self._tries: Counter[str] = Counter()
        self._breaks = self._breaks_in_a_row = 0
        self._suspects: set[str] = set()
        """What was asked with others when it broke, and not by itself since."""
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
        go = self._left.popleft()
        self._clear(go)
        for wire_id, answer in zip(go, answers, strict=True):
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
        self._breaks_in_a_row += len(go) > 1
        if self._is_hopeless():
            self._give_up(go, lost.words)
        elif len(go) == 1:
            if go[0] in self._suspects:  # so it was to blame before as well
                self._suspects.remove(go[0])
                self._tries[go[0]] += 1
            self._ask_again({go[0]: lost.words})
        else:
            suspect = go[at : at + 1]
            if not suspect:  # each was answered, but one too many: in the first or second half
                at = len(go) // 2
            self._suspects.update(suspect)
            before, after = go[:at], go[at + len(suspect) :]
            # Neighbours may be to blame one after another: before it is given up, another end.
            half = len(after) // 2 if self._breaks_in_a_row > 1 else 0
            self._ask_next(before, suspect, after[half:], after[:half])

    def _is_hopeless(self) -> bool:
        """It breaks whatever is asked: at once, or since a while."""
        was_heard = self.there or self.missing
        in_a_row = _BREAKS_IN_A_ROW if was_heard else self._max_tries
        return self._breaks >= _BREAKS or self._breaks_in_a_row >= in_a_row

    def _clear(self, go: Sequence[str]) -> None:
        """A go was answered: a suspect that was asked alone is innocent, others may not be."""
        if len(go) == 1 and go[0] in self._suspects:
            self._suspects.remove(go[0])
            if self._left:
                rest = self._left.popleft()
                half = (len(rest) + 1) // 2
                self._ask_next(rest[:half], rest[half:])

    def _ask_next(self, *goes: Sequence[str]) -> None:
        self._left.extendleft(go for go in reversed(goes) if go)

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
