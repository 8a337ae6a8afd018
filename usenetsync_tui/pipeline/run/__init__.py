"""What every run of a job shares, whatever its verb.

Knows the counters, the brakes and the workers of a run. Refuses to know the verbs' algorithms.

- `job_run`: the job at work: folder, place, limits, counters, and the brakes pause and drain.
- `streams`, `worker_counts`: how items go from stage to stage, and how many workers may hold one.
- `segments`: the items themselves, from a slice that was read to a payload with its digest.
- `fetch`: a segment's bytes back from the store, copy by copy.
- `judge`: whether the folder is still what it was, so that a missing disk is not an empty folder.
- `action_gate`: how a user holds or retries files while an upload reads them.
"""
