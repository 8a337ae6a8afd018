"""What the user can choose in the restore dialog, in words."""

from __future__ import annotations

from usenetsync_tui.model.restores.choices import Overwrite
from usenetsync_tui.tui.kit.options import Pick

EXCEPT_HINT = "Patterns as in .gitignore: what matches is neither restored nor deleted."
ELSEWHERE, OWN_PLACE, RECREATED = "elsewhere", "own", "recreate"
PLACES = (
    Pick(ELSEWHERE, "another folder", "The files go into the folder of the next line."),
    Pick(
        OWN_PLACE,
        "its own place",
        "The files go where they were. Refused if the folder is gone or empty: its disk may not be "
        "mounted.",
    ),
    Pick(RECREATED, "there, even if gone", "The files go where they were, whatever is there now."),
)
DIFFERING = (
    Pick(str(Overwrite.ALWAYS), "replaced", "Files that differ are replaced; each is compared."),
    Pick(
        str(Overwrite.IF_CHANGED),
        "if changed",
        "Replaced if size, time, mode or owner differ; the bytes are not compared.",
    ),
    Pick(str(Overwrite.IF_NEWER), "if older", "Replaced if the version has a newer one."),
    Pick(str(Overwrite.NEVER), "never", "What is there stays; only missing files are restored."),
)
STAY, DELETED = "stay", "deleted"
OTHERS = (
    Pick(STAY, "stay", "What the version does not have stays."),
    Pick(
        DELETED,
        "are deleted",
        "Not what the folder's filters exclude, and nothing outside the restored part.",
        warning="What the version does not have is deleted; the preview lists it.",
    ),
)
BY_NAME, BY_NUMBER = "names", "numbers"
OWNERS = (
    Pick(BY_NAME, "by name", "Owner and group are those that have the same names here."),
    Pick(BY_NUMBER, "by number", "Owner and group keep their numbers; the names do not count."),
)
