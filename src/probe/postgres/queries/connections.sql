WITH most AS MATERIALIZED (
    SELECT current_setting('max_connections')::int8 AS connections,
           current_setting('superuser_reserved_connections')::int8
             + coalesce(current_setting('reserved_connections', true), '0')::int8 AS reserved
)
SELECT min(most.connections) AS max_connections,
       min(most.reserved) AS reserved,
       greatest(min(most.connections - most.reserved), 1) AS available,
       count(*) FILTER (WHERE client) AS used,
       count(*) FILTER (WHERE client)::float8 / greatest(min(most.connections - most.reserved), 1) AS used_ratio,
       NOT pg_has_role(current_user, 'pg_read_all_stats', 'usage') AS hidden,
       count(*) FILTER (WHERE client AND state IN ('active', 'fastpath function call') AND NOT own) AS active,
       count(*) FILTER (WHERE client AND state = 'idle') AS idle,
       count(*) FILTER (WHERE client AND state LIKE 'idle in transaction%') AS idle_in_transaction,
       (extract(epoch FROM min(xact_start) FILTER (WHERE client AND NOT own)) * 1000000)::int8
         AS oldest_transaction_start,
       (extract(epoch FROM min(state_change) FILTER (WHERE client AND state LIKE 'idle in transaction%'))
         * 1000000)::int8 AS oldest_idle_in_transaction_start,
       count(*) FILTER (WHERE client AND wait_event_type = 'Lock') AS waiting_on_lock
  FROM (SELECT *, pid = pg_backend_pid() AS own,
               coalesce(backend_type = 'client backend', datid IS NOT NULL) AS client
          FROM pg_stat_activity) a, most
