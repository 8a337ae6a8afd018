"""compress: compresses segments densely (LZMA), several at a time.

When compression is quick, `read` has already done it (see `prepare`) and there is no such stage.
"""

from __future__ import annotations

from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.segments import (
    PreparedItem,
    RawSegment,
    ReadItem,
    prepare,
    wanted_compression,
)
from usenetsync_tui.pipeline.run.streams import put


async def compress(
    run: JobRun,
    stage: Stage,
    worker: int,
    items: MemoryObjectReceiveStream[ReadItem],
    out: MemoryObjectSendStream[PreparedItem],
) -> None:
    """One compressing worker."""
    wanted, slot = wanted_compression(run), stage.slot(worker)
    async with items, out:
        async for item in stage.stage_workers.items(worker, items):
            if not isinstance(item, RawSegment):
                await put(out, item)
                continue
            with slot.working(item.path, f"segment {item.index + 1}/{item.object.segments}"):
                prepared = await to_thread.run_sync(prepare, item, wanted)
            stage.done += 1
            await put(out, prepared)
