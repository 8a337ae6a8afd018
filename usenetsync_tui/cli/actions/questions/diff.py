"""`usenetsync diff FOLDER V1 [V2]`: what differs between two versions, and the sums."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from usenetsync_tui.catalogue.lookups import differences
from usenetsync_tui.catalogue.tables import snapshots
from usenetsync_tui.cli.output import voices
from usenetsync_tui.cli.output.paged_table import PrintedPages
from usenetsync_tui.cli.output.question_fields import change_fields
from usenetsync_tui.cli.output.table import Column
from usenetsync_tui.cli.run import Exit, catalogue_to_read, folder_named, start
from usenetsync_tui.model.entries import FileKind
from usenetsync_tui.model.text.figures import NOTHING, number, size
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.model.text.words import CHANGE_WORDS, KIND_WORDS
from usenetsync_tui.model.versions.changes import Change, ChangeKind, ChangeRow

_PAGE = 1000
_BACK = {
    Change.ADDED: Change.REMOVED,
    Change.REMOVED: Change.ADDED,
    Change.EXCLUDED: Change.ADDED,
}
_COLUMNS = (
    Column("Change"),
    Column("Before", right=True),
    Column("After", right=True),
    Column("Differs in"),
    Column("Path", least=8),
)


def diff(folder: str, first: int, second: int | None, as_json: bool) -> None:
    """Print what differs from one version to another; None: to the newest finished one."""
    start(lambda: _diff(folder, first, second, as_json), as_json=as_json, output_is_the_work=True)


async def _diff(word: str, first: int, second: int | None, as_json: bool) -> Exit:
    sums, pages = _Sums(), PrintedPages(_COLUMNS)
    async with catalogue_to_read("diff") as opened:
        async with opened.catalogue.transaction() as tx:
            folder = await folder_named(tx, word)
            old = await snapshots.finished_version(tx, folder.id, first)
            new = await snapshots.finished_version(tx, folder.id, second)
        after: bytes | None = None
        while True:
            async with opened.catalogue.transaction() as tx:
                versions = min(old, new), max(old, new)
                rows = await differences.page(tx, folder.id, versions, after, _PAGE)
            told = [_reversed(row) for row in rows] if old > new else rows
            for row in told:
                sums.add(row)
            if as_json:
                for row in told:
                    voices.emit("change", folder=folder.name, **change_fields(row))
            else:
                pages.add([_line(row) for row in told])
            if len(rows) < _PAGE:
                break
            after = rows[-1].path
    if as_json:
        voices.emit("diff", folder=folder.name, old_version=old, version=new, **sums.fields())
    else:
        voices.say(f"{safe_name(folder.name)}, version {old} to {new}: {sums}")
    return Exit.DONE


def _reversed(row: ChangeRow) -> ChangeRow:
    """The change from the newer version back to the older one."""
    kind = row.kind if row.old_kind is None else row.old_kind
    return replace(
        row,
        change=_BACK.get(row.change, row.change),
        old_size=row.new_size,
        new_size=row.old_size,
        kind=kind,
        old_kind=None if row.change in (Change.REMOVED, Change.EXCLUDED) else row.kind,
        rule=None,
    )


@dataclass(slots=True)
class _Sums:
    """The paths of each change; bytes of regular files that came and went."""

    paths: dict[Change, int] = field(default_factory=lambda: dict.fromkeys(Change, 0))
    came: int = 0
    went: int = 0

    def add(self, row: ChangeRow) -> None:
        """Count a path."""
        self.paths[row.change] += 1
        grown = (row.new_size or 0) - (row.old_size or 0)
        self.came += max(0, grown)
        self.went += max(0, -grown)

    def fields(self) -> dict[str, int]:
        """For scripts."""
        paths = {change.value: count for change, count in self.paths.items()}
        return {**paths, "grown_bytes": self.came, "shrunk_bytes": self.went}

    def __str__(self) -> str:
        words = [f"{number(count)} {change.value}" for change, count in self.paths.items()]
        if not any(self.paths.values()):
            return "nothing differs."
        return f"{', '.join(words)}; {size(self.came)} more, {size(self.went)} less."


def _line(row: ChangeRow) -> tuple[str, ...]:
    words = [kind.value for kind in row.kinds]
    if ChangeKind.TYPE in row.kinds:
        words = [f"type: {_kind(row.old_kind)} to {_kind(row.kind)}"]
    if row.rule is not None:
        words = [str(row.rule)]
    path = safe_name(row.path) or "."
    sizes = (_size(row.old_size), _size(row.new_size))
    return CHANGE_WORDS[row.change], *sizes, ", ".join(words) or NOTHING, path


def _kind(kind: int | None) -> str:
    return NOTHING if kind is None else KIND_WORDS[FileKind(kind)]


def _size(count: int | None) -> str:
    return NOTHING if count is None else size(count)
