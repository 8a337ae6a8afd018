"""The fields for the headers of articles, for the dialogs that add and change a folder.

Knows newsgroups, poster and obfuscation, and which of them have an effect. Refuses to know what
makes an answer wrong: `model.servers.headers` checks it, as it does for the settings and the
command.
"""

from __future__ import annotations

from dataclasses import replace

from textual.app import ComposeResult

from usenetsync_tui.model.commands.folders import FolderChoices
from usenetsync_tui.model.folders import Profile, StoreKind
from usenetsync_tui.model.servers.headers import (
    newsgroups_problem,
    newsgroups_typed,
    poster_problem,
)
from usenetsync_tui.model.value_object import value_object
from usenetsync_tui.tui.dialogs.folder_fields import (
    NAMES_TOO,
    NEWSGROUPS_HINT,
    OBFUSCATED,
    POSTER_HINT,
)
from usenetsync_tui.tui.kit.form import Field, Form, T, line_input
from usenetsync_tui.tui.kit.options import Options

_PLAIN_ONLY = ("poster", "obfuscate")
"""Sealed articles have a random poster and carry no names."""


@value_object
class PostingValues:
    """The initial values of the fields."""

    newsgroups: tuple[str, ...] = ()
    poster: str = ""
    """Empty: the poster from the settings."""
    obfuscated: bool = False


def posting_fields(now: PostingValues) -> ComposeResult:
    """Compose the fields for newsgroups, poster and obfuscation."""
    groups = line_input("newsgroups", ",".join(now.newsgroups))
    yield Field("Newsgroups", groups, hint=NEWSGROUPS_HINT)
    poster = line_input("poster", now.poster, placeholder="as the settings say")
    yield Field("Poster", poster, hint=POSTER_HINT)
    hidden = "yes" if now.obfuscated else "no"
    yield Field("Obfuscate", Options(OBFUSCATED, hidden, id="obfuscate"))


def show_posting(form: Form[T], store: StoreKind, profile: str) -> None:
    """Show only the fields that have an effect with this store and profile."""
    on_usenet, plain = store is StoreKind.USENET, profile == Profile.PLAIN
    for field in form.query(Field):
        if field.name_of_field == "newsgroups":
            field.display = on_usenet
        elif field.name_of_field in _PLAIN_ONLY:
            field.display = on_usenet and plain


def public_words(form: Form[T], store: StoreKind, profile: str) -> str:
    """A warning that everybody can read the articles; empty: only the user can."""
    if store is not StoreKind.USENET or profile != Profile.PLAIN:
        return ""
    hidden = form.choice("obfuscate") == "yes"
    return f"EVERYBODY can read it, {'but for the names' if hidden else NAMES_TOO}."


def posting_chosen(
    form: Form[T], before: PostingValues, store: StoreKind, profile: str
) -> tuple[FolderChoices, dict[str, str]]:
    """The changed header options, and the complaints about them by field."""
    choices, complaints = FolderChoices(), dict[str, str]()
    if store is not StoreKind.USENET:
        return choices, complaints
    groups = newsgroups_typed(form.text("newsgroups"))
    if groups != (before.newsgroups or ("",)):
        choices = replace(choices, newsgroups=groups)
        complaints["newsgroups"] = newsgroups_problem(groups)
    if profile == Profile.PLAIN:
        poster = form.text("poster").strip()
        if poster != before.poster:
            choices = replace(choices, poster=poster)
            complaints["poster"] = poster_problem(poster)
        hidden = form.choice("obfuscate") == "yes"
        if hidden is not before.obfuscated:
            choices = replace(choices, obfuscate=hidden)
    return choices, {field: problem for field, problem in complaints.items() if problem}
