-- Large b-trees first, then the statistics of their columns only. An entry is its header, its columns and its pointer; equal
-- keys of an index that is not unique share one entry, which one column's number of distinct values tells, several ones' not.
WITH measure AS MATERIALIZED (
    SELECT e.extnamespace::regnamespace AS home, bool_or(has_function_privilege(p.oid, 'EXECUTE')) AS may
      FROM pg_extension e JOIN pg_proc p ON p.pronamespace = e.extnamespace AND p.proname = 'pgstatindex'
     WHERE e.extname = 'pgstattuple'
     GROUP BY 1
), big AS MATERIALIZED (
    SELECT c.oid, c.relname, c.reltuples, c.relpages, n.nspname, i.indrelid, i.indisunique, i.indnatts, i.indnkeyatts,
           i.indkey::int2[] AS keys, t.relname AS table_name, tn.nspname AS table_schema, t.reltuples AS table_rows,
           current_setting('block_size')::int8 AS block,
           coalesce((SELECT option_value::float8 FROM pg_options_to_table(c.reloptions)
                      WHERE option_name = 'fillfactor'), 90) / 100 AS fill,
           coalesce((SELECT option_value::bool FROM pg_options_to_table(c.reloptions)
                      WHERE option_name = 'deduplicate_items'), true) AS deduplicates,
           pg_stat_get_mod_since_analyze(t.oid) AS changed,
           greatest(pg_stat_get_last_analyze_time(t.oid), pg_stat_get_last_autoanalyze_time(t.oid)) AS analyzed,
           t.relrowsecurity AND row_security_active(t.oid) AS secured
      FROM pg_class c
      JOIN pg_index i ON i.indexrelid = c.oid
      JOIN pg_class t ON t.oid = i.indrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_namespace tn ON tn.oid = t.relnamespace
     WHERE c.relkind = 'i' AND c.relam = 403 AND i.indisvalid AND t.relkind IN ('r', 'm') AND c.relpersistence <> 't'
       -- 99 is pg_toast, which has as many indexes as all others, and most of them are empty.
       AND c.relnamespace <> 99
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
       AND (c.relpages <= 1 OR c.relpages * current_setting('block_size')::int8 >= {min_size})
       AND CASE WHEN c.relpages * current_setting('block_size')::int8 >= {min_size} THEN true
                ELSE (pg_stat_get_live_tuples(t.oid) + pg_stat_get_dead_tuples(t.oid)) * 20 >= {min_size} END
), entry AS MATERIALIZED (
    SELECT b.*, s.hidden, s.expression_hidden, s.lacking, s.named,
           b.relpages * b.block AS whole,
           8 * ceil((8 + CASE WHEN s.has_nulls THEN 4 ELSE 0 END) / 8.0) + 8 * ceil(s.width / 8.0) AS entry_width,
           -- Rows that share an entry; an entry grows to a sixth of a page.
           CASE WHEN b.indisunique OR NOT b.deduplicates OR s.apart OR b.indnatts > b.indnkeyatts THEN 1
                ELSE greatest(b.reltuples / greatest(s.distinct_values, 1), 1) END AS sharing
      FROM big b
     CROSS JOIN LATERAL (
           SELECT bool_or(NOT c.visible AND c.key <> 0) AS hidden,
                  bool_or(NOT c.visible AND c.key = 0) AS expression_hidden,
                  bool_or(c.visible AND t.null_frac IS NULL) AS lacking,
                  bool_or(c.attlen = -2) AS named,
                  bool_or(c.apart) AS apart,
                  coalesce(max(t.null_frac), 0) > 0 AS has_nulls,
                  max(CASE WHEN t.n_distinct < 0 THEN -t.n_distinct * b.table_rows ELSE t.n_distinct END)
                    AS distinct_values,
                  sum((1 - coalesce(t.null_frac, 0))
                      * (CASE WHEN c.attlen > 0 THEN c.attlen ELSE coalesce(t.avg_width, 0) END + c.gap)) AS width
             FROM (SELECT k.key, a.attlen,
                          CASE WHEN k.key = 0 THEN b.nspname ELSE b.table_schema END AS of_schema,
                          CASE WHEN k.key = 0 THEN b.relname ELSE b.table_name END AS of_table,
                          CASE WHEN k.key = 0 THEN a.attname
                               ELSE (SELECT t.attname FROM pg_attribute t
                                      WHERE t.attrelid = b.indrelid AND t.attnum = k.key) END AS of_column,
                          has_column_privilege(CASE WHEN k.key = 0 THEN b.oid ELSE b.indrelid END,
                                               CASE WHEN k.key = 0 THEN a.attnum ELSE k.key END, 'SELECT') AS visible,
                          -- Types whose equal values may look different never share an entry.
                          (SELECT a.atttypid IN (700, 701, 1700, 1186, 3802) OR y.typtype NOT IN ('b', 'e')
                                  OR y.typelem <> 0 FROM pg_type y WHERE y.oid = a.atttypid) AS apart,
                          CASE WHEN lag(a.attlen, 1, 8::int2) OVER w > 0
                               THEN (al.width - mod(lag(a.attlen, 1, 8::int2) OVER w, al.width)) % al.width
                               WHEN a.attlen > 0 THEN (al.width - 1) / 2.0
                               ELSE 0 END AS gap
                     FROM pg_attribute a
                    CROSS JOIN LATERAL (SELECT b.keys[a.attnum - 1] AS key) k
                    CROSS JOIN LATERAL (SELECT CASE a.attalign WHEN 'd' THEN 8 WHEN 'i' THEN 4 WHEN 's' THEN 2
                                                               ELSE 1 END AS width) al
                    WHERE a.attrelid = b.oid AND a.attnum > 0
                   WINDOW w AS (ORDER BY a.attnum)) c
             LEFT JOIN LATERAL (
                  SELECT s.null_frac, s.avg_width, s.n_distinct FROM pg_stats s
                   WHERE s.schemaname = c.of_schema AND s.tablename = c.of_table AND s.attname = c.of_column
                     AND NOT s.inherited OFFSET 0) t ON true) s
), size AS MATERIALIZED (
    SELECT e.*,
           ceil(greatest(e.reltuples, 0) * CASE WHEN e.sharing < 1.5 THEN e.entry_width + 4
                       ELSE 6 + (e.entry_width + 4) / least(e.sharing, 130) END
                / ((e.block - 40) * e.fill) * 1.01 + 1)::int8 * e.block AS expected
      FROM entry e
), judged AS MATERIALIZED (
    SELECT z.*,
           pg_is_in_recovery() AS replica,
           z.reltuples < 0 OR z.relpages <= 1 OR (z.lacking AND z.reltuples > 0) AS never,
           z.analyzed IS NULL AS forgotten,
           z.changed > 1000 + 0.2 * greatest(z.table_rows, 0) AS outdated,
           z.named OR (z.sharing >= 1.5 AND z.indnkeyatts > 1) AS undecidable
      FROM size z
), said AS MATERIALIZED (
    SELECT j.*, replica OR secured OR hidden OR expression_hidden OR never OR forgotten OR outdated OR undecidable AS withheld
      FROM judged j
)
SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS "index",
       nspname::text AS schema,
       relname::text AS name,
       quote_ident(table_schema) || '.' || quote_ident(table_name) AS "table",
       whole AS index_size,
       expected AS expected_size,
       greatest(whole - expected, 0) AS bloat_size,
       CASE WHEN whole > 0 THEN greatest(whole - expected, 0)::float8 / whole END AS bloat_ratio,
       round(fill * 100)::int8 AS fillfactor,
       (extract(epoch FROM analyzed) * 1000000)::int8 AS last_analyze,
       changed AS modified_since_analyze,
       replica, secured, hidden, expression_hidden, never, forgotten, outdated, undecidable,
       changed::text AS changed_rows,
       coalesce(may, false) AS confirmable,
       coalesce(NOT may, false) AS unexecutable,
       CASE WHEN pg_has_role(current_user, 'pg_stat_scan_tables', 'usage')
            THEN format('GRANT EXECUTE ON FUNCTION %s.pgstatindex(regclass) TO ', home) ELSE 'GRANT pg_monitor TO ' END
         AS execute_grant,
       {exact} AS ask_exact
  FROM said LEFT JOIN measure ON true
 ORDER BY whole DESC, oid
