"""All commands to a running engine: frozen values, handled in one `match`."""

from __future__ import annotations

from dataclasses import replace

from usenetsync_tui.model.files import FileAction, FileSelection
from usenetsync_tui.model.filters import FilterChoices, Filters
from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind
from usenetsync_tui.model.keep_rules import KeepPolicy
from usenetsync_tui.model.restore_choices import RestoreChoices
from usenetsync_tui.model.secret import Secret
from usenetsync_tui.model.servers import Server
from usenetsync_tui.model.value_object import value_object


@value_object
class FolderChoices:
    """The choices for a folder; None keeps the stored one."""

    store: StoreKind | None = None
    profile: Profile | None = None
    copies: int | None = None
    priority: Priority | None = None
    compression: Compression | None = None
    own_files: bool | None = None
    """Include UsenetSync's own configuration, keys and logs, if the folder has them."""
    ignore_inode: bool | None = None
    """A new inode number alone does not count as a change."""
    newsgroups: tuple[str, ...] | None = None
    """The newsgroups to post to, on Usenet."""
    poster: str | None = None
    """The poster of ``plain`` articles: ``Name <name@example.com>``."""
    obfuscate: bool | None = None
    """``plain`` articles have a random poster, subject and name; the NZB has the real names."""
    filters: FilterChoices = FilterChoices()

    @property
    def is_for_next_run(self) -> bool:
        """Whether a choice takes effect only in the next upload, not in a running one."""
        rest = replace(self, priority=None, newsgroups=None, poster=None, obfuscate=None)
        return rest != FolderChoices()


@value_object
class Upload:
    """Back up this folder as a new version."""

    path: bytes
    choices: FolderChoices = FolderChoices()
    allow_shrink: bool = False
    """Accept the folder as it is now, even if most files are gone."""
    as_new: bool = False
    """It is another folder, even if its directory is that of a known one."""


@value_object
class MoveFolder:
    """A folder is at another path from now on; it keeps its name, its versions and its key."""

    folder_id: int
    path: bytes
    """Absolute."""


@value_object
class Pause:
    """Pause a job after finishing what is in flight."""

    job_id: int


@value_object
class Resume:
    """Continue a paused job."""

    job_id: int


@value_object
class Cancel:
    """End a job; the next one uses what it has posted."""

    job_id: int


@value_object
class Retry:
    """Queue a failed, incomplete or cancelled job again."""

    job_id: int
    allow_shrink: bool = False
    """An upload accepts the folder as it is now, even if most files are gone."""


@value_object
class SetPriority:
    """Move a job up or down the queue."""

    job_id: int
    priority: Priority


@value_object
class Choose:
    """Store these choices for a folder; its open job, if any, gets the priority at once."""

    folder_id: int
    choices: FolderChoices


@value_object
class SetKeepRules:
    """Which versions of a folder are kept from now on: they run after each of its uploads."""

    folder_id: int
    policy: KeepPolicy


@value_object
class TagVersion:
    """Add these tags to a version, or take them from it."""

    folder_id: int
    version: int
    tags: tuple[str, ...]
    remove: bool = False
    """Take them away; none: all that it has."""


@value_object
class ProtectVersions:
    """Nothing forgets these versions, until that is taken back."""

    folder_id: int
    versions: tuple[int, ...]
    remove: bool = False
    """Take it back."""


@value_object
class Restore:
    """Bring a version of a folder, or what is at and below some paths, back into `target`."""

    folder_id: int
    target: bytes
    """Absolute; empty: see `in_place`."""
    version: int | None = None
    """None: the newest finished one."""
    paths: tuple[bytes, ...] = ()
    """Inside the folder, or absolute and below it; none: all of it."""
    in_place: bool = False
    """The target may be the folder itself, inside it or around it; empty: the folder's own path."""
    choices: RestoreChoices = RestoreChoices()
    recreate: bool = False
    """With an empty target: even if the folder is gone or empty, or its disk is not mounted."""


