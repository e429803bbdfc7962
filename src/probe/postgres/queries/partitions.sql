-- Bounds are read without the relation that they belong to: with it pg_get_expr would wait for locks. They hold
-- constants only, so nothing is lost. Gaps and ends are told for a key of one column of whole numbers or days and times.
WITH parted AS MATERIALIZED (
    SELECT c.oid, c.relname, n.nspname, c.relispartition, p.partstrat, p.partnatts, p.partdefid, p.partattrs::int2[] AS attrs,
           (SELECT a.atttypid FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = p.partattrs[0]) AS key_type
      FROM pg_partitioned_table p
      JOIN pg_class c ON c.oid = p.partrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), bound AS MATERIALIZED (
    SELECT h.inhparent AS parent, c.oid, pg_get_expr(c.relpartbound, 0) AS text
      FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
     WHERE c.relispartition {detached}
), ranges AS MATERIALIZED (
    SELECT b.parent, p.key_type::regtype AS key_type,
           m[1] AS low, m[2] AS high,
           CASE WHEN p.key_type IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype) THEN 'time'
                WHEN p.key_type IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'number' END AS sort
      FROM bound b
      JOIN parted p ON p.oid = b.parent AND p.partstrat = 'r' AND p.partnatts = 1
      CROSS JOIN LATERAL regexp_match(b.text, '^FOR VALUES FROM \(''?([^'']*?)''?\) TO \(''?([^'']*?)''?\)$') m
     WHERE b.oid <> p.partdefid
), ends AS MATERIALIZED (
    -- A year of five digits is meant as "never".
    SELECT r.parent, r.sort, r.low, r.high,
           CASE WHEN r.sort = 'time' AND r.high ~ '^\d{4}-' AND r.high !~ ' BC$' THEN r.high::timestamptz END AS high_time,
           CASE WHEN r.sort = 'time' AND r.low ~ '^\d{4}-' AND r.low !~ ' BC$' THEN r.low::timestamptz END AS low_time,
           CASE WHEN r.sort = 'number' AND r.high ~ '^-?\d+$' THEN r.high::int8 END AS high_number,
           CASE WHEN r.sort = 'time' THEN r.high !~ '^\d{4}-' OR r.high >= '9999'
                WHEN r.sort = 'number' THEN r.high !~ '^-?\d+$' END AS endless
      FROM ranges r WHERE r.sort IS NOT NULL
), summary AS MATERIALIZED (
    SELECT e.parent, bool_or(e.endless) AS open_ended,
           max(e.high_time) FILTER (WHERE NOT e.endless) AS highest_time,
           max(e.high_number) AS highest_number,
           count(*) AS bounded
      FROM ends e GROUP BY e.parent
), width AS MATERIALIZED (
    SELECT DISTINCT ON (e.parent) e.parent, e.high_time - e.low_time AS width
      FROM ends e WHERE e.high_time IS NOT NULL AND NOT e.endless ORDER BY e.parent, e.high_time DESC
), holes AS MATERIALIZED (
    SELECT e.parent, count(*) FILTER (WHERE l.low IS NULL) - 1 AS gaps
      FROM ends e LEFT JOIN ends l ON l.parent = e.parent AND l.low = e.high GROUP BY e.parent
), number AS MATERIALIZED (
    SELECT b.parent, count(*) AS partitions FROM bound b GROUP BY b.parent
)
SELECT quote_ident(p.nspname) || '.' || quote_ident(p.relname) AS "table",
       p.nspname::text AS schema,
       p.relname::text AS name,
       CASE p.partstrat WHEN 'r' THEN 'range' WHEN 'l' THEN 'list' WHEN 'h' THEN 'hash' ELSE p.partstrat::text END AS strategy,
       (SELECT array_agg(coalesce((SELECT a.attname::text FROM pg_attribute a
                                    WHERE a.attrelid = p.oid AND a.attnum = k.attnum), '(expression)') ORDER BY k.place)
          FROM unnest(p.attrs) WITH ORDINALITY k(attnum, place)) AS columns,
       p.relispartition AS is_partition,
       coalesce(m.partitions, 0) AS partitions,
       p.partdefid <> 0 AS has_default,
       quote_ident(dn.nspname) || '.' || quote_ident(d.relname) AS default_partition,
       CASE WHEN d.relkind IN ('r') THEN greatest(pg_stat_get_live_tuples(d.oid), 0) END AS default_rows,
       CASE WHEN d.relkind = 'r' THEN format('SELECT pg_relation_size(%s) AS default_size', d.oid) END AS ask_default_size,
       d.relkind IS NOT NULL AND d.relkind <> 'r' AS default_elsewhere,
       d.relkind IS NOT NULL AND d.relkind = 'r' AND pg_is_in_recovery() AS default_uncounted,
       d.relkind = 'r' AND pg_stat_get_live_tuples(d.oid) + pg_stat_get_dead_tuples(d.oid) = 0
         AND d.reltuples > 0 IS TRUE AS default_forgotten,
       s.open_ended AS open_ended,
       (extract(epoch FROM s.highest_time) * 1000000)::int8 AS highest_time,
       s.highest_number AS highest_number,
       (extract(epoch FROM w.width) * 1000000)::int8 AS last_width,
       h.gaps AS gaps
  FROM parted p
  LEFT JOIN number m ON m.parent = p.oid
  LEFT JOIN summary s ON s.parent = p.oid
  LEFT JOIN width w ON w.parent = p.oid
  LEFT JOIN holes h ON h.parent = p.oid
  LEFT JOIN pg_class d ON d.oid = p.partdefid AND p.partdefid <> 0
  LEFT JOIN pg_namespace dn ON dn.oid = d.relnamespace
 ORDER BY 1
