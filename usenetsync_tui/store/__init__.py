"""Places where articles live: one contract (`model.ports.Store`), one contract test.

Knows how to post an article, say whether it is there, and fetch it. Refuses to know folders,
versions and jobs. `usenet` posts to news servers, `shards` keeps articles in PostgreSQL, `memory`
in this process. Retry is a wrapper around a store; routing between servers belongs to the store
itself.
"""
