"""Where articles are stored: one contract (`model.ports.stores.Store`), one contract test.

Knows how to post an article, check whether the store has it, and fetch it. Refuses to know
folders, versions and jobs. `usenet` posts to news servers, `shards` stores articles in PostgreSQL,
`memory` in this process. Retry is a wrapper around a store; routing between servers belongs to the
store itself.
"""
