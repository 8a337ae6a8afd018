"""Passphrases of a recovery string: what is refused, and why."""

from __future__ import annotations

import pytest

from usenetsync_tui.model.recovery.passphrases import passphrase_problem


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        (" \t\u3000", "is empty"),
        ("hunter2", "has 7 characters: use 12 or more"),
        ("   elevenchars   ", "has 11 characters"),
        ("1234567890123456789", "19 digits and nothing else"),
        ("aaaaaaaaaaaabbbbbbbb", "only 2 different characters"),
        ("secretsecret", "only 5 different characters"),
        ("passwordpassword", "one piece repeated"),
        ("mountain  mountain mountain ", "one piece repeated"),
    ],
)
def test_a_weak_one_is_refused_with_the_reason(text: str, why: str) -> None:
    assert why in passphrase_problem(text)


@pytest.mark.parametrize(
    "text", ["correct horse battery", "漢字仮名交じり文の合言葉です", "31415926535897932384"]
)
def test_a_good_one(text: str) -> None:
    assert passphrase_problem(text) == ""