@value_object
class Verify:
    """Check that every article of a folder is in the store; with `bodies`, fetch them too."""

    folder_id: int
    bodies: bool = False
    sample: int = 1
    """Fetch only one of so many parts of the articles, each time another one; 1: all."""


@value_object
class Forget:
    """Forget versions of a folder, and delete what only they need.

    Protected versions, the newest finished one, and one that a restore reads are refused.
    """

    folder_id: int
    versions: tuple[int, ...]


@value_object
class RemoveFolder:
    """Forget all versions of a folder, and the folder itself. Its files on disk stay."""

    folder_id: int


@value_object
class ExportNzb:
    """Write the NZB of a version of a `plain` folder into a new file."""

    folder_id: int
    version: int | None
    path: bytes
    """Absolute."""
    each_subfolder: bool = False
    """Write one for each subfolder instead, into the directory that `path` is then."""


@value_object
class Share:
    """Show the recovery string of a folder; see `EngineStatus.sharing`."""

    folder_id: int
    passphrase: Secret = Secret("")
    """The string opens nothing without it; empty: none."""
    window: int = 0
    """The window that asks, and that alone sees the string; 0: that of the engine's program."""


@value_object
class WriteString:
    """Write the recovery string that is shown into a new file."""

    path: bytes
    """Absolute."""
    window: int = 0
    """As in `Share`."""


@value_object
class StopSharing:
    """Forget the recovery string that is shown."""

    window: int = 0
    """As in `Share`."""


@value_object
class Adopt:
    """Continue the folder of a recovery string here; see `EngineStatus.adopting`."""

    string: Secret
    """As it was typed."""
    passphrase: Secret = Secret("")
    """Empty: it needs none."""
    path: bytes = b""
    """Where the folder is, absolute; empty: where it was."""


@value_object
class LookByString:
    """List the versions that a recovery string brings back; see `EngineStatus.string_versions`.

    It replaces an earlier list.
    """

    string: Secret
    """As it was typed."""
    passphrase: Secret = Secret("")
    """Empty: it needs none."""
    window: int = 0
    """As in `Share`: the others do not see the list."""


@value_object
class RestoreByString:
    """Restore a version of a recovery string's folder, which need not be in the catalogue.

    See `EngineStatus.string_restore`. What an earlier one left half done is used.
    """

    string: Secret
    """As it was typed."""
    passphrase: Secret
    """Empty: it needs none."""
    target: bytes
    """Absolute."""
    version: int | None = None
    """None: the newest one that is found."""
    paths: tuple[bytes, ...] = ()
    """As in `Restore`."""
    choices: RestoreChoices = RestoreChoices()


OF_STRING = 0
"""The folder's id in a `Restore` of the folder of a recovery string."""


@value_object
class StopStringRestore:
    """Stop the restore with a recovery string; the same one goes on from there later."""


@value_object
class PreviewFilters:
    """Find what the next version would leave out with these filters; see `EngineStatus.preview`.

    It replaces an earlier preview.
    """

    folder_id: int
    filters: Filters


@value_object
class PreviewRestore:
    """Find what a restore would do; see `EngineStatus.restore_preview`.

    It replaces an earlier preview; one of the same restore only turns to another page.
    """

    restore: Restore
    page: int = 0
    """From 0."""
    string: Secret = Secret("")
    """As it was typed: the restore is of its folder, `OF_STRING`; empty: of one here."""
    passphrase: Secret = Secret("")
    """Empty: it needs none."""
    window: int = 0
    """As in `Share`: the others do not see the preview."""


@value_object
class StopPreview:
    """Stop looking, and forget the previews."""


@value_object
class StopAdopting:
    """Stop the adoption that runs: nothing of it stays in the catalogue."""


@value_object
class PostIndex:
    """Post what is missing of a folder's index, so that its recovery string brings all back."""

    folder_id: int


@value_object
class PauseAll:
    """Pause every queued or running job."""


@value_object
class ResumeAll:
    """Continue every paused job."""


