"""What is known of a backup of the catalogue."""

from __future__ import annotations

from datetime import datetime

from usenetsync_tui.model.text.figures import plural, size, when
from usenetsync_tui.model.value_object import value_object


@value_object
class BackupMade:
    """A backup that was written."""

    bytes: int
    """Of the file."""
    tables: int
    rows: int
    schema: int
    """The number of the catalogue's newest migration."""
    with_articles: bool
    """Whether the articles of the shards store are in it."""
    folders: int
    versions: int
    jobs: int

    @property
    def words(self) -> str:
        """Its contents in words."""
        return f"{held_words(self.folders, self.versions)}, {plural(self.rows, 'row')}"

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what is not in it."""
        articles = (
            "The articles in the database (shards) are in it."
            if self.with_articles
            else "Articles in the database (shards) are not in it; add --with-articles for them."
        )
        return (
            articles,
            "It has the keys of sealed folders only wrapped: keep the key file or passphrase, too.",
        )


@value_object
class BackupFound:
    """A backup that was read to its end and is not damaged."""

    bytes: int
    program: str
    made_at: datetime
    schema: int
    with_articles: bool
    rows: int

    @property
    def words(self) -> str:
        """When it was made, and by what."""
        return f"made at {when(self.made_at)} by UsenetSync {self.program}, {size(self.bytes)}"


def held_words(folders: int, versions: int) -> str:
    """The contents of a catalogue in words."""
    return f"{plural(folders, 'folder')} with {plural(versions, 'version')}"
