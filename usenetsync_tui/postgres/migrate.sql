-- applied
-- The migrations a catalogue has, in order.
SELECT version, name, checksum FROM schema_migrations ORDER BY version;

-- create_ledger
-- Creates the ledger of migrations. Two processes may do so at once.
CREATE TABLE IF NOT EXISTS schema_migrations (
    version integer PRIMARY KEY,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);

-- record
-- Records a migration, in the transaction that applies it.
INSERT INTO schema_migrations (version, name, checksum) VALUES (%s, %s, %s);

-- lock
-- One process migrates at a time; the others wait here.
SELECT pg_advisory_lock(%s);

-- unlock
-- Lets the next process migrate.
SELECT pg_advisory_unlock(%s);

-- lock_inside
-- The same until the end of the transaction.
SELECT pg_advisory_xact_lock(%s);
