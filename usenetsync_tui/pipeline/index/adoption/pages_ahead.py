"""pages_ahead: the pages of an index in their order, fetched over several connections ahead.

Knows order, room and errors. Refuses to know what a page has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectSendStream

from usenetsync_tui.model.index.roots import LEAF, PageRef, PartKey, PathKey
from usenetsync_tui.model.text.safe_name import safe_name
from usenetsync_tui.pipeline.index.pages_of_run import listed_in
from usenetsync_tui.pipeline.index.read_version import PageLostError, VersionReader
from usenetsync_tui.pipeline.run.budget import Budget

T = TypeVar("T")
Key = PathKey | PartKey
Line = tuple[PageRef, bytes | None, Key | None]
"""The line of a page, the bytes of a directory, and the key before which it ends."""
Lost = Callable[[PageRef, Key | None], None]
"""Hears of a page that no copy has, and of the key before which it ends; None: at the end."""
Wants = Callable[[Key, Key | None], bool]
"""Whether a page is wanted that begins at a key, and ends before another; None: at the end."""

_MADE_AT_ONCE = 2
"""Pages to decode at once: more threads would only wait for each other."""


def everything(first: Key, end: Key | None) -> bool:
    """The `Wants` of a whole run."""
    return True


async def lines(
    reader: VersionReader,
    pages: Sequence[PageRef],
    *,
    of_objects: bool,
    wants: Wants = everything,
    end: Key | None = None,
    lost: Lost | None = None,
) -> AsyncIterator[Line]:
    """The wanted pages of files or objects below some lines of a directory, in their order.

    A directory, with its bytes, comes before those in it. `lost`: hears of lost directories; None:
    they raise `PageLostError`.
    """
    mine = [line for line in pages if line.of_objects == of_objects]
    ends = [*[line.first for line in mine[1:]], end]
    for line, after in zip(mine, ends, strict=False):  # of no lines, there is still an end
        if not wants(line.first, after):
            continue
        if line.level == LEAF:
            yield line, None, after
            continue
        try:
            data = await reader.page(line)
        except PageLostError as error:
            if lost is None:
                raise _with_end(error, after) from error
            lost(line, after)
            continue
        yield line, data, after
        below = listed_in(line, data)
        deeper = lines(reader, below, of_objects=of_objects, wants=wants, end=after, lost=lost)
        async for each in deeper:
            yield each


def _with_end(error: PageLostError, end: Key | None) -> PageLostError:
    """The error with the whole range of paths that is lost."""
    if not isinstance(end, bytes):
        return error
    return PageLostError(f'{error.args[0]} The next part begins with "{safe_name(end)}".')


@dataclass(slots=True)
class _Slot(Generic[T]):
    """A page under way."""

    line: PageRef
    data: bytes = b""
    end: Key | None = None
    made: T | None = None
    failure: Exception | None = None
    ready: anyio.Event = field(default_factory=anyio.Event)


class PagesAhead(Generic[T]):
    """Fetches pages ahead and makes something of each; `use` gets them in order, one by one."""

    def __init__(self, reader: VersionReader, connections: int, budget: Budget) -> None:
        """`connections`: how many pages are fetched at once."""
        self._reader = reader
        self._connections = connections
        self._budget = budget
        self._limiter = anyio.CapacityLimiter(_MADE_AT_ONCE)

    async def each(
        self,
        wanted: AsyncIterator[Line],
        make: Callable[[bytes], T],
        use: Callable[[PageRef, bytes, T | None], Awaitable[None]],
        lost: Lost | None = None,
    ) -> None:
        """Call `use` with each wanted page, its bytes, and what `make` made of them in a thread.

        Nothing is made of directories. Raises the first error of a page, in their order. `lost`:
        hears of lost pages, which are left out; None: they are errors.
        """
        failure: Exception | None = None
        async with anyio.create_task_group() as group:
            sender, slots = anyio.create_memory_object_stream[_Slot[T]](self._connections)

            async def fetch(slot: _Slot[T]) -> None:
                try:
                    slot.data = await self._reader.page(slot.line)
                    slot.made = await to_thread.run_sync(make, slot.data, limiter=self._limiter)
                except Exception as error:  # noqa: BLE001 - raised where the page is used
                    slot.failure = error
                slot.ready.set()

            async def hand_out(out: MemoryObjectSendStream[_Slot[T]]) -> None:
                async with out:
                    try:
                        async for line, data, end in wanted:
                            await self._budget.take(line.size)
                            slot = _Slot[T](line, data or b"", end)
                            await out.send(slot)
                            if data is None:
                                group.start_soon(fetch, slot)
                            else:
                                slot.ready.set()
                    except Exception as error:  # noqa: BLE001 - raised in the order of pages
                        last = _Slot[T](PageRef(0, False, b"", b"", 0, ()), failure=error)
                        last.ready.set()
                        await out.send(last)

            group.start_soon(hand_out, sender)
            try:
                async with slots:
                    async for slot in slots:
                        await slot.ready.wait()
                        if isinstance(slot.failure, PageLostError):
                            if lost is None:
                                raise _with_end(slot.failure, slot.end)
                            lost(slot.line, slot.end)
                        elif slot.failure is not None:
                            raise slot.failure
                        else:
                            await use(slot.line, slot.data, slot.made)
                        self._budget.give(slot.line.size)
            except Exception as error:  # noqa: BLE001 - raised below, without the group around it
                failure = error
                group.cancel_scope.cancel()
        if failure is not None:
            raise failure
