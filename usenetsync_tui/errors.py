"""Every exception of UsenetSync.

A user sees the docstring first, then the details given to the constructor. ``exit_code`` is the
exit code of the command; ``retryable`` is true if the same call may succeed later. Code that calls
a library turns the library's errors into these.
"""

from __future__ import annotations

from usenetsync_tui.model.entries import NoticeKind


class UsenetSyncError(Exception):
    """Something went wrong."""

    exit_code = 1
    retryable = False

    def __str__(self) -> str:
        headline = (type(self).__doc__ or "").strip()
        detail = super().__str__()
        return f"{headline} {detail}" if detail else headline


class UsageError(UsenetSyncError):
    """This is not possible."""

    exit_code = 2

    def __str__(self) -> str:
        """The details alone, if there are any; a subclass puts its docstring before them."""
        detail = Exception.__str__(self)
        return detail if detail and type(self) is UsageError else super().__str__()


class SettingsError(UsageError):
    """The settings are not usable."""


class UnknownFolderError(UsageError):
    """No such folder is backed up here."""


class UnknownSnapshotError(UsageError):
    """The folder has no such version."""


class CatalogueHeldError(UsenetSyncError):
    """Another usenetsync is using this catalogue."""


class CatalogueVersionError(UsenetSyncError):
    """The catalogue was made by a newer UsenetSync."""


class DatabaseStartError(UsenetSyncError):
    """The embedded PostgreSQL could not be started."""


class DatabaseHeldError(DatabaseStartError):
    """Another server is using the data folder of the embedded PostgreSQL."""


class DatabaseUnavailableError(UsenetSyncError):
    """The database does not answer."""

    retryable = True


class DatabaseFullError(UsenetSyncError):
    """The database's disk is full. Nothing is lost: make room and run the same command again."""


class StoreError(UsenetSyncError):
    """The store refused."""

    charged = True
    """Whether it counts as a try of the article: no, if the server has accepted none so far."""


class StoreUnavailableError(StoreError):
    """The store does not answer."""

    retryable = True


class StoreUnusableError(UsenetSyncError):
    """No server can be used."""


class NewsgroupError(UsenetSyncError):
    """No server has a newsgroup of the folder."""


class ArticleCollisionError(StoreError):
    """The store has another article with this Message-ID."""


class ProtocolError(StoreUnavailableError):
    """The server violates the NNTP protocol."""


class OutOfStepError(ProtocolError):
    """The server's answers do not match the commands."""


class ArticleMissingError(StoreError):
    """The article is missing."""


class ArticleCorruptError(StoreError):
    """The article is damaged."""


class KeyUnavailableError(UsenetSyncError):
    """The folder's key cannot be unwrapped."""


class NoKeyError(KeyUnavailableError):
    """There is no key for a new sealed folder."""


class SourceError(UsenetSyncError):
    """The folder cannot be read."""


class SourceGoneError(SourceError):
    """The folder is not there. If it is on a disk, mount it and upload again."""


class TargetError(UsenetSyncError):
    """The target cannot be written."""


class SourceFileError(UsenetSyncError):
    """The file cannot be backed up as it is."""

    def __init__(self, kind: NoticeKind, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind
        self.reason = reason


class FileDamagedError(UsenetSyncError):
    """The file is damaged."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TargetFileError(UsenetSyncError):
    """The file cannot be written."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def leading_error(error: BaseException) -> BaseException:
    """The error to show for a group: one of ours before others, the first before the rest."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [leading_error(e) for e in error.exceptions]
    return next((e for e in leaves if isinstance(e, UsenetSyncError)), leaves[0])