@value_object
class ActOnFiles:
    """Do this to every file of a selection, in batches; `EngineStatus.tasks` shows how far."""

    action: FileAction
    selection: FileSelection


@value_object
class SetWorkers:
    """How many threads read and compress, from now on; 1 to `MOST_WORKERS`."""

    count: int


MOST_WORKERS = 32
"""The most workers that the user can set while a job runs."""


@value_object
class SetConnections:
    """How many connections of a server may be used, from now on; 1 to those configured."""

    server: str
    count: int


@value_object
class PauseServer:
    """Give this server no new work until the user resumes it."""

    server: str


@value_object
class ResumeServer:
    """Use a paused server again, or one that the engine stopped using after errors."""

    server: str


@value_object
class TestServer:
    """Test a server, from looking up its name to posting; see `EngineStatus.trial`."""

    __test__ = False  # pytest would take it for a test

    server: Server


@value_object
class Examine:
    """Examine this machine for what may stop the program; see `EngineStatus.examination`."""

    post: bool = False
    """Post an article to each server, too."""
    sums: bool = True
    """Compare the catalogue's sums, which takes minutes where it is large."""


@value_object
class StopExamining:
    """Stop the examination."""


JOB_COMMANDS = (Upload, Restore, Verify, PostIndex, Forget, RemoveFolder, Resume, Retry)
"""Commands that want a job done; their answer has its id."""


EXAMINATION_COMMANDS = (Examine, StopExamining)
"""Commands that change nothing; an engine obeys them in every state."""


UNASKED_COMMANDS = (StopSharing, StopPreview)
"""Commands that a window also sends by itself: they do not clear why the last one was refused."""


@value_object
class AddServer:
    """Write a server into the settings file, and use it from now on."""

    server: Server


@value_object
class ShowKey:
    """Write into the log where the key is, and whether it opens each folder's key."""


@value_object
class ChangeKey:
    """Wrap the keys of all folders with another key file or passphrase."""

    path: bytes
    """The file of the new one; absolute."""
    is_passphrase: bool = False
    """Whether it holds a passphrase, and not a key."""


@value_object
class BackUpDatabase:
    """Write the whole catalogue into a new file."""

    path: bytes
    """Absolute."""
    with_articles: bool = False
    """Also the articles of the shards store."""


@value_object
class RestoreDatabase:
    """Replace the catalogue by a backup."""

    path: bytes
    """Absolute."""
    replace: bool = True
    """The user has agreed to lose what is there; else it must be empty."""


@value_object
class LimitBandwidth:
    """Post no faster than this from now on; 0: no limit."""

    bytes_per_second: int
    server: str = ""
    """Limits this server; empty: all servers together."""


@value_object
class LimitFetching:
    """Fetch no faster than this from now on; 0: no limit."""

    bytes_per_second: int
    server: str = ""
    """Limits this server; empty: all servers together."""


@value_object
class Drain:
    """Finish what is in flight, start nothing new, stop. Jobs can be resumed."""

    hand_over: bool = False
    """Another program takes over at once; the windows of this engine wait for it."""


Command = (
    Upload
    | MoveFolder
    | Choose
    | SetKeepRules
    | TagVersion
    | ProtectVersions
    | Restore
    | Verify
    | Forget
    | RemoveFolder
    | ExportNzb
    | Pause
    | Resume
    | Cancel
    | Retry
    | SetPriority
    | Share
    | WriteString
    | StopSharing
    | Adopt
    | StopAdopting
    | LookByString
    | RestoreByString
    | StopStringRestore
    | PostIndex
    | PreviewFilters
    | PreviewRestore
    | StopPreview
    | PauseAll
    | ResumeAll
    | ActOnFiles
    | SetWorkers
    | SetConnections
    | PauseServer
    | ResumeServer
    | TestServer
    | Examine
    | StopExamining
    | AddServer
    | ShowKey
    | ChangeKey
    | BackUpDatabase
    | RestoreDatabase
    | LimitBandwidth
    | LimitFetching
    | Drain
)
