-- The smallest first, so that the time is enough for as many as can be.
WITH measure AS MATERIALIZED (
    SELECT quote_ident(n.nspname) AS home, bool_or(has_function_privilege(p.oid, 'EXECUTE')) AS may
      FROM pg_extension e
      JOIN pg_namespace n ON n.oid = e.extnamespace
      JOIN pg_proc p ON p.pronamespace = e.extnamespace AND p.proname = 'bt_index_check' AND p.pronargs = 1
     WHERE e.extname = 'amcheck'
     GROUP BY 1
), grown AS MATERIALIZED (
    -- `relpages` is what the last VACUUM or ANALYZE saw. What has come since is bounded by the rows that the server counts:
    -- of an index that was empty then nothing else is known, so each may be as long as an entry can be (2704 bytes); in
    -- any other an entry takes 20 bytes at least.
    SELECT t.oid, rows FROM (SELECT oid, pg_stat_get_live_tuples(oid) + pg_stat_get_dead_tuples(oid) AS rows FROM pg_class
                              WHERE relkind IN ('r', 'm')) t
     WHERE t.rows * 2704 >= {min_size}
), large AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relnamespace, c.relpages, c.relpages::int8 * current_setting('block_size')::int8 AS size
      FROM pg_class c
     WHERE c.relkind = 'i' AND c.relam = 403 AND c.relpersistence <> 't'
       -- A replica has nothing of what is not logged, which amcheck leaves out there with a notice.
       AND NOT (c.relpersistence = 'u' AND pg_is_in_recovery())
       AND (c.relpages::int8 * current_setting('block_size')::int8 >= {min_size}
            OR c.oid IN (SELECT g.indexrelid FROM pg_index g WHERE g.indrelid IN (SELECT oid FROM grown)))
), btree AS MATERIALIZED (
    SELECT c.oid, c.relname, n.nspname, c.size,
           (SELECT (SELECT quote_ident(tn.nspname) FROM pg_namespace tn WHERE tn.oid = t.relnamespace)
                   || '.' || quote_ident(t.relname) FROM pg_class t WHERE t.oid = i.indrelid) AS owner
      FROM large c
      JOIN pg_index i ON i.indexrelid = c.oid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN grown g ON g.oid = i.indrelid
     WHERE i.indisvalid AND i.indisready AND i.indislive
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
       AND (c.size >= {min_size} OR g.rows * CASE WHEN c.relpages <= 1 THEN 2704 ELSE 20 END >= {min_size})
), chosen AS MATERIALIZED (
    SELECT b.*, b.size <= {max_size} AS asked FROM btree b
)
SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS "index",
       nspname::text AS schema,
       relname::text AS name,
       owner AS "table",
       size AS index_size,
       asked,
       coalesce(NOT may, false) AS unexecutable,
       may IS NULL AS unfound,
       home,
       {ask} AS ask_intact
  FROM chosen LEFT JOIN measure ON true
 ORDER BY size, oid
