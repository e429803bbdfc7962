-- A key of a partitioned table has a copy at each partition, and one for each partition of the table that it refers
-- to: they are folded into the one that was declared.
WITH RECURSIVE fkey AS MATERIALIZED (
    SELECT k.oid, k.conname, k.conrelid, k.confrelid, k.conkey, k.confkey, k.conpfeqop, k.conparentid, k.confmatchtype,
           k.confdeltype, k.convalidated, {enforced} AS enforced, {period} AS period
      FROM pg_constraint k WHERE k.contype = 'f'
), roots AS (
    SELECT f.oid AS root, f.oid AS copy FROM fkey f WHERE f.conparentid = 0
    UNION ALL
    SELECT r.root, f.oid FROM roots r JOIN fkey f ON f.conparentid = r.copy
), ind AS MATERIALIZED (
    SELECT i.indrelid, i.indkey::int2[] AS keys, i.indnkeyatts, i.indpred IS NOT NULL AS partial,
           substring(regexp_replace(i.indpred::text, ':(stmt_)?(location|len) -?\d+', '', 'g') FROM
             '^\(?\{NULLTEST :arg \{VAR [^{}]*:varattno (\d+) [^{}]*\} :nulltesttype 1 [^{}]*\}\)?$')::int2 AS not_null
      FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
     -- A BRIN index finds blocks, not rows.
     WHERE i.indisvalid AND i.indisready AND i.indislive AND x.relam <> (SELECT oid FROM pg_am WHERE amname = 'brin')
), indexed AS MATERIALIZED (
    -- A predicate that only leaves out nulls of such a column leaves out what the key does not look for.
    SELECT DISTINCT f.oid FROM fkey f JOIN ind i ON i.indrelid = f.conrelid
     WHERE i.indnkeyatts >= cardinality(f.conkey) AND i.keys[0:cardinality(f.conkey) - 1] @> f.conkey
       AND (NOT i.partial OR i.not_null = ANY (f.conkey))
), folded AS MATERIALIZED (
    SELECT r.root, bool_and(x.oid IS NOT NULL) FILTER (WHERE c.relkind <> 'p') AS has_index
      FROM roots r
      JOIN fkey f ON f.oid = r.copy
      JOIN pg_class c ON c.oid = f.conrelid
      LEFT JOIN indexed x ON x.oid = f.oid
     GROUP BY r.root
), asked AS MATERIALIZED (
    SELECT f.*, c.relname, n.nspname, c.relkind, c.reltuples, c.relpages,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS here,
           quote_ident(rn.nspname) || '.' || quote_ident(rc.relname) AS there,
           CASE rc.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS only_there,
           CASE c.relkind WHEN 'p' THEN '' ELSE 'ONLY ' END AS only_here,
           c.relkind <> 'p' AND c.relhassubclass AS parent_here, rc.relkind <> 'p' AND rc.relhassubclass AS parent_there,
           n.oid AS schema_here, rn.oid AS schema_there, quote_ident(n.nspname) AS schema_name_here,
           quote_ident(rn.nspname) AS schema_name_there, rc.relkind AS kind_there
      FROM fkey f
      JOIN pg_class c ON c.oid = f.conrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_class rc ON rc.oid = f.confrelid
      JOIN pg_namespace rn ON rn.oid = rc.relnamespace
     WHERE f.conparentid = 0 AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), seen AS MATERIALIZED (
    SELECT a.*, '"' || replace(current_user, '"', '""') || '"' AS me,
           has_schema_privilege(schema_here, 'USAGE') AS in_here, has_schema_privilege(schema_there, 'USAGE') AS in_there,
           (SELECT bool_and(has_column_privilege(a.conrelid, k, 'SELECT')) FROM unnest(a.conkey) k) AS reads_here,
           (SELECT bool_and(has_column_privilege(a.confrelid, k, 'SELECT')) FROM unnest(a.confkey) k) AS reads_there,
           (SELECT array_agg((SELECT quote_ident(t.attname) FROM pg_attribute t WHERE t.attrelid = a.conrelid AND t.attnum = k.n)
                             ORDER BY k.place) FROM unnest(a.conkey) WITH ORDINALITY k(n, place)) AS columns,
           (SELECT array_agg((SELECT quote_ident(t.attname) FROM pg_attribute t WHERE t.attrelid = a.confrelid AND t.attnum = k.n)
                             ORDER BY k.place) FROM unnest(a.confkey) WITH ORDINALITY k(n, place)) AS referenced_columns
      FROM asked a
)
SELECT s.here AS "table",
       quote_ident(s.conname) AS "constraint",
       s.nspname::text AS schema,
       s.relname::text AS name,
       s.columns,
       s.there AS referenced,
       CASE WHEN NOT (s.parent_here OR s.parent_there) THEN false
            WHEN s.relkind <> 'p' AND s.kind_there <> 'p' THEN true END AS inherited,
       s.confmatchtype = 'f' AS match_full,
       s.referenced_columns,
       s.oid IN (SELECT oid FROM indexed) OR coalesce(s.relkind = 'p' AND f.has_index, false) AS has_index,
       s.relkind = 'p' AS partitioned,
       CASE s.confdeltype WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade'
                          WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END AS on_delete,
       s.convalidated AS validated,
       s.enforced AS enforced,
       -- Before version 14 a table that was never analyzed has 0.
       CASE WHEN s.reltuples > 0 OR s.reltuples = 0 AND (s.relpages > 0 OR {analyzed}) THEN s.reltuples::int8 END AS rows,
       NOT (s.in_here AND s.in_there AND s.reads_here AND s.reads_there) AS hidden,
       concat_ws(' ',
           CASE WHEN NOT s.in_here OR NOT s.in_there THEN format('GRANT USAGE ON SCHEMA %s TO %s;',
                (SELECT string_agg(DISTINCT x, ', ') FROM unnest(ARRAY[CASE WHEN NOT s.in_here THEN s.schema_name_here END,
                   CASE WHEN NOT s.in_there THEN s.schema_name_there END]) x), s.me) END,
           CASE WHEN NOT s.reads_here OR NOT s.reads_there THEN format('GRANT SELECT ON %s TO %s;',
                (SELECT string_agg(DISTINCT x, ', ') FROM unnest(ARRAY[CASE WHEN NOT s.reads_here THEN s.here END,
                   CASE WHEN NOT s.reads_there THEN s.there END]) x), s.me) END) AS grants,
       row_security_active(s.conrelid) OR row_security_active(s.confrelid) AS filtered,
       s.period AS temporal,
       -- A foreign table is elsewhere, and what is read there may be anything but fast.
       CASE WHEN s.kind_there IN ('r', 'p') AND NOT s.period THEN
           (SELECT format('SELECT count(*)::int8 AS orphans FROM %s%s c WHERE (%s) AND NOT EXISTS (SELECT FROM %s%s p WHERE %s)',
                   s.only_here, s.here,
                   string_agg(format('c.%I IS NOT NULL', h.attname), CASE s.confmatchtype WHEN 'f' THEN ' OR ' ELSE ' AND ' END),
                   s.only_there, s.there,
                   string_agg(format('p.%I OPERATOR(%I.%s) c.%I', t.attname, o.nspname, o.oprname, h.attname), ' AND '))
              FROM unnest(s.conkey, s.confkey, s.conpfeqop) u(here, there, op)
              CROSS JOIN LATERAL (SELECT (SELECT a.attname FROM pg_attribute a
                                           WHERE a.attrelid = s.conrelid AND a.attnum = u.here) AS attname) h
              CROSS JOIN LATERAL (SELECT (SELECT a.attname FROM pg_attribute a
                                           WHERE a.attrelid = s.confrelid AND a.attnum = u.there) AS attname) t
              CROSS JOIN LATERAL (SELECT (SELECT oprname FROM pg_operator WHERE oid = u.op) AS oprname,
                                         (SELECT n.nspname FROM pg_operator x JOIN pg_namespace n ON n.oid = x.oprnamespace
                                           WHERE x.oid = u.op) AS nspname) o) END AS ask_orphans
  FROM seen s JOIN folded f ON f.root = s.oid
 ORDER BY 1, 2
