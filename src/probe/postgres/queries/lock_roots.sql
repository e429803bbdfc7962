-- Who stands at the end of each queue. Of those that block a session all that do not wait themselves count; if all
-- wait, the one that has waited for longest leads on. Number 0 stands for a prepared transaction.
, blocks AS MATERIALIZED (
    SELECT w.pid, unnest(pg_blocking_pids(w.pid)) AS blocker FROM waiting w
), prepared AS MATERIALIZED (
    SELECT DISTINCT w.pid, p.gid
      FROM locks w
      JOIN locks h ON h.tag = w.tag AND h.granted AND h.pid IS NULL
      JOIN locks x ON x.virtualtransaction = h.virtualtransaction AND x.locktype = 'transactionid'
                  AND x.granted AND x.pid IS NULL
      JOIN pg_prepared_xacts p ON p.transaction = x.transactionid
     WHERE NOT w.granted AND w.pid IN (SELECT pid FROM blocks WHERE blocker = 0)
), edges AS MATERIALIZED (
    SELECT b.pid, b.blocker AS next, NULL::text AS gid, n.pid IS NOT NULL AS waits, n.since
      FROM blocks b LEFT JOIN waiting n ON n.pid = b.blocker WHERE b.blocker <> 0
    UNION ALL
    SELECT pid, 0, gid, false, NULL FROM prepared
), chosen AS MATERIALIZED (
    SELECT e.pid, e.next, e.gid, e.waits
      FROM (SELECT e.*, bool_or(NOT e.waits) OVER (PARTITION BY e.pid) AS rooted,
                   row_number() OVER (PARTITION BY e.pid ORDER BY e.waits, e.since, e.next) AS place
              FROM edges e) e
     WHERE CASE WHEN e.rooted THEN NOT e.waits ELSE e.place = 1 END
), walk AS (
    SELECT pid AS waiter, next, gid, waits FROM chosen
    UNION
    SELECT w.waiter, c.next, c.gid, c.waits FROM walk w JOIN chosen c ON c.pid = w.next WHERE w.waits
), roots AS MATERIALIZED (
    SELECT waiter, next AS pid, gid FROM walk WHERE NOT waits
    UNION
    -- They wait for each other, until the server ends one of them.
    SELECT pid, next, gid FROM chosen WHERE pid NOT IN (SELECT waiter FROM walk WHERE NOT waits)
)
