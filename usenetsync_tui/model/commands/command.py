"""Every command, as one type, and the commands that are treated alike."""

from __future__ import annotations

from usenetsync_tui.model.commands.engine import (
    BackUpDatabase,
    ChangeKey,
    Drain,
    Examine,
    RestoreDatabase,
    ShowKey,
    StopExamining,
)
from usenetsync_tui.model.commands.folders import (
    Choose,
    MoveFolder,
    PreviewFilters,
    RemoveFolder,
    SetKeepRules,
    StopPreview,
)
from usenetsync_tui.model.commands.jobs import (
    ActOnFiles,
    Cancel,
    Forget,
    Pause,
    PauseAll,
    PostIndex,
    Restore,
    Resume,
    ResumeAll,
    Retry,
    SetPriority,
    SetWorkers,
    Upload,
    Verify,
)
from usenetsync_tui.model.commands.recovery import (
    Adopt,
    LookByString,
    RestoreByString,
    Share,
    StopAdopting,
    StopSharing,
    StopStringRestore,
    WriteString,
)
from usenetsync_tui.model.commands.servers import (
    AddServer,
    LimitBandwidth,
    LimitFetching,
    PauseServer,
    ResumeServer,
    SetConnections,
    TestServer,
)
from usenetsync_tui.model.commands.versions import (
    ExportNzb,
    PreviewRestore,
    ProtectVersions,
    TagVersion,
)

JOB_COMMANDS = (Upload, Restore, Verify, PostIndex, Forget, RemoveFolder, Resume, Retry)
"""Commands that want a job done; their answer has its id."""


EXAMINATION_COMMANDS = (Examine, StopExamining)
"""Commands that change nothing; an engine obeys them in every state."""


UNASKED_COMMANDS = (StopSharing, StopPreview)
"""Commands that a window also sends by itself: they do not clear why the last one was refused."""


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
