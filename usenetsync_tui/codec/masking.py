"""Secrets taken out of what somebody else says.

Nothing keeps a server from repeating the password it was given, in any of its answers, and what
it says ends up on screens, in logs and in the database. Knows in which forms a secret is
repeated; refuses to know who says it and where it goes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

MASKED = b"***"


def mask_of(username: str, password: str) -> Callable[[bytes], bytes]:
    """A function that replaces the password in bytes, also percent- or base64-encoded, by ``***``.

    Upper and lower case are not told apart. Without a password it changes nothing.
    """
    if not password:
        return bytes
    secret, user = password.encode("utf-8", "replace"), username.encode("utf-8", "replace")
    sasl = (secret, user + b":" + secret, b"\0" + user + b"\0" + secret)
    forms = {
        secret,
        quote(secret).encode(),
        quote(secret, safe="").encode(),
        quote_plus(secret).encode(),
        *(base64.b64encode(form).rstrip(b"=") for form in sasl),
    }
    # The longest first: a shorter form may be the beginning of a longer one.
    alternatives = b"|".join(map(re.escape, sorted(forms, key=len, reverse=True)))
    pattern = re.compile(alternatives, re.IGNORECASE)
    return lambda octets: pattern.sub(MASKED, octets)
