-- What stands at the end of each queue of sessions that wait for locks: a process, or a prepared transaction.
WITH RECURSIVE {lock_waits}{lock_roots}, seen AS MATERIALIZED (
    SELECT a.*, NOT (pg_has_role(current_user, 'pg_read_all_stats', 'usage')
                     OR coalesce(pg_has_role(a.usesysid, 'usage'), false)) AS hidden
      FROM pg_stat_activity a
), queues AS MATERIALIZED (
    SELECT r.pid, r.gid, count(*) AS number, min(w.since) AS since,
           min(s.query_start) AS began, coalesce(bool_or(s.hidden), false) AS waiter_hidden
      FROM roots r JOIN waiting w ON w.pid = r.waiter LEFT JOIN seen s ON s.pid = r.waiter
     GROUP BY r.pid, r.gid
), longest AS MATERIALIZED (
    SELECT DISTINCT ON (r.pid, r.gid) r.pid, r.gid, r.waiter, w.relation
      FROM roots r JOIN waiting w ON w.pid = r.waiter ORDER BY r.pid, r.gid, w.since, w.pid
)
SELECT CASE WHEN q.gid IS NOT NULL THEN 'prepared'
            WHEN s.backend_type = 'client backend' OR s.hidden AND s.usesysid IS NOT NULL THEN 'session'
            WHEN s.backend_type = 'autovacuum worker' THEN 'autovacuum'
            ELSE 'other' END AS kind,
       coalesce(q.gid, q.pid::text) AS name,
       quote_ident(coalesce(p.owner, s.usename)) AS "user",
       quote_ident(coalesce(p.database, s.datname)) AS database,
       nullif(s.application_name, '') AS application,
       host(s.client_addr) AS client,
       CASE WHEN q.gid IS NOT NULL THEN 'prepared' ELSE nullif(s.state, 'disabled') END AS state,
       (extract(epoch FROM coalesce(p.prepared, s.xact_start)) * 1000000)::int8 AS transaction_start,
       q.number AS waiting,
       (extract(epoch FROM q.since) * 1000000)::int8 AS waiting_since,
       (extract(epoch FROM q.began) * 1000000)::int8 AS oldest_query_start,
       l.waiter::text AS waiter,
       quote_ident(w.usename) AS waiter_user,
       nullif(w.application_name, '') AS waiter_application,
       CASE WHEN c.oid IS NOT NULL THEN quote_ident(n.nspname) || '.' || quote_ident(c.relname) END AS relation,
       coalesce(s.hidden, false) AS hidden,
       coalesce(NOT s.hidden AND s.state = 'disabled', false) AS untold,
       q.waiter_hidden AS waiter_hidden
  FROM queues q
  JOIN longest l ON l.pid = q.pid AND l.gid IS NOT DISTINCT FROM q.gid
  LEFT JOIN seen s ON s.pid = q.pid
  LEFT JOIN seen w ON w.pid = l.waiter
  LEFT JOIN pg_prepared_xacts p ON p.gid = q.gid
  LEFT JOIN pg_class c ON c.oid = l.relation
  LEFT JOIN pg_namespace n ON n.oid = c.relnamespace
 ORDER BY 1, 2
