-- Clients but our own. Without rights the server hides which processes are clients; those with a user and a database
-- count then.
WITH RECURSIVE {lock_waits}{lock_roots}, counted AS MATERIALIZED (
    SELECT pid, count(DISTINCT waiter) AS number FROM roots WHERE gid IS NULL GROUP BY pid
), ends AS MATERIALIZED (
    SELECT DISTINCT ON (waiter) waiter, pid, gid FROM roots ORDER BY waiter, gid NULLS LAST, pid
), seen AS MATERIALIZED (
    SELECT a.*, NOT (pg_has_role(current_user, 'pg_read_all_stats', 'usage')
                     OR coalesce(pg_has_role(a.usesysid, 'usage'), false)) AS hidden
      FROM pg_stat_activity a
)
SELECT a.pid::text AS pid,
       quote_ident(a.usename) AS "user",
       quote_ident(a.datname) AS database,
       nullif(a.application_name, '') AS application,
       host(a.client_addr) AS client,
       nullif(a.state, 'disabled') AS state,
       (extract(epoch FROM a.backend_start) * 1000000)::int8 AS backend_start,
       (extract(epoch FROM a.xact_start) * 1000000)::int8 AS transaction_start,
       (extract(epoch FROM a.query_start) * 1000000)::int8 AS query_start,
       (extract(epoch FROM a.state_change) * 1000000)::int8 AS state_change,
       a.wait_event_type || ':' || a.wait_event AS wait_event,
       w.pid IS NOT NULL AS waits_for_lock,
       (extract(epoch FROM w.since) * 1000000)::int8 AS waiting_since,
       ARRAY(SELECT b.blocker::text FROM blocks b WHERE b.pid = a.pid ORDER BY b.blocker) AS blocked_by,
       coalesce(c.number, 0) AS blocks,
       CASE WHEN e.gid IS NOT NULL THEN 'prepared'
            WHEN e.pid IS NULL THEN NULL
            WHEN r.backend_type = 'client backend' OR r.hidden AND r.usesysid IS NOT NULL THEN 'session'
            WHEN r.backend_type = 'autovacuum worker' THEN 'autovacuum'
            ELSE 'other' END AS root_kind,
       coalesce(e.gid, e.pid::text) AS root,
       quote_ident(coalesce(p.owner, r.usename)) AS root_user,
       nullif(r.application_name, '') AS root_application,
       CASE WHEN e.gid IS NOT NULL THEN 'prepared' ELSE nullif(r.state, 'disabled') END AS root_state,
       (extract(epoch FROM coalesce(p.prepared, r.xact_start)) * 1000000)::int8 AS root_transaction_start,
       CASE WHEN a.backend_xid IS NULL AND a.backend_xmin IS NULL THEN NULL
            ELSE greatest(age(a.backend_xid), age(a.backend_xmin))::int8 END AS xmin_age,
       {query} AS query,
       a.hidden AS hidden,
       NOT a.hidden AND coalesce(a.state = 'disabled', false) AS untold,
       coalesce(r.hidden, false) AS root_hidden,
       coalesce(NOT r.hidden AND r.state = 'disabled', false) AS root_untold
  FROM seen a
  LEFT JOIN waiting w ON w.pid = a.pid
  LEFT JOIN counted c ON c.pid = a.pid
  LEFT JOIN ends e ON e.waiter = a.pid
  LEFT JOIN seen r ON r.pid = e.pid
  LEFT JOIN pg_prepared_xacts p ON p.gid = e.gid
 WHERE a.pid <> pg_backend_pid() AND (a.application_name = '{own}' AND a.usename = session_user) IS NOT TRUE
   AND CASE WHEN a.hidden THEN a.datid IS NOT NULL AND a.usesysid IS NOT NULL ELSE a.backend_type = 'client backend' END
 ORDER BY a.pid
