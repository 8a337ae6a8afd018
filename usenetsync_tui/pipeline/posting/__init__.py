"""Posting: a planned segment becomes an acknowledged article.

Knows the ledger of the articles under way and which task may write their rows. Refuses to know
where segments come from, and how a store sends.

- `assign` gives each copy of a segment its article: one that is posted or under way, or a new one
  with a random Message-ID and, where the realm is sealed, a fresh nonce.
- `digest_filter` knows which digests are new, so that few must be looked up for that.
- `posting_lanes` opens the lanes: as many `post` tasks as the store takes articles at once, and one
  `confirm` task. Closing the lanes waits until every article has its answer.
- `run.lane_queue` and `run.handover` join them: planned articles on one side, answers (`posted`) on
  the other, for the event loop and for threads. The loop wakes for batches, never for a single
  article.
- `post` lets the store take one article after another from the queue; the store seals an article
  while it sends it. If an error remains after the store's own retries, the article is *failed*
  and keeps the store's message. A Message-ID that already names another article is replaced; the
  old one stays as an alias.
- `confirm` records the answers, one transaction for each batch, without waiting for the disk. It
  finds the row of an article by its key; the rows of an article that several share, by Message-ID.
- `settle` handles the articles that an earlier run left without an answer: it asks the store,
  confirms those the store has, and sends the others again from the source. If the source has
  changed, the article is stale.

The plan is **durable** before the first byte leaves, and so is each new Message-ID. An answer is
not: after a crash `settle` asks the store about that article again.

`ledger.Ledger.lock` lets plan, confirm and check write one at a time: a row that shares an article
under way is in the catalogue before the answer to that article is.
"""
