-- Materialized, and asked with nested loops off: the planner's numbers for the catalogue are often old.
WITH RECURSIVE rel AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relispartition, c.reltuples, c.relpages, c.relfrozenxid, c.relminmxid,
           c.reltoastrelid, c.reloptions, c.relpersistence, c.relreplident, c.relhassubclass, n.nspname, n.oid AS nsoid,
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
           bool_or(i.indisprimary AND i.indisvalid AND i.indimmediate) AS key_names_rows,
           bool_or(i.indisreplident AND i.indisvalid) AS index_names_rows,
           sum(pg_stat_get_numscans(i.indexrelid))::int8 AS idx_scans
      FROM pg_index i WHERE i.indrelid IN (SELECT oid FROM rel) GROUP BY i.indrelid
), child AS MATERIALIZED (
    SELECT h.inhparent, count(*) AS children FROM pg_inherits h WHERE h.inhparent IN (SELECT oid FROM rel WHERE relhassubclass)
     GROUP BY h.inhparent
), silent AS MATERIALIZED (
    SELECT t.tgrelid, count(*) AS triggers FROM pg_trigger t WHERE t.tgenabled = 'D' GROUP BY t.tgrelid
), pub AS MATERIALIZED (
    -- Publications that send updates or deletes; a row is named by the identity of the partition that it lies in.
    SELECT oid, puballtables FROM pg_publication WHERE pubupdate OR pubdelete
), published AS (
    SELECT p.prrelid AS relid FROM pg_publication_rel p WHERE p.prpubid IN (SELECT oid FROM pub)
    UNION
    SELECT h.inhrelid FROM published u JOIN pg_inherits h ON h.inhparent = u.relid
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
       CASE c.relpersistence WHEN 'u' THEN 'unlogged' ELSE 'permanent' END AS persistence,
       CASE c.relreplident WHEN 'd' THEN 'default' WHEN 'n' THEN 'nothing' WHEN 'f' THEN 'full' WHEN 'i' THEN 'index'
                           ELSE c.relreplident::text END AS replica_identity,
       CASE c.relreplident WHEN 'd' THEN coalesce(i.key_names_rows, false) WHEN 'f' THEN true
                           WHEN 'i' THEN coalesce(i.index_names_rows, false) ELSE false END AS names_rows,
       c.relkind = 'r' AND c.relpersistence = 'p'
         AND (EXISTS (SELECT FROM pub WHERE puballtables) OR c.oid IN (SELECT relid FROM published){published_schemas})
         AS published,
       coalesce(h.children, 0) AS children,
       coalesce(s.triggers, 0) AS disabled_triggers,
       pg_stat_get_numscans(c.oid) AS seq_scans,
       coalesce(i.idx_scans, 0) AS idx_scans
  FROM rel c
  LEFT JOIN toast t ON t.oid = c.reltoastrelid
  LEFT JOIN ind i ON i.indrelid = c.oid
  LEFT JOIN child h ON h.inhparent = c.oid
  LEFT JOIN silent s ON s.tgrelid = c.oid
 ORDER BY c.relpages DESC, c.oid
