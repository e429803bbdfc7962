WITH {due}, forgotten AS MATERIALIZED (
    -- Whose counters were lost (crash, reset, upgrade) is due by nothing that is counted. Small ones do not matter.
    SELECT c.* FROM pg_class c
     WHERE c.relkind IN ('r', 'm') AND c.reltuples >= 10000 AND c.relpersistence <> 't' AND {uncounted}
       AND c.oid NOT IN (SELECT oid FROM due)
)
SELECT * FROM (
SELECT quote_ident(n.nspname) || '.' || quote_ident(d.relname) AS "table",
       n.nspname::text AS schema, d.relname::text AS name,
       CASE d.share WHEN d.multixact_share THEN 'multixact_age' WHEN d.age_share THEN 'xid_age'
                    WHEN d.dead_share THEN 'dead_rows' ELSE 'inserts' END AS reason,
       d.share::float8 AS due_ratio, d.toast,
       d.dead AS dead_rows, d.inserted AS inserts_since_vacuum, d.age AS xid_age, d.multixact_age,
       nullif(d.relpages, 0)::int8 * current_setting('block_size')::int8 AS pages_size,
       (extract(epoch FROM greatest(pg_stat_get_last_vacuum_time(d.oid), pg_stat_get_last_autovacuum_time(d.oid)))
         * 1000000)::int8 AS last_vacuum,
       false AS forgotten
  FROM due d JOIN pg_namespace n ON n.oid = d.relnamespace
UNION ALL
SELECT quote_ident(n.nspname) || '.' || quote_ident(f.relname), n.nspname::text, f.relname::text, NULL, NULL, false, NULL, NULL,
       age(f.relfrozenxid)::int8, mxid_age(f.relminmxid)::int8,
       nullif(f.relpages, 0)::int8 * current_setting('block_size')::int8, NULL, true
  FROM forgotten f JOIN pg_namespace n ON n.oid = f.relnamespace
 WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema') t
 WHERE $1::text[] IS NULL OR t.schema = ANY ($1)
 ORDER BY t.due_ratio DESC NULLS LAST, 1
