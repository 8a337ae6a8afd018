"""parts: one NZB for each subfolder of a version, and one for the files that are in none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from usenetsync_tui.catalogue.lookups import nzb
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables.version_files import Span
from usenetsync_tui.codec.flat_names import distinct_name, flat_name, folded
from usenetsync_tui.model.folders import Folder

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class NzbPart:
    """The part of a version that an NZB lists: a subfolder, or (None) the files in none."""

    subfolder: bytes | None

    def span(self, folder: int, version: int) -> Span:
        """The range of keys that contains its files."""
        if self.subfolder is None:
            return Span(folder, version)
        return Span(folder, version, self.subfolder + b"/", self.subfolder + b"0")  # "0" is next

    def holds(self, path: bytes) -> bool:
        """Whether a file of its span belongs to it."""
        return self.subfolder is not None or b"/" not in path


async def parts(catalogue: Catalogue, folder: Folder, version: int) -> AsyncIterator[NzbPart]:
    """A part for each subfolder that has files, in order, and one for the files in none."""
    subfolder, loose, span = b"", False, Span(folder.id, version)
    while True:
        async with catalogue.transaction() as tx:
            page = await nzb.files_page(tx, span, _PAGE)
        for file in page:
            top, slash, _ = file.path.partition(b"/")
            if not slash:
                loose = True
            elif top != subfolder:
                subfolder = top
                yield NzbPart(top)
        if len(page) < _PAGE:
            break
        last = page[-1]
        # Skip the rest of a subfolder: it may hold millions of files.
        start = subfolder + b"0" if b"/" in last.path else last.key + b"\0"
        span = replace(span, start=start)
    if loose:
        yield NzbPart(None)


class PartNames:
    """File names for the parts: no two that any system takes for the same."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._given: set[str] = set()

    def of(self, part: NzbPart) -> str:
        """``subfolder.nzb``, or the folder's name for files in none. Call it once for each part."""
        path = part.subfolder if part.subfolder is not None else self._folder.name.encode()
        name = flat_name(path)
        if folded(name) in self._given:
            # Not as long as a subfolder's suffix, so that the folder's own name cannot collide.
            name = distinct_name(path, digits=12 if part.subfolder is not None else 16)
        self._given.add(folded(name))
        return f"{name}.nzb"
