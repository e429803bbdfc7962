-- A waiting exclusive lock blocks us as well as a granted one.
SELECT DISTINCT relation AS oid FROM pg_locks
 WHERE locktype = 'relation' AND mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
   AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
