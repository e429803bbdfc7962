-- Large tables first, then the statistics of their columns only: reading all of pg_stats takes seconds. A table whose
-- recorded size is older than its rows counts by its rows.
WITH measure AS MATERIALIZED (
    SELECT e.extnamespace::regnamespace AS home, bool_or(has_function_privilege(p.oid, 'EXECUTE')) AS may
      FROM pg_extension e JOIN pg_proc p ON p.pronamespace = e.extnamespace AND p.proname = 'pgstattuple_approx'
     WHERE e.extname = 'pgstattuple'
     GROUP BY 1
), big AS MATERIALIZED (
    SELECT c.oid, c.relname, c.relkind, c.relispartition, c.reltuples, c.relpages, c.relnatts, c.relam, n.nspname,
           current_setting('block_size')::int8 AS block,
           coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions)
                      WHERE option_name = 'fillfactor'), 100) / 100 AS fill,
           pg_stat_get_mod_since_analyze(c.oid) AS changed,
           greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)) AS analyzed,
           c.relrowsecurity AND row_security_active(c.oid) AS secured
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
       AND CASE WHEN c.relpages * current_setting('block_size')::int8 >= {min_size} THEN true
                ELSE (pg_stat_get_live_tuples(c.oid) + pg_stat_get_dead_tuples(c.oid)) * 28 >= {min_size} END
), size AS MATERIALIZED (
    SELECT b.*, coalesce(s.hidden, false) AS hidden, coalesce(s.lacking, false) AS lacking,
           b.relpages * b.block AS heap,
           -- A row: its pointer, its header with the map of nulls, its columns, each part rounded up to 8.
           ceil(greatest(b.reltuples, 0)
                / greatest(floor((b.block - 24) * b.fill
                           / (4 + 8 * ceil((23 + CASE WHEN s.has_nulls THEN (b.relnatts + 7) / 8 ELSE 0 END) / 8.0)
                                + 8 * ceil(coalesce(s.width, 0) / 8.0))), 1))::int8 * b.block AS expected
      FROM big b
     CROSS JOIN LATERAL (
           SELECT bool_or(NOT c.visible) AS hidden,
                  bool_or(c.visible AND t.null_frac IS NULL) AS lacking,
                  coalesce(max(t.null_frac), 0) > 0 AS has_nulls,
                  sum((1 - coalesce(t.null_frac, 0))
                      * (CASE WHEN c.attlen > 0 THEN c.attlen ELSE coalesce(t.avg_width, 0) END + c.gap)) AS width
             FROM (SELECT a.attname, a.attlen, has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS visible,
                          -- Sure behind a column of fixed length, half of the worst behind one that varies.
                          CASE WHEN lag(a.attlen, 1, 8::int2) OVER w > 0
                               THEN (al.width - mod(lag(a.attlen, 1, 8::int2) OVER w, al.width)) % al.width
                               WHEN a.attlen > 0 THEN (al.width - 1) / 2.0
                               ELSE 0 END AS gap
                     FROM pg_attribute a
                    CROSS JOIN LATERAL (SELECT CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2
                                                               ELSE 1 END AS width) al
                    WHERE a.attrelid = b.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated <> 'v'
                   WINDOW w AS (ORDER BY a.attnum)) c
             LEFT JOIN LATERAL (
                  SELECT s.null_frac, s.avg_width FROM pg_stats s
                   WHERE s.schemaname = b.nspname AND s.tablename = b.relname AND s.attname = c.attname
                     AND NOT s.inherited OFFSET 0) t ON true) s
), judged AS MATERIALIZED (
    SELECT z.*,
           pg_is_in_recovery() AS replica,
           coalesce((SELECT amname <> 'heap' FROM pg_am WHERE oid = z.relam), false) AS foreign_method,
           z.reltuples < 0 OR z.relpages = 0 OR (z.lacking AND z.reltuples > 0) AS never,
           z.analyzed IS NULL AS forgotten,
           z.changed > 1000 + 0.2 * greatest(z.reltuples, 0) AS outdated
      FROM size z
), said AS MATERIALIZED (
    SELECT j.*, replica OR foreign_method OR secured OR hidden OR never OR forgotten OR outdated AS withheld
      FROM judged j
)
SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS "table",
       nspname::text AS schema,
       relname::text AS name,
       CASE WHEN relkind = 'm' THEN 'matview' WHEN relispartition THEN 'partition' ELSE 'table' END AS kind,
       heap AS heap_size,
       expected AS expected_size,
       greatest(heap - expected, 0) AS bloat_size,
       CASE WHEN heap > 0 THEN greatest(heap - expected, 0)::float8 / heap END AS bloat_ratio,
       round(fill * 100)::int8 AS fillfactor,
       (extract(epoch FROM analyzed) * 1000000)::int8 AS last_analyze,
       changed AS modified_since_analyze,
       replica, foreign_method, secured, hidden, never, forgotten, outdated,
       (SELECT amname::text FROM pg_am WHERE oid = relam) AS method,
       changed::text AS changed_rows,
       coalesce(may, false) AS confirmable,
       coalesce(NOT may, false) AS unexecutable,
       CASE WHEN pg_has_role(current_user, 'pg_stat_scan_tables', 'usage')
            THEN format('GRANT EXECUTE ON FUNCTION %s.pgstattuple_approx(regclass) TO ', home) ELSE 'GRANT pg_monitor TO ' END
         AS execute_grant,
       {exact} AS ask_exact
  FROM said LEFT JOIN measure ON true
 ORDER BY heap DESC, oid
