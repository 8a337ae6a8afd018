"""How a recovery string looks when a user types it, so that one is known without any cipher.

Knows its beginning. Refuses to know what is in it (`codec.recovery_string`).
"""

from __future__ import annotations

HUMAN_PART = "usenetsync"
PREFIX = f"{HUMAN_PART}1"
"""The human-readable part and the separator of Bech32m (BIP 350)."""
GROUP = 4
"""Characters of a group, as a string is shown."""
_SURELY = 60
"""Characters from which on a text with a mistyped prefix is a string, not a folder's name."""


def without_groups(text: str) -> str:
    """In lower case, without white space and hyphens of any kind."""
    hyphens = "-\u2010\u2011\u2012\u2013\u2014\u2212"
    return "".join([c for c in text.lower() if not c.isspace() and c not in hyphens])


def is_string(text: str) -> bool:
    """Whether a text seems to be a recovery string, right, cut short or mistyped."""
    typed = without_groups(text)
    if typed.startswith(PREFIX):
        return len(typed) >= len(PREFIX) + GROUP
    wrong = sum(a != b for a, b in zip(typed, PREFIX, strict=False))
    return len(typed) >= _SURELY and wrong <= 2 and typed.isalnum()
