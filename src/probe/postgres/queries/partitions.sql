-- Bounds are read without the relation that they belong to: with it pg_get_expr would wait for locks. They hold
-- constants only, so nothing is lost. Of a key of several columns the first one tells how far the ranges reach; gaps are
-- told for a key of one column only.
WITH parted AS MATERIALIZED (
    SELECT c.oid, c.relname, n.nspname, c.relispartition, c.reltuples, p.partstrat, p.partnatts, p.partdefid, p.partattrs::int2[] AS attrs,
           k.sorts[1] AS sort,
           p.partstrat = 'r' AND k.sorts[1] IN ('date', 'time') OR p.partstrat = 'l' AND k.sorts[1] = 'date' AS by_time,
           p.partstrat = 'r' AND k.sorts[1] NOT IN ('date', 'time') AND k.sorts && ARRAY['date', 'time']
             OR p.partstrat = 'l' AND k.sorts[1] = 'time' AS by_odd_time
      FROM pg_partitioned_table p
      JOIN pg_class c ON c.oid = p.partrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     CROSS JOIN LATERAL (
           -- What is computed has a type, too: that of the operators by which it is divided.
           SELECT array_agg(CASE WHEN o.opcintype = 'date'::regtype THEN 'date'
                                 WHEN o.opcintype IN ('timestamptz'::regtype, 'timestamp'::regtype) THEN 'time'
                                 WHEN o.opcintype IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) THEN 'number'
                                 ELSE 'other' END ORDER BY u.place) AS sorts
             FROM unnest(p.partclass::oid[]) WITH ORDINALITY u(class, place) JOIN pg_opclass o ON o.oid = u.class) k
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), bound AS MATERIALIZED (
    SELECT h.inhparent AS parent, c.oid, pg_get_expr(c.relpartbound, 0) AS text
      FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
     WHERE c.relispartition {detached}
), ranges AS MATERIALIZED (
    -- A text among the further columns that looks like the middle of a bound leaves it unread.
    SELECT b.parent, p.sort = 'number' AS numbers, p.partnatts = 1 AS single,
           substring(m[1] FROM '^''?([^'',]*)') AS low, substring(m[2] FROM '^''?([^'',]*)') AS high
      FROM bound b
      JOIN parted p ON p.oid = b.parent AND p.partstrat = 'r' AND p.sort <> 'other'
      LEFT JOIN LATERAL regexp_match(b.text, '^FOR VALUES FROM \(((?:(?!\) TO \().)*)\) TO \(((?:(?!\) TO \().)*)\)$') m ON true
     WHERE b.oid <> p.partdefid
), ends AS MATERIALIZED (
    -- A year of five digits is meant as "never".
    SELECT r.parent, r.single, r.numbers, r.low, r.high,
           CASE WHEN NOT r.numbers AND r.high ~ '^\d{4}-' AND r.high !~ ' BC$' THEN r.high::timestamptz END AS high_time,
           CASE WHEN NOT r.numbers AND r.low ~ '^\d{4}-' AND r.low !~ ' BC$' THEN r.low::timestamptz END AS low_time,
           CASE WHEN r.numbers AND r.high ~ '^-?\d+$' THEN r.high::int8 END AS high_number,
           CASE WHEN r.numbers THEN r.high !~ '^-?\d+$'
                ELSE (r.high !~ '^\d{4}-' OR r.high >= '9999') AND r.high !~ '^-|^MINVALUE| BC$' END AS endless
      FROM ranges r
), spans AS MATERIALIZED (
    -- What begins at a year of five digits begins later than anybody looks.
    SELECT e.parent, CASE WHEN e.low ~ '^\d{5}' THEN 'infinity' ELSE coalesce(e.low_time, '-infinity') END AS low,
           CASE WHEN e.endless THEN 'infinity' ELSE e.high_time END AS high
      FROM ends e WHERE NOT e.numbers AND (e.endless OR e.high_time IS NOT NULL)
    UNION ALL
    -- Of a list each day is a range of its own.
    SELECT b.parent, m[1]::date, m[1]::date + 1
      FROM bound b
      JOIN parted p ON p.oid = b.parent AND p.partstrat = 'l' AND p.by_time
     CROSS JOIN LATERAL regexp_matches(b.text, '''(\d{4}-\d\d-\d\d)''', 'g') m
), islands AS MATERIALIZED (
    -- What lies end to end is one.
    SELECT i.parent, min(i.low) AS low, max(i.high) AS high
      FROM (SELECT s.*, sum(CASE WHEN s.before >= s.low THEN 0 ELSE 1 END) OVER (PARTITION BY s.parent ORDER BY s.low, s.high) AS number
              FROM (SELECT x.*, max(x.high) OVER (PARTITION BY x.parent ORDER BY x.low, x.high
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM spans x) s) i
     GROUP BY i.parent, i.number
), reach AS MATERIALIZED (
    SELECT i.parent, max(i.high) FILTER (WHERE i.low <= now()) AS covered,
           nullif(min(i.low) FILTER (WHERE i.low > now()), 'infinity') AS next, nullif(max(i.high), 'infinity') AS highest
      FROM islands i GROUP BY i.parent
), summary AS MATERIALIZED (
    SELECT e.parent, bool_or(e.numbers) AS numbers, bool_or(e.endless) AS endless, bool_or(e.high IS NULL) AS unread,
           max(e.high_time) FILTER (WHERE NOT e.endless) AS highest_time,
           max(e.high_number) AS highest_number
      FROM ends e GROUP BY e.parent
), width AS MATERIALIZED (
    -- Of the range after which the first gap comes, or of the last one.
    SELECT DISTINCT ON (s.parent) s.parent, nullif(s.high - s.low, interval '0') AS width
      FROM spans s JOIN reach r ON r.parent = s.parent WHERE isfinite(s.high) AND isfinite(s.low)
     ORDER BY s.parent, s.high IS NOT DISTINCT FROM r.covered DESC, s.high DESC, s.low DESC
), holes AS MATERIALIZED (
    SELECT e.parent, count(*) FILTER (WHERE l.low IS NULL) - 1 AS gaps
      FROM ends e LEFT JOIN ends l ON l.parent = e.parent AND l.low = e.high WHERE e.single GROUP BY e.parent
), shares AS MATERIALIZED (
    SELECT b.parent, round(sum(1.0 / substring(b.text FROM 'modulus (\d+)')::numeric), 9)::float8 AS share
      FROM bound b JOIN parted p ON p.oid = b.parent AND p.partstrat = 'h' GROUP BY b.parent
), number AS MATERIALIZED (
    SELECT b.parent, count(*) AS partitions, sum(greatest(c.reltuples, 0))::int8 AS rows
      FROM bound b JOIN pg_class c ON c.oid = b.oid GROUP BY b.parent
)
SELECT quote_ident(p.nspname) || '.' || quote_ident(p.relname) AS "table",
       p.nspname::text AS schema,
       p.relname::text AS name,
       CASE p.partstrat WHEN 'r' THEN 'range' WHEN 'l' THEN 'list' WHEN 'h' THEN 'hash' ELSE p.partstrat::text END AS strategy,
       (SELECT array_agg(coalesce((SELECT a.attname::text FROM pg_attribute a
                                    WHERE a.attrelid = p.oid AND a.attnum = k.attnum), '(expression)') ORDER BY k.place)
          FROM unnest(p.attrs) WITH ORDINALITY k(attnum, place)) AS columns,
       CASE WHEN p.by_time THEN 'time' WHEN p.partstrat = 'r' AND p.sort = 'number' THEN 'number' ELSE 'other' END AS divided_by,
       p.by_odd_time AS by_odd_time,
       p.relispartition AS is_partition,
       coalesce(m.partitions, 0) AS partitions,
       p.partdefid <> 0 AS has_default,
       quote_ident(dn.nspname) || '.' || quote_ident(d.relname) AS default_partition,
       ARRAY(SELECT quote_ident(a.attname) FROM pg_attribute a
              WHERE a.attrelid = p.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' ORDER BY a.attnum) AS row_columns,
       coalesce(m.rows, 0) AS rows,
       {analyzed} AS analyzed,
       CASE WHEN d.relkind IN ('r') THEN greatest(pg_stat_get_live_tuples(d.oid), 0) END AS default_rows,
       CASE WHEN d.relkind = 'r' THEN format('SELECT pg_relation_size(%s) AS default_size', d.oid) END AS ask_default_size,
       d.relkind IS NOT NULL AND d.relkind <> 'r' AS default_elsewhere,
       d.relkind IS NOT NULL AND d.relkind = 'r' AND pg_is_in_recovery() AS default_uncounted,
       coalesce((SELECT {uncounted} FROM pg_class c WHERE c.oid = d.oid AND c.relkind = 'r'), false) AS default_forgotten,
       coalesce(s.unread, false) AS unread,
       CASE WHEN s.numbers THEN s.endless WHEN r.parent IS NOT NULL THEN coalesce(r.covered = 'infinity', false) END AS open_ended,
       (extract(epoch FROM nullif(r.covered, 'infinity')) * 1000000)::int8 AS covered_until,
       (extract(epoch FROM r.next) * 1000000)::int8 AS next_from,
       (extract(epoch FROM coalesce(s.highest_time, r.highest)) * 1000000)::int8 AS highest_time,
       s.highest_number AS highest_number,
       (extract(epoch FROM w.width) * 1000000)::int8 AS last_width,
       h.gaps AS gaps,
       CASE WHEN p.partstrat = 'h' THEN coalesce(y.share, 0) END AS hash_share
  FROM parted p
  LEFT JOIN number m ON m.parent = p.oid
  LEFT JOIN summary s ON s.parent = p.oid
  LEFT JOIN width w ON w.parent = p.oid
  LEFT JOIN reach r ON r.parent = p.oid
  LEFT JOIN shares y ON y.parent = p.oid
  LEFT JOIN holes h ON h.parent = p.oid
  LEFT JOIN pg_class d ON d.oid = p.partdefid AND p.partdefid <> 0
  LEFT JOIN pg_namespace dn ON dn.oid = d.relnamespace
 ORDER BY 1
