"""What every run of a job shares, whatever its verb.

Knows the counters, pause and drain, and the workers of a run. Refuses to know the verbs'
algorithms.

- `job_run`: the running job: folder, realm, limits, counters, and the means to pause and drain it.
- `outcome`: how the run ended.
- `streams`, `worker_counts`: how items go from stage to stage, and how many workers may hold one.
- `segments`: the items themselves, from a slice that was read to a payload with its digest.
- `fetch`: gets a segment's bytes back from the store, copy by copy.
- `fetch_lanes`: the threads that fetch many segments at once; `wants`: what a task wants from them;
  `fetch_source`, `fetch_outcomes`: the way of a `wanted_segment` to a thread and back.
- `judge`: whether the folder is the one of the last version: a missing disk is no empty folder.
- `action_gate`: how a user holds or retries files while an upload reads them.
"""
