"""The recovery string: the secret of a folder, to be written down once.

Bech32m (`bech32m`, BIP 350) with the human-readable part ``usenetsync`` and these 5-bit values::

    format     1 value    1
    flags      1 value    bit 0: wrapped by a passphrase; the others are 0
    secret     the 32 bytes of the folder's secret (`index.keys`): 52 values, 4 bits left over
               or, with the flag, the secret wrapped by scrypt as `key_wrapping` wraps keys,
               without its first 3 bytes ("USK"), which are always the same
    checksum   6 values

So it has 71 characters, or with a passphrase 162. Without the passphrase that string opens nothing:
guessing costs half a second and 128 MiB a try.

It is shown in groups of four characters, the groups separated by spaces. When it is read, upper
case, white space and hyphens do not matter (BIP 350 refuses mixed case; people do not). One or two
wrong characters are found, and the message names their places (`bech32m.wrong_places`); what they
should be it does not say, since with more errors that would be a guess.

Test vectors, secret 000102…1f::

    usenetsync1pqqqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0skqvj3k
    and wrapped by the passphrase "correct horse", salt 000102…0f, nonce 000102…0b:
    usenetsync1ppqgpqqqgzqvzq2ps8pqys5zcvp58q7yggqx6tnha4ftzmmaqqqypqxpq9qcrsszg2pw8n
    7a7yajsn4xc72rtfz26qsf2scmyvupek2rx9dplaf0h4nmng0d6sqmc8dtmhr34jy3y0f2rcwwsdc7fdr
"""

from __future__ import annotations

from dataclasses import field

from usenetsync_tui.codec import bech32m
from usenetsync_tui.codec.key_wrapping import (
    KeySecret,
    SecretKind,
    unwrap_key,
    wrap_key,
    wrapped_by,
)
from usenetsync_tui.errors import KeyUnavailableError, RecoveryStringError
from usenetsync_tui.model.recovery.typed_strings import GROUP, HUMAN_PART, PREFIX, without_groups
from usenetsync_tui.model.value_object import value_object

_FORMAT = 1
_WRAPPED = 1
_HEAD = 2
_MAGIC = b"USK"
_SECRET, _BLOB = 32, 89
_LENGTHS = {0: len(PREFIX) + 60, _WRAPPED: len(PREFIX) + 151}
"""Characters of a string, by its flags."""
_ALIKE = {"b": "6 or 8", "i": "l or j", "o": "0", "1": "l or 7"}
"""Characters that do not occur behind the prefix, and what they may be."""
_IN = "In the recovery string, "


@value_object
class RecoverySecret:
    """What a recovery string has: the folder's secret, or the secret wrapped by a passphrase."""

    value: bytes = field(repr=False)
    """32 bytes, or a wrapped key."""
    is_wrapped: bool = False

    def opened(self, passphrase: str | None) -> bytes:
        """The folder's secret. `RecoveryStringError` if it needs a passphrase, or another one."""
        if not self.is_wrapped:
            return self.value
        if passphrase is None:
            raise RecoveryStringError("This recovery string needs its passphrase.")
        try:
            return unwrap_key(self.value, KeySecret.passphrase(passphrase))
        except KeyUnavailableError as error:
            problem = "The passphrase is not the one of this recovery string."
            raise RecoveryStringError(problem) from error


def recovery_string(secret: bytes) -> str:
    """The string of a folder's secret of 32 bytes, not grouped."""
    return _written(0, secret)


def wrapped_string(secret: bytes, passphrase: str, *, salt: bytes, nonce: bytes) -> str:
    """The string that opens with a passphrase only; 16 random bytes of salt, 12 of nonce."""
    blob = wrap_key(secret, KeySecret.passphrase(passphrase), salt=salt, nonce=nonce)
    return _written(_WRAPPED, blob[len(_MAGIC) :])


def _written(flags: int, data: bytes) -> str:
    return bech32m.encode(HUMAN_PART, [_FORMAT, flags, *bech32m.to_fives(data)])


def grouped(string: str) -> str:
    """A string as it is shown: groups of four characters."""
    return " ".join([string[at : at + GROUP] for at in range(0, len(string), GROUP)])


def read_string(text: str) -> RecoverySecret:
    """What a string has that a user typed; `RecoveryStringError` says what is wrong, and where."""
    typed = without_groups(text)
    if not typed.startswith(PREFIX):
        raise RecoveryStringError(f'A recovery string begins with "{PREFIX}".')
    if len(typed) > bech32m.MOST_SEARCHED:
        raise RecoveryStringError(_other_length(typed))
    found = bech32m.values_of(typed[len(PREFIX) :])
    values = [value for value in found if value is not None]
    if len(values) != len(found):
        raise RecoveryStringError(_IN + _foreign(typed, found.index(None) + len(PREFIX)))
    if not bech32m.is_right(HUMAN_PART, values):
        raise RecoveryStringError(_mistyped(typed, values))
    version, flags = values[:_HEAD] if len(values) > _HEAD + bech32m.CHECKSUM else (0, 0)
    if version != _FORMAT or flags not in _LENGTHS:
        raise RecoveryStringError("A newer UsenetSync made this recovery string: update this one.")
    data = bech32m.to_bytes(values[_HEAD : -bech32m.CHECKSUM])
    if data is None or len(data) != (_BLOB if flags else _SECRET):
        raise RecoveryStringError("This recovery string has another length than such strings have.")
    if not flags:
        return RecoverySecret(data)
    return RecoverySecret(_wrapped(_MAGIC + data), is_wrapped=True)


def _wrapped(blob: bytes) -> bytes:
    try:
        kind = wrapped_by(blob)
    except KeyUnavailableError as error:
        raise RecoveryStringError("This recovery string is damaged.") from error
    if kind is not SecretKind.PASSPHRASE:
        raise RecoveryStringError("This recovery string is damaged.")
    return blob


def _foreign(typed: str, at: int) -> str:
    """The message for a character that is not of the alphabet."""
    sign = typed[at]
    shown = repr(sign) if sign.isprintable() else f"U+{ord(sign):04X}"
    perhaps = f" Perhaps it is {_ALIKE[sign]}." if sign in _ALIKE else ""
    return f"{_place(at)} is {shown}, which does not occur there.{perhaps}"


def _mistyped(typed: str, values: list[int]) -> str:
    """The message for a checksum that does not fit."""
    if len(typed) not in _LENGTHS.values():
        return _other_length(typed)
    places = [place + len(PREFIX) for place in bech32m.wrong_places(HUMAN_PART, values)]
    if not places:
        return f"{_IN}some characters are wrong. Compare each group with what you wrote down."
    said = " and ".join([_quoted(typed, at) for at in places])
    verb = "is" if len(places) == 1 else "are"
    return f"{_IN}{said} {verb} probably wrong."


def _other_length(typed: str) -> str:
    nearest = min(_LENGTHS.values(), key=lambda length: abs(length - len(typed)))
    words = "too many" if len(typed) > nearest else "missing"
    return (
        f"The recovery string has {len(typed)} characters instead of {nearest}: "
        f"{abs(len(typed) - nearest)} {words}."
    )


def _quoted(typed: str, at: int) -> str:
    group = typed[at - at % GROUP :][:GROUP]
    return f"{_place(at)} ({typed[at]!r} in {group!r})"


def _place(at: int) -> str:
    """Where a character is, as a user counts."""
    return f"character {at % GROUP + 1} of group {at // GROUP + 1}"
