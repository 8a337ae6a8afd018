"""Which passphrases are too weak for a recovery string."""

from __future__ import annotations

SHORTEST = 12
"""Characters of a passphrase, at least."""
DIGITS = 20
"""The same for digits alone."""
_DIFFERENT = 6
_ADVICE = "Four random words make a good one."


def passphrase_problem(text: str) -> str:
    """Why a passphrase is not good enough, in a sentence; empty when it is.

    This only refuses what a few seconds of guessing find; each guess costs scrypt's half second.
    """
    words = text.strip()
    if not words:
        return f"The passphrase is empty. {_ADVICE}"
    if len(words) < SHORTEST:
        return f"The passphrase has {len(words)} characters: use {SHORTEST} or more. {_ADVICE}"
    if words.isdecimal() and len(words) < DIGITS:
        return f"The passphrase has {len(words)} digits and nothing else: use {DIGITS} or more."
    if len({*words}) < _DIFFERENT:
        count = len({*words})
        return f"The passphrase has only {count} different characters: use {_DIFFERENT} or more."
    if words in (words + words)[1:-1] or len({*words.split()}) == 1 < len(words.split()):
        return f"The passphrase is one piece repeated. {_ADVICE}"
    return ""
