"""so_far: the figures of a job over all its runs: what earlier runs did, and what this one does.

A job that goes on after a stop or a kill shows at once how far it is. Knows amounts. Refuses to
know how they are counted (`job_run`) and where they are kept (`catalogue.tables.jobs`).

An upload counts in each run only what is left, and the beginning of a large file, which an earlier
run has planned, once more (`known_bytes`). A restore counts again what it finds in its target, so
its figure stands still until it is where it was.
"""

from __future__ import annotations

from usenetsync_tui.model.value_object import value_object


@value_object
class Amounts:
    """Source bytes and files; payload bytes that the store acknowledged; seconds of work."""

    done_files: int = 0
    done_bytes: int = 0
    total_files: int = 0
    total_bytes: int = 0
    posted_bytes: int = 0
    deduplicated_bytes: int = 0
    worked: float = 0.0


@value_object
class SoFar:
    """What the earlier runs of a job did."""

    amounts: Amounts = Amounts()
    counts_rest: bool = False
    """Whether this run counts only what they left (upload); else it counts everything again."""
    known_bytes: int = 0
    """Of what this run counts, the bytes that they have planned."""

    def with_run(self, run: Amounts, *, is_total: bool) -> Amounts:
        """The amounts of the job, with those of the current run. `is_total`: its totals are final.

        What is done never falls below what was done before.
        """
        before = self.amounts
        rest = before if self.counts_rest else Amounts()
        bytes_before = rest.done_bytes - self.known_bytes
        total_files = rest.done_files + run.total_files
        total_bytes = bytes_before + run.total_bytes
        if not is_total:
            total_files = max(total_files, before.total_files)
            total_bytes = max(total_bytes, before.total_bytes)
        done_files = max(before.done_files, rest.done_files + run.done_files)
        done_bytes = max(before.done_bytes, bytes_before + run.done_bytes)
        return Amounts(
            done_files=min(done_files, total_files),
            done_bytes=min(done_bytes, total_bytes),
            total_files=total_files,
            total_bytes=total_bytes,
            posted_bytes=before.posted_bytes + run.posted_bytes,
            deduplicated_bytes=before.deduplicated_bytes + run.deduplicated_bytes,
            worked=before.worked + run.worked,
        )
