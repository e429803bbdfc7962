-- Bounds are read without the relation that they belong to: with it pg_get_expr would wait for locks. They hold
-- constants only, so nothing is lost. Of a key of several columns the first one tells how far the ranges reach; gaps are
-- told for a key of one column only.
WITH parted AS MATERIALIZED (
    SELECT c.oid, c.relname, n.nspname, c.relispartition, p.partstrat, p.partnatts, p.partdefid, p.partattrs::int2[] AS attrs,
           -- What is computed has a type, too: that of the operators by which it is divided.
           (SELECT CASE WHEN o.opcintype IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype) THEN 'time'
                        WHEN o.opcintype IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'number'
                        ELSE 'other' END FROM pg_opclass o WHERE o.oid = p.partclass[0]) AS sort
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
    -- A text among the further columns that looks like the middle of a bound leaves it unread.
    SELECT b.parent, p.sort, p.partnatts = 1 AS single,
           substring(m[1] FROM '^''?([^'',]*)') AS low, substring(m[2] FROM '^''?([^'',]*)') AS high
      FROM bound b
      JOIN parted p ON p.oid = b.parent AND p.partstrat = 'r' AND p.sort <> 'other'
      LEFT JOIN LATERAL regexp_match(b.text, '^FOR VALUES FROM \(((?:(?!\) TO \().)*)\) TO \(((?:(?!\) TO \().)*)\)$') m ON true
     WHERE b.oid <> p.partdefid
), ends AS MATERIALIZED (
    -- A year of five digits is meant as "never".
    SELECT r.parent, r.single, r.low, r.high,
           CASE WHEN r.sort = 'time' AND r.high ~ '^\d{4}-' AND r.high !~ ' BC$' THEN r.high::timestamptz END AS high_time,
           CASE WHEN r.sort = 'time' AND r.low ~ '^\d{4}-' AND r.low !~ ' BC$' THEN r.low::timestamptz END AS low_time,
           CASE WHEN r.sort = 'number' AND r.high ~ '^-?\d+$' THEN r.high::int8 END AS high_number,
           CASE WHEN r.sort = 'time' THEN r.high !~ '^\d{4}-' OR r.high >= '9999'
                WHEN r.sort = 'number' THEN r.high !~ '^-?\d+$' END AS endless
      FROM ranges r
), summary AS MATERIALIZED (
    SELECT e.parent, bool_or(e.endless) AS open_ended, bool_or(e.high IS NULL) AS unread,
           max(e.high_time) FILTER (WHERE NOT e.endless) AS highest_time,
           max(e.high_number) AS highest_number
      FROM ends e GROUP BY e.parent
), width AS MATERIALIZED (
    SELECT DISTINCT ON (e.parent) e.parent, nullif(e.high_time - e.low_time, interval '0') AS width
      FROM ends e WHERE e.high_time IS NOT NULL AND NOT e.endless ORDER BY e.parent, e.high_time DESC, e.low_time DESC
), holes AS MATERIALIZED (
    SELECT e.parent, count(*) FILTER (WHERE l.low IS NULL) - 1 AS gaps
      FROM ends e LEFT JOIN ends l ON l.parent = e.parent AND l.low = e.high WHERE e.single GROUP BY e.parent
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
       CASE p.partstrat WHEN 'r' THEN p.sort ELSE 'other' END AS divided_by,
       p.relispartition AS is_partition,
       coalesce(m.partitions, 0) AS partitions,
       p.partdefid <> 0 AS has_default,
       quote_ident(dn.nspname) || '.' || quote_ident(d.relname) AS default_partition,
       CASE WHEN d.relkind IN ('r') THEN greatest(pg_stat_get_live_tuples(d.oid), 0) END AS default_rows,
       CASE WHEN d.relkind = 'r' THEN format('SELECT pg_relation_size(%s) AS default_size', d.oid) END AS ask_default_size,
       d.relkind IS NOT NULL AND d.relkind <> 'r' AS default_elsewhere,
       d.relkind IS NOT NULL AND d.relkind = 'r' AND pg_is_in_recovery() AS default_uncounted,
       d.relkind = 'r' AND d.reltuples > 0 AND coalesce(pg_stat_get_last_vacuum_time(d.oid), pg_stat_get_last_autovacuum_time(d.oid),
           pg_stat_get_last_analyze_time(d.oid), pg_stat_get_last_autoanalyze_time(d.oid)) IS NULL
         AND pg_stat_get_live_tuples(d.oid) + pg_stat_get_dead_tuples(d.oid) < 0.9 * d.reltuples IS TRUE AS default_forgotten,
       coalesce(s.unread, false) AS unread,
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
