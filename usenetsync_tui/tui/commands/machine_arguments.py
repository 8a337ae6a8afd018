"""The arguments of the `:` commands about the key, the catalogue, this machine and the servers.

Each function reads what follows the command's name, and raises `CommandError`.
"""

from __future__ import annotations

from usenetsync_tui.model.commands.engine import Examine
from usenetsync_tui.model.commands.servers import LimitBandwidth, LimitFetching, SetConnections
from usenetsync_tui.tui.commands.parsed_commands import (
    BackUpTo,
    ChangeKeyTo,
    CommandError,
    KnownNames,
    ParsedCommand,
    PutBack,
)
from usenetsync_tui.tui.commands.typed_arguments import (
    after_option,
    number_typed,
    one_of,
    whole_path,
)
from usenetsync_tui.tui.kit.speed_words import speed_typed

PHRASE = "--passphrase-file"
ARTICLES = "--with-articles"
DOCTOR = ("--post", "--quick")


def read_key_change(text: str, known: KnownNames) -> ParsedCommand:
    """The file that has the new key or passphrase."""
    path, is_passphrase = after_option(PHRASE, text)
    if path.startswith("--"):
        raise CommandError(f"Type key-change FILE, or key-change {PHRASE} FILE.")
    return ChangeKeyTo(whole_path(path, known), is_passphrase)


def read_backup(text: str, known: KnownNames) -> ParsedCommand:
    """The file to write the catalogue to."""
    path, with_articles = after_option(ARTICLES, text)
    if path.startswith("--"):
        raise CommandError(f"Type db-backup FILE, or db-backup {ARTICLES} FILE.")
    return BackUpTo(whole_path(path, known), with_articles)


def read_put_back(text: str, known: KnownNames) -> ParsedCommand:
    """The backup that replaces the catalogue."""
    if text.startswith("--"):
        raise CommandError("db-restore takes only FILE; it asks before it replaces anything.")
    return PutBack(whole_path(text, known))


def read_doctor(text: str, known: KnownNames) -> ParsedCommand:
    """What the examination includes."""
    options = text.split()
    if not {*options} <= {*DOCTOR}:
        raise CommandError(
            "doctor takes only --post, which posts an article to each server, "
            "and --quick, which skips the catalogue's checksums."
        )
    return Examine(post="--post" in options, sums="--quick" not in options)


def read_connections(text: str, known: KnownNames) -> ParsedCommand:
    """A server, and how many of its connections to use."""
    server, _, count = text.partition(" ")
    name = one_of(server, known.servers, "server", "Servers")
    return SetConnections(name, number_typed(count.strip(), 200, "Connections"))


def read_limit(text: str, known: KnownNames) -> ParsedCommand:
    """How fast to post."""
    return LimitBandwidth(*_speed_and_server(text, known))


def read_fetch_limit(text: str, known: KnownNames) -> ParsedCommand:
    """How fast to fetch."""
    return LimitFetching(*_speed_and_server(text, known))


def _speed_and_server(text: str, known: KnownNames) -> tuple[int, str]:
    """Bytes per second, and the server's name; empty: all servers."""
    speed, server = text, ""
    first, _, last = text.rpartition(" ")
    if isinstance(speed_typed(text), str) and first and not isinstance(speed_typed(first), str):
        speed, server = first, one_of(last, known.servers, "server", "Servers")
    figure = speed_typed(speed)
    if isinstance(figure, str):
        raise CommandError(figure)
    return figure, server
