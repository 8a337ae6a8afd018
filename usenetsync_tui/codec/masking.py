"""Secrets removed from a server's answers.

A server may repeat the password it got in any of its answers, and its answers go to screens, logs
and the database. Knows the forms in which a server can repeat a secret; refuses to know which
server it is and where the answer goes.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from urllib.parse import quote, quote_plus

MASKED = b"***"


def mask_of(username: str, password: str) -> Callable[[bytes], bytes]:
    """A function that replaces the password in bytes, also percent- or base64-encoded, by ``***``.

    It ignores upper and lower case. Without a password it changes nothing.
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
