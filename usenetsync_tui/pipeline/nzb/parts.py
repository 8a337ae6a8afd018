"""nzb: a version cut into an NZB for each subfolder, and one for the files that are in none."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from usenetsync_tui.catalogue.lookups import nzb
from usenetsync_tui.catalogue.session import Catalogue
from usenetsync_tui.catalogue.tables.files import Span
from usenetsync_tui.codec.flat_names import distinct_name, flat_name, folded
from usenetsync_tui.model.folders import Folder

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class NzbPart:
    """What of a version an NZB lists; without a subfolder: the files that are in none."""

    subfolder: bytes | None

    def span(self, folder: int, version: int) -> Span:
        """Where its files are."""
        if self.subfolder is None:
            return Span(folder, version)
        return Span(folder, version, self.subfolder + b"/", self.subfolder + b"0")  # "0" is next

    def holds(self, path: bytes) -> bool:
        """Whether a file of its span is in it."""
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
        # The rest of a subfolder is not looked at: it may hold millions.
        start = subfolder + b"0" if b"/" in last.path else last.key + b"\0"
        span = replace(span, start=start)
    if loose:
        yield NzbPart(None)


class PartNames:
    """Names for the files of the parts: no two that some system takes for one."""

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        self._given: set[str] = set()

    def of(self, part: NzbPart) -> str:
        """``subfolder.nzb``; of the files in none the folder's name. To be asked once for each."""
        path = part.subfolder if part.subfolder is not None else self._folder.name.encode()
        name = flat_name(path)
        if folded(name) in self._given:
            # Unlike the tail of a subfolder of that name, which may come to meet another, too.
            name = distinct_name(path, digits=12 if part.subfolder is not None else 16)
        self._given.add(folded(name))
        return f"{name}.nzb"
