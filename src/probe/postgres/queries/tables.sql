-- Materialized, and asked with nested loops off: the planner's numbers for the catalogue are often old.
WITH rel AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relispartition, c.reltuples, c.relpages, c.relfrozenxid, c.relminmxid,
           c.reltoastrelid, c.reloptions, n.nspname,
           pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead,
           pg_stat_get_last_vacuum_time(c.oid) AS vacuumed, pg_stat_get_last_autovacuum_time(c.oid) AS autovacuumed,
           pg_stat_get_last_analyze_time(c.oid) AS analyzed, pg_stat_get_last_autoanalyze_time(c.oid) AS autoanalyzed
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm')
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), toast AS MATERIALIZED (
    SELECT oid, relfrozenxid, relminmxid FROM pg_class WHERE relkind = 't'
), ind AS MATERIALIZED (
    SELECT i.indrelid, bool_or(i.indisprimary) AS has_primary_key,
           sum(pg_stat_get_numscans(i.indexrelid))::int8 AS idx_scans
      FROM pg_index i WHERE i.indrelid IN (SELECT oid FROM rel) GROUP BY i.indrelid
)
SELECT c.oid AS oid,
       c.nspname::text AS schema,
       c.relname::text AS name,
       quote_ident(c.nspname) || '.' || quote_ident(c.relname) AS "table",
       CASE WHEN c.relkind = 'm' THEN 'matview' WHEN c.relispartition THEN 'partition' ELSE 'table' END AS kind,
       c.live AS live_rows,
       c.dead AS dead_rows,
       c.live + c.dead AS total_rows,
       c.dead::float8 / nullif(c.live + c.dead, 0) AS dead_ratio,
       c.live + c.dead = 0 AND c.reltuples > 0 AS forgotten,
       pg_is_in_recovery() AS replica,
       (SELECT (extract(epoch FROM stats_reset) * 1000000)::int8 FROM pg_stat_database
         WHERE datname = current_database()) AS stats_since,
       (extract(epoch FROM greatest(c.vacuumed, c.autovacuumed))
         * 1000000)::int8 AS last_vacuum,
       (extract(epoch FROM c.autovacuumed) * 1000000)::int8 AS last_autovacuum,
       (extract(epoch FROM greatest(c.analyzed, c.autoanalyzed))
         * 1000000)::int8 AS last_analyze,
       pg_stat_get_mod_since_analyze(c.oid) AS modified_since_analyze,
       pg_stat_get_ins_since_vacuum(c.oid) AS inserts_since_vacuum,
       CASE WHEN c.relpages = 0 AND c.reltuples <= 0 AND coalesce(c.vacuumed, c.autovacuumed, c.analyzed,
                 c.autoanalyzed) IS NULL THEN NULL
            ELSE c.relpages::int8 * current_setting('block_size')::int8 END AS pages_size,
       greatest(age(c.relfrozenxid), age(t.relfrozenxid))::int8 AS xid_age,
       greatest(mxid_age(c.relminmxid), mxid_age(t.relminmxid))::int8 AS multixact_age,
       CASE WHEN c.reloptions IS NULL THEN true
            ELSE coalesce((SELECT option_value::bool FROM pg_options_to_table(c.reloptions)
                            WHERE option_name = 'autovacuum_enabled'), true) END AS autovacuum_enabled,
       coalesce(i.has_primary_key, false) AS has_primary_key,
       pg_stat_get_numscans(c.oid) AS seq_scans,
       coalesce(i.idx_scans, 0) AS idx_scans
  FROM rel c
  LEFT JOIN toast t ON t.oid = c.reltoastrelid
  LEFT JOIN ind i ON i.indrelid = c.oid
 ORDER BY c.relpages DESC, c.oid
