-- One read of the lock table: who waits but our own, and what prepared transactions hold. Everybody may see it.
locks AS MATERIALIZED (
    SELECT l.pid, l.granted, l.locktype, l.transactionid, l.virtualtransaction, {waitstart} AS waitstart,
           CASE WHEN l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
                THEN l.relation END AS relation,
           ROW(l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid,
               l.objsubid)::text AS tag
      FROM pg_locks l
     WHERE NOT l.granted AND l.pid NOT IN (SELECT pid FROM pg_stat_activity WHERE application_name = '{own}' AND usename = session_user)
        OR l.pid IS NULL
), waiting AS MATERIALIZED (
    -- The start is not set yet for a moment after the wait began.
    SELECT l.pid, coalesce(min(l.waitstart), clock_timestamp()) AS since, min(l.relation::int8)::oid AS relation
      FROM locks l WHERE NOT l.granted AND l.pid IS NOT NULL GROUP BY l.pid
)
