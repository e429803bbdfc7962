WITH {due}, workers AS MATERIALIZED (
    SELECT count(*) AS running, min(backend_start) AS started, min(xact_start) AS table_started,
           count(*) FILTER (WHERE query LIKE '%(to prevent wraparound)') AS wraparound
      FROM pg_stat_activity WHERE backend_type = 'autovacuum worker'
), most AS MATERIALIZED (
    SELECT {slots} AS workers
), named AS MATERIALIZED (
    SELECT d.share, nullif(d.relpages, 0)::int8 * current_setting('block_size')::int8 AS size,
           quote_ident(n.nspname) || '.' || quote_ident(d.relname) AS name
      FROM due d JOIN pg_namespace n ON n.oid = d.relnamespace
)
SELECT current_setting('autovacuum')::bool AND current_setting('track_counts')::bool AS enabled,
       w.running AS workers,
       most.workers AS max_workers,
       w.running::float8 / greatest(most.workers, 1) AS used_ratio,
       w.wraparound AS wraparound_workers,
       (extract(epoch FROM w.started) * 1000000)::int8 AS oldest_worker_start,
       (extract(epoch FROM w.table_started) * 1000000)::int8 AS oldest_table_start,
       (extract(epoch FROM current_setting('autovacuum_naptime')::interval) * 1000000)::int8 AS naptime,
       CASE WHEN current_setting('autovacuum_vacuum_cost_limit') = '-1' THEN current_setting('vacuum_cost_limit')
            ELSE current_setting('autovacuum_vacuum_cost_limit') END::int8 AS cost_limit,
       (extract(epoch FROM CASE WHEN current_setting('autovacuum_vacuum_cost_delay') = '-1'
                                THEN current_setting('vacuum_cost_delay')
                                ELSE current_setting('autovacuum_vacuum_cost_delay') END::interval) * 1000000)::int8 AS cost_delay,
       (SELECT count(*) FROM named) AS due,
       (SELECT name FROM named ORDER BY share DESC, name LIMIT 1) AS most_due_table,
       (SELECT share FROM named ORDER BY share DESC, name LIMIT 1)::float8 AS most_due_ratio,
       (SELECT name FROM named ORDER BY size DESC NULLS LAST, name LIMIT 1) AS largest_due_table,
       (SELECT size FROM named ORDER BY size DESC NULLS LAST, name LIMIT 1) AS largest_due_size,
       NOT pg_has_role(current_user, 'pg_read_all_stats', 'usage') AS hidden
  FROM workers w, most
