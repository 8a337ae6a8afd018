"""The meaning of a reply, from its code and from the texts that real servers send.

Knows the table "What a response means": which codes and texts stand for which problem.
Refuses to know how to react (the pool and the store do that).
"""

from __future__ import annotations

import re
from enum import StrEnum

from usenetsync_tui.codec.nntp import MESSAGE_ID, Reply


class ConversationStage(StrEnum):
    """What a reply belongs to."""

    GREETING = "greeting"
    LOGIN = "login"
    OFFER = "offer"
    """POST, before the article."""
    ARTICLE = "article"
    """The article itself."""
    LOOKUP = "lookup"
    """STAT, BODY and DATE."""


class Meaning(StrEnum):
    """The meaning of a reply."""

    ACCEPTED = "accepted"
    MISSING = "missing"
    """The server does not have the article, or no longer serves it (451: taken down)."""
    LOGIN_NEEDED = "login needed"
    TOO_MANY_CONNECTIONS = "too many connections"
    IN_USE_ELSEWHERE = "account in use elsewhere"
    CREDENTIALS = "login refused"
    ACCOUNT = "account refused"
    SESSION_OVER = "session over"
    ARRIVED = "arrived"
    """A duplicate of what we sent before."""
    COLLISION = "collision"
    """A duplicate of something we never sent."""
    DATE = "date refused"
    TOO_LARGE = "too large"
    CONFIGURATION = "not accepted like this"
    """Group, approval, encryption: the server will refuse every article with these settings."""
    FORBIDDEN = "posting forbidden"
    RATE = "rate limited"
    REFUSED = "refused"
    """Any other refusal."""


_ACCEPTED = {
    ConversationStage.GREETING: frozenset({200, 201}),
    ConversationStage.LOGIN: frozenset({281, 381}),
    ConversationStage.OFFER: frozenset({340}),
    ConversationStage.ARTICLE: frozenset({240}),
    ConversationStage.LOOKUP: frozenset({111, 222, 223}),
}


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_LIMIT = _words("too many", "connections", "limit", "threads", "exceed")
_NOT_A_CONNECTION_LIMIT = _words("byte", "download", "quota", "time", "credit")
_ELSEWHERE = _words("simultaneous", "multiple ip", "different ip", r"\bip addresses", "other ip")
_PLACES = _words(r"\bips?\b", "address", "location")
_CONNECTIONS = _words("connections", "threads")
_ACCOUNT = _words("credit", "paym", "expired", "quota", "byte", "download", "suspended")
_LOGIN = _words("user", "passw", "login", "log in", "authen", "invalid", "access denied")
_SESSION = _words("max connect time", "time ?out", "idle", "time exceeded", "time limit")
_DUPLICATE = _words(r"\b435\b", "duplicate", "already", "not unique")
_LARGE = _words(
    r"line.* too long", "too (big|large)", "bigger than", "larger than", "exceeds.*size"
)
_DATE = _words("too old", "stale", "future", r"\bdate\b")
_CONFIGURATION = _words("group", "unapproved", "moderat", "approved", "postings? to")
_FORBIDDEN = _words("not permitted", "not allowed", "prohibited", "forbidden", "no permission")
_RATE = _words("retry later", "try (again )?later", r"\brate\b", "too fast", "throttl", "slow down")


def meaning(reply: Reply, *, stage: ConversationStage, may_have_arrived: bool = False) -> Meaning:
    """The meaning of a reply at a stage of the conversation.

    `may_have_arrived`: the article may have been sent before under this Message-ID.
    """
    if reply.code in _ACCEPTED[stage]:
        return Meaning.ACCEPTED
    if reply.code == 480:
        return Meaning.LOGIN_NEEDED
    if reply.code == 483:
        return Meaning.CONFIGURATION
    if stage is ConversationStage.LOOKUP and reply.code in (420, 423, 430, 451):
        return Meaning.MISSING
    if stage in (ConversationStage.OFFER, ConversationStage.ARTICLE) and 430 <= reply.code <= 449:
        return _about_the_article(reply, may_have_arrived=may_have_arrived)
    return _about_the_session(reply)


def _about_the_session(reply: Reply) -> Meaning:
    code, text = reply.code, reply.said
    if code in (400, 481, 482, 502):
        # "Too many simultaneous connections" means connections, unless it mentions addresses.
        if _ELSEWHERE.search(text) and (_PLACES.search(text) or not _CONNECTIONS.search(text)):
            return Meaning.IN_USE_ELSEWHERE
        if _LIMIT.search(text) and not _NOT_A_CONNECTION_LIMIT.search(text):
            return Meaning.TOO_MANY_CONNECTIONS
    if code in (481, 482, 502) and _ACCOUNT.search(text):
        return Meaning.ACCOUNT
    if code in (481, 482, 452) or (code in (500, 502) and _LOGIN.search(text)):
        return Meaning.CREDENTIALS
    if code == 400 or (code in (500, 502, 503) and _SESSION.search(text)):
        return Meaning.SESSION_OVER
    return Meaning.REFUSED


def _about_the_article(reply: Reply, *, may_have_arrived: bool) -> Meaning:
    code, text = reply.code, reply.said
    if code == 435 or (code in (437, 441) and _DUPLICATE.search(text)):
        return Meaning.ARRIVED if may_have_arrived else Meaning.COLLISION
    if _LARGE.search(text):
        return Meaning.TOO_LARGE
    if code in (437, 441) and _DATE.search(text):
        return Meaning.DATE
    if code in (437, 441) and _CONFIGURATION.search(text):
        return Meaning.CONFIGURATION
    if code == 436 or _RATE.search(text):
        return Meaning.RATE
    if code == 440:
        return Meaning.FORBIDDEN if _FORBIDDEN.search(text) else Meaning.RATE
    return Meaning.REFUSED


_NAMED = re.compile(rf"<({MESSAGE_ID.pattern})>")


def adopted_id(reply: Reply, sent: str) -> str | None:
    """Another Message-ID, without brackets, under which a 240 says the article is stored.

    INN names the id it used; some servers replace ours.
    """
    if "<" not in reply.text:
        return None
    # Ignore an id that contains a secret: masking removes it from the shown text.
    shown = set(_NAMED.findall(reply.text))
    named = [i for i in _NAMED.findall(reply.said) if i.count("@") == 1 and i in shown]
    return named[0] if reply.code == 240 and named and sent not in named else None
