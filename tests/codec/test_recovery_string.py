"""The recovery string: fixed vectors, what a user may type, and what a message says is wrong."""

from __future__ import annotations

import pytest

from usenetsync_tui.codec import bech32m, key_wrapping, recovery_string
from usenetsync_tui.codec.recovery_string import grouped, read_string, wrapped_string
from usenetsync_tui.errors import RecoveryStringError

SECRET = bytes(range(32))
PLAIN = "usenetsync1pqqqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0skqvj3k"
WRAPPED = (
    "usenetsync1ppqgpqqqgzqvzq2ps8pqys5zcvp58q7yggqx6tnha4ftzmmaqqqypqxpq9qcrsszg2pw8n"
    "7a7yajsn4xc72rtfz26qsf2scmyvupek2rx9dplaf0h4nmng0d6sqmc8dtmhr34jy3y0f2rcwwsdc7fdr"
)


def test_the_string_of_a_secret() -> None:
    assert recovery_string.recovery_string(SECRET) == PLAIN
    read = read_string(PLAIN)
    assert not read.is_wrapped and read.opened(None) == read.opened("ignored") == SECRET
    assert SECRET.hex()[:16] not in repr(read)


def test_the_string_of_a_wrapped_secret_opens_with_its_passphrase_only() -> None:
    salt, nonce = bytes(range(16)), bytes(range(12))
    assert wrapped_string(SECRET, "correct horse", salt=salt, nonce=nonce) == WRAPPED
    read = read_string(WRAPPED)
    assert read.is_wrapped and read.opened("correct horse") == SECRET
    with pytest.raises(RecoveryStringError, match="needs its passphrase"):
        read.opened(None)
    with pytest.raises(RecoveryStringError, match="passphrase is not the one"):
        read.opened("battery staple")


@pytest.mark.parametrize(
    "typed",
    [
        grouped(PLAIN),
        PLAIN.upper(),
        f"  {grouped(PLAIN)}\n",
        grouped(PLAIN).replace(" ", "-"),
        grouped(PLAIN).replace(" ", "\u2011").title(),
        grouped(PLAIN).replace(" ", "\n\t"),
    ],
)
def test_case_white_space_and_hyphens_do_not_matter(typed: str) -> None:
    assert read_string(typed).value == SECRET


def changed(at: int, sign: str, string: str = PLAIN) -> str:
    assert string[at] != sign
    return string[:at] + sign + string[at + 1 :]


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        (
            changed(20, "z"),
            "recovery string, character 1 of group 6 ('z' in 'zq5r') is probably wrong.",
        ),
        (
            changed(70, "q", changed(20, "z")),
            "In the recovery string, character 1 of group 6 ('z' in 'zq5r') and character 3 of "
            "group 18 ('q' in 'j3q') are probably wrong.",
        ),
        (
            PLAIN[:40] + "zp" + PLAIN[42:],
            "character 2 of group 11 ('p' in 'zpys') are probably wrong.",
        ),
        (changed(100, "z", WRAPPED), "character 1 of group 26 ("),
        (changed(30, "b"), "character 3 of group 8 is 'b', which does not occur there. Perhaps it"),
        (changed(30, "\u00e9"), "character 3 of group 8 is 'é', which does not occur there."),
        (changed(13, "z", changed(31, "z", changed(50, "a"))), "some characters are wrong."),
        (PLAIN[:-1], "The recovery string has 70 characters instead of 71: 1 missing."),
        (PLAIN + "qq", "The recovery string has 73 characters instead of 71: 2 too many."),
        (WRAPPED[:-3], "The recovery string has 159 characters instead of 162: 3 missing."),
        (PLAIN.replace("usenetsync", "usenetsynk"), 'A recovery string begins with "usenetsync1".'),
        ("", 'A recovery string begins with "usenetsync1".'),
        ("usenetsync1", "The recovery string has 11 characters instead of 71: 60 missing."),
    ],
)
def test_a_typing_error_is_named_with_its_place(typed: str, message: str) -> None:
    with pytest.raises(RecoveryStringError) as caught:
        read_string(typed)
    assert message in str(caught.value)
    assert caught.value.exit_code == 2


def made(values: list[int]) -> str:
    return bech32m.encode("usenetsync", values)


@pytest.mark.parametrize(
    ("string", "message"),
    [
        (made([2, 0, *bech32m.to_fives(SECRET)]), "A newer UsenetSync"),
        (made([1, 2, *bech32m.to_fives(SECRET)]), "A newer UsenetSync"),
        (made([1, 0, *bech32m.to_fives(SECRET[1:])]), "another length"),
        (made([1, 1, *bech32m.to_fives(SECRET)]), "another length"),
        (made([1, 0, *bech32m.to_fives(SECRET)[:-1], 1]), "another length"),
        (made([1, 1, *bech32m.to_fives(b"\x02\x01" + bytes(87))]), "damaged"),
        (made([1, 1, *bech32m.to_fives(b"\x02\x09" + bytes(87))]), "damaged"),
        (made([1]), "A newer UsenetSync"),
    ],
)
def test_a_right_checksum_over_something_else_is_refused(string: str, message: str) -> None:
    with pytest.raises(RecoveryStringError, match=message):
        read_string(string)


def test_a_wrapped_secret_cannot_ask_for_gigabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = bytearray(bech32m.to_bytes([v or 0 for v in bech32m.values_of(WRAPPED[13:-6])]) or b"")
    greedy[2 + 16] = 31
    monkeypatch.setattr(key_wrapping.hashlib, "scrypt", lambda *_, **__: pytest.fail("it ran"))
    read = read_string(made([1, 1, *bech32m.to_fives(bytes(greedy))]))
    with pytest.raises(RecoveryStringError):
        read.opened("correct horse")
