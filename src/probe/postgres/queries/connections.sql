WITH most AS MATERIALIZED (
    SELECT current_setting('max_connections')::int8 AS connections,
           current_setting('superuser_reserved_connections')::int8
             + coalesce(current_setting('reserved_connections', true), '0')::int8 AS reserved,
           current_setting('max_locks_per_transaction')::int8
             * (current_setting('max_connections')::int8 + current_setting('max_prepared_transactions')::int8) AS locks
), clients AS MATERIALIZED (
    SELECT *, coalesce(backend_type = 'client backend', datid IS NOT NULL) AS client
      FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (application_name = '{own}' AND usename = session_user) IS NOT TRUE
), by_role AS MATERIALIZED (
    SELECT r.rolname AS name, r.rolconnlimit::int8 AS most, count(c.pid) AS used
      FROM pg_roles r LEFT JOIN clients c ON c.usesysid = r.oid AND c.client
     WHERE r.rolconnlimit > 0 AND NOT r.rolsuper GROUP BY r.rolname, r.rolconnlimit ORDER BY count(c.pid)::float8 / r.rolconnlimit DESC, 1 LIMIT 1
), by_database AS MATERIALIZED (
    SELECT d.datname AS name, d.datconnlimit::int8 AS most, count(c.pid) AS used
      FROM pg_database d LEFT JOIN clients c ON c.datid = d.oid AND c.client
     WHERE d.datconnlimit > 0 GROUP BY d.datname, d.datconnlimit ORDER BY count(c.pid)::float8 / d.datconnlimit DESC, 1 LIMIT 1
), counted AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE client) AS used,
           count(*) FILTER (WHERE client AND state IN ('active', 'fastpath function call')) AS active,
           count(*) FILTER (WHERE client AND state = 'idle') AS idle,
           count(*) FILTER (WHERE client AND state LIKE 'idle in transaction%') AS idle_in_transaction,
           min(xact_start) FILTER (WHERE client) AS transaction_start,
           min(state_change) FILTER (WHERE client AND state LIKE 'idle in transaction%') AS idle_start,
           count(*) FILTER (WHERE client AND wait_event_type = 'Lock') AS waiting_on_lock
      FROM clients
)
SELECT most.connections AS max_connections,
       most.reserved AS reserved,
       greatest(most.connections - most.reserved, 1) AS available,
       c.used AS used,
       c.used::float8 / greatest(most.connections - most.reserved, 1) AS used_ratio,
       NOT pg_has_role(current_user, 'pg_read_all_stats', 'usage') AS hidden,
       c.active AS active,
       c.idle AS idle,
       c.idle_in_transaction AS idle_in_transaction,
       (extract(epoch FROM c.transaction_start) * 1000000)::int8 AS oldest_transaction_start,
       (extract(epoch FROM c.idle_start) * 1000000)::int8 AS oldest_idle_in_transaction_start,
       c.waiting_on_lock AS waiting_on_lock,
       quote_ident(r.name) AS limited_role, r.used AS limited_role_used, r.most AS limited_role_limit,
       r.used::float8 / r.most AS limited_role_ratio,
       quote_ident(d.name) AS limited_database, d.used AS limited_database_used, d.most AS limited_database_limit,
       d.used::float8 / d.most AS limited_database_ratio,
       most.locks AS lock_slots, l.used AS locks, l.used::float8 / greatest(most.locks, 1) AS locks_ratio,
       l.pid AS most_locks_pid, l.number AS most_locks, l."user" AS most_locks_user,
       l.application AS most_locks_application
  FROM most CROSS JOIN counted c CROSS JOIN ({locks}) l
  LEFT JOIN by_role r ON true LEFT JOIN by_database d ON true
