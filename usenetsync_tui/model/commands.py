"""All a user can ask of a running engine: frozen values, matched in one place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from usenetsync_tui.model.files import FileAction, FileSelection
from usenetsync_tui.model.folders import Compression, Priority, Profile, StoreKind
from usenetsync_tui.model.servers import Server


@dataclass(frozen=True, slots=True)
class FolderChoices:
    """What may be chosen for a folder; None keeps what is remembered."""

    store: StoreKind | None = None
    profile: Profile | None = None
    copies: int | None = None
    priority: Priority | None = None
    compression: Compression | None = None
    own_files: bool | None = None
    """Whether UsenetSync's own configuration, keys and logs are kept where the folder has them."""
    ignore_inode: bool | None = None
    """Another inode number alone is no change."""
    newsgroups: tuple[str, ...] | None = None
    """Where to post, on Usenet."""
    poster: str | None = None
    """Who posts ``plain`` articles: ``Name <name@example.com>``."""
    obfuscate: bool | None = None
    """``plain`` articles have a random poster, subject and name; the NZB has the real names."""

    @property
    def is_for_next_run(self) -> bool:
        """Something is chosen that an upload at work cannot take up any more."""
        rest = replace(self, priority=None, newsgroups=None, poster=None, obfuscate=None)
        return rest != FolderChoices()


@dataclass(frozen=True, slots=True)
class Upload:
    """Keep this folder: a new version of it."""

    path: bytes
    choices: FolderChoices = FolderChoices()
    allow_shrink: bool = False
    """Take the folder as it is, however little is left of it."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Hold a job where it is; what is in flight is finished."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a paused job go on."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Cancel:
    """End a job; what it has posted is kept for the next one."""

    job_id: int


@dataclass(frozen=True, slots=True)
class Retry:
    """Queue a failed, incomplete or cancelled job again."""

    job_id: int
    allow_shrink: bool = False
    """Have an upload take the folder as it is, however little is left of it."""


@dataclass(frozen=True, slots=True)
class SetPriority:
    """Move a job up or down the queue."""

    job_id: int
    priority: Priority


@dataclass(frozen=True, slots=True)
class Choose:
    """Remember these choices for a folder; its open job, if any, gets the priority at once."""

    folder_id: int
    choices: FolderChoices


@dataclass(frozen=True, slots=True)
class Restore:
    """Bring a version of a folder, or the part of it below `prefix`, back into `target`."""

    folder_id: int
    target: bytes
    """Absolute."""
    version: int | None = None
    """None: the newest finished one."""
    prefix: bytes = b""


@dataclass(frozen=True, slots=True)
class Verify:
    """Look for every article of a folder; with `bodies`, fetch and check them too."""

    folder_id: int
    bodies: bool = False


@dataclass(frozen=True, slots=True)
class ExportNzb:
    """Write the NZB of a version of a `plain` folder into a file that is not there yet."""

    folder_id: int
    version: int | None
    path: bytes
    """Absolute."""
    each_subfolder: bool = False
    """Write one for each subfolder instead, into the directory that `path` is then."""


@dataclass(frozen=True, slots=True)
class PauseAll:
    """Hold every job that waits or runs."""


@dataclass(frozen=True, slots=True)
class ResumeAll:
    """Let every paused job go on."""


@dataclass(frozen=True, slots=True)
class ActOnFiles:
    """Do this to every file of a selection, a batch at a time; `EngineStatus.tasks` tells."""

    action: FileAction
    selection: FileSelection


@dataclass(frozen=True, slots=True)
class SetWorkers:
    """How many threads read and compress, from now on; 1 to `MOST_WORKERS`."""

    count: int


MOST_WORKERS = 32
"""As many workers can be asked for while a job runs."""


@dataclass(frozen=True, slots=True)
class SetConnections:
    """How many connections of a server may be used, from now on; 1 to those configured."""

    server: str
    count: int


@dataclass(frozen=True, slots=True)
class PauseServer:
    """Give this server nothing new until it is resumed."""

    server: str


@dataclass(frozen=True, slots=True)
class ResumeServer:
    """Use a paused server again, and one that was left alone or given up as well."""

    server: str


@dataclass(frozen=True, slots=True)
class TestServer:
    """Try a server from its name to a posted article; `EngineStatus.trial` tells."""

    __test__ = False  # its name is no test's

    server: Server


@dataclass(frozen=True, slots=True)
class Examine:
    """Look at this machine for what may stop the program; `EngineStatus.examination` tells."""

    post: bool = False
    """Post an article to each server, too."""
    sums: bool = True
    """Compare the catalogue's sums, which takes minutes where it is large."""


@dataclass(frozen=True, slots=True)
class StopExamining:
    """Look at no more."""


LOOKING = (Examine, StopExamining)
"""What changes nothing, and is done in every state of an engine."""


@dataclass(frozen=True, slots=True)
class AddServer:
    """Write a server into the settings file, and use it from now on."""

    server: Server


@dataclass(frozen=True, slots=True)
class LimitBandwidth:
    """Post no faster than this from now on; 0: as fast as it goes."""

    bytes_per_second: int
    server: str = ""
    """To this server; empty: to all of them together."""


@dataclass(frozen=True, slots=True)
class LimitFetching:
    """Fetch no faster than this from now on; 0: as fast as it goes."""

    bytes_per_second: int
    server: str = ""
    """From this server; empty: from all of them together."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Finish what is in flight, take nothing new, stop. Jobs stay resumable."""


Command = (
    Upload
    | Choose
    | Restore
    | Verify
    | ExportNzb
    | Pause
    | Resume
    | Cancel
    | Retry
    | SetPriority
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
    | LimitBandwidth
    | LimitFetching
    | Drain
)
