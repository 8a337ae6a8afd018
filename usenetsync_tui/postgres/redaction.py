"""Removes passwords from texts about a database. Loads no library: the log uses it early."""

from __future__ import annotations

import re

# From a URL's colon to its last @ sign: a password may contain an @ that is not escaped, and the
# URL may lack a colon or a slash.
_URL_PASSWORD = re.compile(r"""((?:^|(?<=[\s/"'=(<\[]))[^\s:/@]*:)\S*@""")
_NAMED_PASSWORD = re.compile(
    r"((?:pass(?:word|wd|phrase)?|secret)\s*=\s*)('(?:[^'\\]|\\.)*(?:'|$)|(?:\\.|\S)+)",
    re.IGNORECASE | re.DOTALL,
)


def redacted(text: str) -> str:
    """``text`` without the passwords of URLs and connection strings in it."""
    return _NAMED_PASSWORD.sub(r"\1***", _URL_PASSWORD.sub(r"\1***@", text))
