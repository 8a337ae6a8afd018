-- announce
-- The transaction changes what an index may have told. It ends before anybody takes a moment.
SELECT pg_advisory_xact_lock_shared(%(lock)s);

-- hold
-- No such transaction is open until this one ends.
SELECT pg_advisory_xact_lock(%(lock)s);

-- moment
-- The time now, not that of the beginning of the transaction.
SELECT clock_timestamp();
