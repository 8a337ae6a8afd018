"""Every exception of UsenetSync.

A user sees the docstring first, then the details given to the constructor. Where the docstring
would say less than the details, or something else, ``whole`` leaves it out. ``exit_code`` is the
exit code of the command; ``retryable`` is true if the same call may succeed later. Code that calls
a library turns the library's errors into these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # helper processes start quicker without them
    from usenetsync_tui.model.answers import Answer
    from usenetsync_tui.model.entries import NoticeKind


class UsenetSyncError(Exception):
    """Something went wrong."""

    exit_code = 1
    retryable = False
    whole = False
    """Whether the details are whole sentences, and the docstring is not printed before them."""

    def __init__(self, *details: object, whole: bool | None = None) -> None:
        """`whole`: for this error; None: as its class has it."""
        super().__init__(*details)
        if whole is not None:
            self.whole = whole

    def __str__(self) -> str:
        headline = (type(self).__doc__ or "").strip()
        detail = super().__str__()
        if detail and self.whole:
            return detail
        return f"{headline} {detail}" if detail else headline


class UsageError(UsenetSyncError):
    """This is not possible."""

    exit_code = 2
    whole = True


class QueuedAlreadyError(UsageError):
    """The queue has the same job already."""

    def __init__(self, words: str, job_id: int) -> None:
        super().__init__(words)
        self.job_id = job_id


class SettingsError(UsageError):
    """The settings are not usable."""

    whole = False


class UnknownFolderError(UsageError):
    """No such folder is backed up here."""

    whole = False


class UnknownSnapshotError(UsageError):
    """The folder has no such version."""


class FolderContinuedError(UsageError):
    """Another machine has continued the folder."""


class UnknownPathError(UsageError):
    """The version has no such path."""


class CatalogueHeldError(UsenetSyncError):
    """Another usenetsync is using this catalogue."""


class EngineBusyError(UsenetSyncError):
    """The engine is busy."""

    whole = True


class NoEngineError(UsenetSyncError):
    """No running engine can be reached."""


class EngineLostError(UsenetSyncError):
    """The engine that did the work has ended."""


class CatalogueVersionError(UsenetSyncError):
    """The catalogue was made by a newer UsenetSync."""


class BackupUnusableError(UsenetSyncError):
    """The backup of the catalogue cannot be used; nothing was changed."""


class CatalogueNotEmptyError(UsageError):
    """The catalogue is not empty."""


class DatabaseBusyError(UsenetSyncError):
    """Another program is reading the catalogue's tables."""


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


class IndexUnreadableError(UsenetSyncError):
    """The snapshot's index cannot be read."""


class RecoveryStringError(UsageError):
    """This is not a recovery string."""


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


class FileUnavailableError(UsenetSyncError):
    """The file cannot be read from the store."""


class TargetFileError(UsenetSyncError):
    """The file cannot be written."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def refusal(answer: Answer) -> UsenetSyncError:
    """The error with which an engine, perhaps another process's, refused a command."""
    named = globals().get(answer.kind)
    kind: type[UsenetSyncError] = UsenetSyncError
    if isinstance(named, type) and issubclass(named, UsenetSyncError):
        kind = named
    error = kind.__new__(kind, answer.problem)  # its sentence is made already
    error.whole, error.exit_code = True, answer.exit_code
    return error


def leading_error(error: BaseException) -> BaseException:
    """The error to show for a group: one of ours before others, the first before the rest."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    leaves = [leading_error(e) for e in error.exceptions]
    return next((e for e in leaves if isinstance(e, UsenetSyncError)), leaves[0])
