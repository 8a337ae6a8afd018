"""What a user may write for newsgroups and a poster.

Knows the syntax and the error messages: the command, the settings, the screen and the codec
all use it, so they accept the same texts. Refuses to know how a header is written
(`codec.yenc`) and which newsgroups exist.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.utils import parseaddr

_NEWSGROUP = re.compile(r"[A-Za-z0-9+_-]+(\.[A-Za-z0-9+_-]+)*")
_LONGEST_NEWSGROUP = 460
"""So that ``GROUP`` with it fits into a command line of 512 octets (RFC 3977 section 3.1)."""
_LONGEST_LINE = 900
_DOMAIN = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def newsgroups_typed(text: str) -> tuple[str, ...]:
    """The comma-separated newsgroups in a line, each once; not checked."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",")))


def newsgroups_problem(names: Iterable[str]) -> str:
    """What is wrong with newsgroups; empty when nothing is.

    RFC 5536 §3.1.4, limited to the characters that every server accepts, on one line.
    """
    names = tuple(names)
    for name in names:
        if not name:
            return "A newsgroup is missing. Separate newsgroups with one comma: alt.a,alt.b"
        if len(name) > _LONGEST_NEWSGROUP or not _NEWSGROUP.fullmatch(name):
            return f"{name!r} is not the name of a newsgroup."
    if not 0 < len(",".join(names)) <= _LONGEST_LINE:
        return f"Write at least one newsgroup, and at most {_LONGEST_LINE} characters in all."
    return ""


def poster_problem(text: str) -> str:
    """What is wrong with a poster; empty when nothing is.

    RFC 5536 §3.1.2: one mailbox; its name may be any printable text.
    """
    _, local, domain = _parts(text)
    if _ADDRESS.fullmatch(local) and is_domain(domain):
        return ""
    return f"{text!r} is not a poster. Write it like this: Name <name@example.com>"


def mailbox(text: str) -> str:
    """A valid poster as a header has it: ``Name <local@domain>``."""
    name, local, domain = _parts(text)
    return f"{name} <{local}@{domain}>" if name else f"{local}@{domain}"


def is_domain(text: str) -> bool:
    """Whether a text is a domain of letters, digits and hyphens."""
    return _DOMAIN.fullmatch(text.lower()) is not None


def _parts(text: str) -> tuple[str, str, str]:
    name, address = parseaddr(text) if len(text) <= 200 and text.isprintable() else ("", "")
    local, _, domain = address.partition("@")
    return name, local, domain
