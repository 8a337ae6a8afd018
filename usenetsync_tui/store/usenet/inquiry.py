"""The state of the questions to one server about many articles: what to ask next, what is known.

Knows that one answer concerns one article, and how to find the article at which a server closes
the connection. Refuses to know servers, connections and time (`article_requests`).

A check asks for a batch of articles at once (a *go*). An article that gets neither yes nor no
is asked for again, a few times. When the connection is lost, or its answers are out of step, no
answer of that go counts: the articles before the break, the article at the break and the articles
after it become three goes. Only an article that was asked for alone is blamed: a connection reset
loses the answers that are on their way (RFC 9293 section 3.10.7.4), so the break seems to be
earlier than it is. If the article at the break turns out to be innocent, the articles after it are
asked for in halves. So an article at which a server always breaks ends as the only unknown one; a
server that always breaks is given up after a few goes without any answer.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence

from usenetsync_tui.codec.answers import Meaning
from usenetsync_tui.store.usenet.connection.connection import Connection
from usenetsync_tui.store.usenet.connection.logins import FINAL
from usenetsync_tui.store.usenet.connection.posting_session import StagedReply
from usenetsync_tui.store.usenet.connection.signals import Lost, Refused

_BREAKS = 40
"""Lost connections in one batch after which the rest of it stays unknown."""

_BREAKS_IN_A_ROW = 10
"""Goes in a row without any answer after which a server that did answer before is given up."""

_ABOUT_THE_ACCOUNT = FINAL | {Meaning.TOO_MANY_CONNECTIONS, Meaning.IN_USE_ELSEWHERE}


def ask_many(wire_ids: Sequence[str], connection: Connection) -> list[StagedReply]:
    """The server's answer about each article.

    `Refused` when all answers are about the account; a single one among others counts as an
    answer about its article.
    """
    answers = connection.stat_many(wire_ids)
    meanings = {answer.meaning() for answer in answers}
    if meanings and meanings <= _ABOUT_THE_ACCOUNT:
        raise Refused(answers[-1].meaning(), str(answers[-1].reply), lookup=True)
    return answers


class Inquiry:
    """The questions to one server about one batch of articles."""

    def __init__(self, wire_ids: Iterable[str], *, tries: int) -> None:
        """`tries`: how often one article is asked for, and how many goes in a row may stay
        without an answer, before the inquiry gives up.

        Goes of a single article do not count there: the article itself may be to blame.
        """
        self._max_tries = tries
        self._left: deque[Sequence[str]] = deque([list(wire_ids)])
        self._tries: Counter[str] = Counter()
        self._breaks = self._breaks_in_a_row = 0
        self._suspects: set[str] = set()
        """Articles at which a go of several broke, not asked for alone since."""
        self.there: set[str] = set()
        self.missing: set[str] = set()
        """Articles that the server clearly does not have."""
        self.unknown: dict[str, str] = {}
        """Articles given up, with the server's reply."""
        self.words = ""
        """The last reply that was no answer."""

    @property
    def failures(self) -> int:
        """How often the next go was asked without an answer; the caller waits in between."""
        go = self._left[0] if self._left else ()
        return max((self._tries[i] for i in go), default=0)

    def next(self, elsewhere: set[str]) -> Sequence[str]:
        """The articles of the next go, without those found `elsewhere`; empty when all is asked."""
        while self._left:
            go = [i for i in self._left[0] if i not in elsewhere]
            if go:
                self._left[0] = go
                return go
            self._left.popleft()
        return ()

    def answered(self, answers: Sequence[StagedReply]) -> None:
        """Record the answers to the last go."""
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
        """Record a reply to the last go that says nothing about any article."""
        self._ask_again(dict.fromkeys(self._left.popleft(), words))

    def broke(self, lost: Lost) -> None:
        """Record that the connection was lost during the last go."""
        if lost.innocent:
            return
        go, at = list(self._left.popleft()), lost.answered
        self._breaks += 1
        self._breaks_in_a_row += len(go) > 1
        if self._is_hopeless():
            self._give_up(go, lost.words)
        elif len(go) == 1:
            if go[0] in self._suspects:  # so it broke the go of several as well
                self._suspects.remove(go[0])
                self._tries[go[0]] += 1
            self._ask_again({go[0]: lost.words})
        else:
            suspect = go[at : at + 1]
            if not suspect:  # each was answered, but one too many: in the first or second half
                at = len(go) // 2
            self._suspects.update(suspect)
            before, after = go[:at], go[at + len(suspect) :]
            # Several neighbours may be to blame: before giving up, start at the other end.
            half = len(after) // 2 if self._breaks_in_a_row > 1 else 0
            self._ask_next(before, suspect, after[half:], after[:half])

    def _is_hopeless(self) -> bool:
        """The server breaks whatever it is asked: from the start, or for a while now."""
        was_heard = self.there or self.missing
        in_a_row = _BREAKS_IN_A_ROW if was_heard else self._max_tries
        return self._breaks >= _BREAKS or self._breaks_in_a_row >= in_a_row

    def _clear(self, go: Sequence[str]) -> None:
        """After an answered go: a suspect that was asked for alone is innocent."""
        if len(go) == 1 and go[0] in self._suspects:
            self._suspects.remove(go[0])
            if self._left:
                rest = self._left.popleft()
                half = (len(rest) + 1) // 2
                self._ask_next(rest[:half], rest[half:])

    def _ask_next(self, *goes: Sequence[str]) -> None:
        self._left.extendleft(go for go in reversed(goes) if go)

    def _give_up(self, go: Sequence[str], words: str) -> None:
        """Ask nothing more; all unanswered articles, this go's included, are unknown."""
        for part in (go, *self._left):
            for wire_id in part:
                self.unknown[wire_id] = words
        self._left.clear()

    def _ask_again(self, odd: Mapping[str, str]) -> None:
        """Put articles without an answer (by id, the reply) at the end, or give them up."""
        self._tries.update(odd.keys())
        self.words = next(iter(odd.values()), self.words)
        again = [i for i in odd if self._tries[i] < self._max_tries]
        self.unknown |= {i: words for i, words in odd.items() if self._tries[i] >= self._max_tries}
        if again:
            self._left.append(again)
