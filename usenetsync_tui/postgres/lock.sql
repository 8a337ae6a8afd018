-- take
-- Takes the lock if it is free; the server holds it until the connection ends.
SELECT pg_try_advisory_lock(%s);

-- holder
-- The holder of this database's lock: its name, address, and when it connected.
-- pg_locks shows a lock of one bigint as two halves, with objsubid 1.
SELECT
    coalesce(nullif(activity.application_name, ''), 'process ' || locks.pid),
    activity.client_addr::text,
    activity.backend_start
FROM pg_locks AS locks
JOIN pg_stat_activity AS activity USING (pid)
WHERE locks.locktype = 'advisory'
  AND locks.granted
  AND locks.objsubid = 1
  AND locks.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (locks.classid::bigint << 32) | locks.objid::bigint = %s;

-- sessions
-- The other sessions of our programs in this database, with their names.
SELECT pid, application_name FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND starts_with(application_name, 'usenetsync ');

-- end
-- End these sessions, and wait until each has ended, at most two seconds.
SELECT pg_terminate_backend(pid, 2000) FROM unnest(%s::int[]) AS u(pid);
