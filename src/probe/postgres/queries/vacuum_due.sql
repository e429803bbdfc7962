WITH {due}
SELECT quote_ident(n.nspname) || '.' || quote_ident(d.relname) AS "table",
       n.nspname::text AS schema, d.relname::text AS name,
       CASE d.share WHEN d.multixact_share THEN 'multixact_age' WHEN d.age_share THEN 'xid_age'
                    WHEN d.dead_share THEN 'dead_rows' ELSE 'inserts' END AS reason,
       d.share::float8 AS due_ratio, d.toast,
       d.dead AS dead_rows, d.inserted AS inserts_since_vacuum, d.age AS xid_age, d.multixact_age,
       nullif(d.relpages, 0)::int8 * current_setting('block_size')::int8 AS pages_size,
       (extract(epoch FROM greatest(pg_stat_get_last_vacuum_time(d.oid), pg_stat_get_last_autovacuum_time(d.oid)))
         * 1000000)::int8 AS last_vacuum
  FROM due d JOIN pg_namespace n ON n.oid = d.relnamespace
 WHERE $1::text[] IS NULL OR n.nspname = ANY ($1)
 ORDER BY d.share DESC, 1
