"""compress: compresses segments densely (LZMA), several at a time.

When compression is quick, `read` has already done it (see `prepare`) and there is no such stage.
"""

from __future__ import annotations

from anyio import to_thread

from usenetsync_tui.pipeline.run.handover import Handover
from usenetsync_tui.pipeline.run.job_run import JobRun, Stage
from usenetsync_tui.pipeline.run.segments import RawSegment, ReadItem, prepare, wanted_compression


async def compress(
    run: JobRun,
    stage: Stage,
    worker: int,
    items: Handover[ReadItem],
    out: Handover[ReadItem],
) -> None:
    """One compressing worker."""
    wanted, slot = wanted_compression(run), stage.slot(worker)
    async for item in stage.stage_workers.items(worker, items.take):
        await out.room()
        if not isinstance(item, RawSegment):
            out.put([item])
            continue
        with slot.working(item.path, f"segment {item.index + 1}/{item.object.segments}"):
            prepared = await to_thread.run_sync(prepare, item, wanted)
        stage.done += 1
        out.put([prepared])
