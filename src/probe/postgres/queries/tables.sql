-- Materialized, and asked with nested loops off: the planner's numbers for the catalogue are often old.
WITH RECURSIVE locked AS MATERIALIZED (
    -- A waiting exclusive lock blocks us as well as a granted one.
    SELECT l.relation FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), counted AS (
    SELECT c.oid, c.relname, c.relkind, c.relispartition, c.reltuples, c.relpages, c.relfrozenxid, c.relminmxid,
           c.reltoastrelid, c.reloptions, c.relpersistence, c.relreplident, c.relhassubclass, n.nspname, n.oid AS nsoid,
           pg_stat_get_live_tuples(c.oid) AS live, pg_stat_get_dead_tuples(c.oid) AS dead,
           pg_stat_get_last_vacuum_time(c.oid) AS vacuumed, pg_stat_get_last_autovacuum_time(c.oid) AS autovacuumed,
           pg_stat_get_last_analyze_time(c.oid) AS analyzed, pg_stat_get_last_autoanalyze_time(c.oid) AS autoanalyzed
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm')
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
    OFFSET 0
), visited AS (
    -- A vacuum or analyze leaves its time. Where there is none, and fewer rows are counted than the catalogue knows of,
    -- the counters begin later than the table. Otherwise its file tells: whether it is empty, where nobody knows of any
    -- row, and whether it has grown by more than is counted, where rows came since.
    SELECT c.*, x.never AND c.reltuples > 0 AND c.live + c.dead < 0.9 * c.reltuples AS fewer,
           x.never AND (c.live + c.dead = 0 AND c.reltuples <= 0 OR c.relpages > 0 AND c.reltuples > 0
                        AND c.live + c.dead >= 0.9 * c.reltuples) AS unknown
      FROM counted c
     CROSS JOIN LATERAL (SELECT coalesce(c.vacuumed, c.autovacuumed, c.analyzed, c.autoanalyzed) IS NULL AS never) x
), rel AS MATERIALIZED (
    SELECT c.*, c.unknown AND c.oid IN (SELECT relation FROM locked) AS locked,
           CASE WHEN c.unknown AND c.oid NOT IN (SELECT relation FROM locked) THEN
                     -- As many rows as a page had lie in each page but the last.
                     coalesce(CASE WHEN c.reltuples > 0 THEN c.live + c.dead < 0.9 * c.reltuples / c.relpages
                                       * (pg_relation_size(c.oid) / current_setting('block_size')::int8 - 1)
                                   ELSE pg_relation_size(c.oid) > 0 END, false)
                ELSE c.fewer END AS forgotten
      FROM visited c
), toast AS MATERIALIZED (
    SELECT oid, relfrozenxid, relminmxid, reloptions FROM pg_class WHERE relkind = 't'
), since AS MATERIALIZED (
    -- Losing all counters in a crash leaves no time at the database, but one at the archiver.
    SELECT greatest(d.stats_reset, a.stats_reset) AS stats
      FROM pg_stat_archiver a LEFT JOIN pg_stat_database d ON d.datname = current_database()
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
       c.forgotten AS forgotten,
       c.locked AS locked,
       pg_is_in_recovery() AS replica,
       (SELECT (extract(epoch FROM stats) * 1000000)::int8 FROM since) AS stats_since,
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
       -- Without any option of its own, of whatever kind, a TOAST table has those of its table.
       CASE WHEN t.oid IS NULL THEN NULL WHEN t.reloptions IS NULL AND c.reloptions IS NULL THEN true
            ELSE coalesce((SELECT option_value::bool FROM pg_options_to_table(coalesce(t.reloptions, c.reloptions))
                            WHERE option_name = 'autovacuum_enabled'), true) END AS toast_autovacuum_enabled,
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
