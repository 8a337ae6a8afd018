"""Posting: a planned segment becomes an acknowledged article.

Knows the ledger of the articles under way and who may write their rows. Refuses to know where
segments come from, and how a store sends.

- `assign` gives each copy of a segment its article: one that is posted or under way, or a new one
  with a random Message-ID and, where the realm is sealed, a fresh nonce.
- `posting_lanes` opens the lanes: a bounded stream of articles, as many `post` tasks as the store
  takes articles at once, and one `confirm` task. The caller goes on when all are answered.
- `post` hands an article to the store, which seals it on the way. An error that the store's own
  retries could not mend makes the article *failed*, with the store's words. A Message-ID that
  belongs to somebody else's article is replaced; the old one stays as an alias.
- `confirm` writes the answers down, a batch a transaction, without waiting for the disk.
- `settle` does the same for what an earlier run left: it asks the store, confirms what is there,
  and makes the rest again from the source. If the source has changed, the article is stale.

**Durable** is the plan, before the first byte leaves, and each new Message-ID. An answer is not:
after a crash `settle` asks the store for that article again.

`ledger.Ledger.lock` makes plan, confirm and check write in turn: a row that joins an article under
way is in the catalogue before the answer to that article is.
"""
