-- The column that a sequence feeds: by ownership (serial, identity), or by the default that calls it. The limit is the
-- smaller one of the sequence's and of the column's type; a sequence that cycles has none.
WITH feeds AS MATERIALIZED (
    SELECT d.objid AS seqid, d.refobjid AS relid, d.refobjsubid AS attnum
      FROM pg_depend d
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i')
    UNION
    SELECT d.refobjid, a.adrelid, a.adnum
      FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid
     WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
), narrowest AS MATERIALIZED (
    SELECT DISTINCT ON (f.seqid) f.seqid, f.relid, a.attname, t.typname,
           CASE coalesce(nullif(t.typbasetype, 0), t.oid)
                WHEN 'int2'::regtype THEN 32767::int8
                WHEN 'int4'::regtype THEN 2147483647::int8
                ELSE 9223372036854775807 END AS type_limit
      FROM feeds f
      JOIN pg_attribute a ON a.attrelid = f.relid AND a.attnum = f.attnum AND NOT a.attisdropped
      JOIN pg_type t ON t.oid = a.atttypid
     ORDER BY f.seqid, 5, f.relid, f.attnum
), seq AS MATERIALIZED (
    SELECT c.oid, c.relname, n.nspname, s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
           f.relid, f.attname, coalesce(f.type_limit, 9223372036854775807) AS type_limit,
           has_sequence_privilege(c.oid, 'SELECT, USAGE') AS readable
      FROM pg_sequence s
      JOIN pg_class c ON c.oid = s.seqrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN narrowest f ON f.seqid = c.oid
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), read AS MATERIALIZED (
    SELECT q.*, CASE WHEN readable THEN pg_sequence_last_value(q.oid) END AS last,
           CASE WHEN seqincrement > 0 THEN least(seqmax, type_limit) ELSE greatest(seqmin, -type_limit - 1) END AS bound
      FROM seq q
)
SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS sequence,
       nspname::text AS schema,
       relname::text AS name,
       CASE WHEN r.relid IS NULL THEN NULL
            ELSE (SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c
                    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = r.relid) END AS "table",
       quote_ident(attname) AS "column",
       format_type(seqtypid, NULL) AS data_type,
       seqincrement AS increment,
       bound AS "limit",
       seqcycle AS cycles,
       last AS last_value,
       CASE WHEN seqcycle THEN 0.0
            WHEN last IS NULL THEN 0.0
            WHEN seqincrement > 0 THEN (last::numeric - least(seqstart, seqmin))::float8
                                        / greatest((bound::numeric - least(seqstart, seqmin)), 1)::float8
            ELSE (greatest(seqstart, seqmax) - last::numeric)::float8
                 / greatest((greatest(seqstart, seqmax) - bound::numeric), 1)::float8 END AS used_ratio,
       CASE WHEN seqincrement > 0 AND NOT seqcycle AND bound >= coalesce(last, seqstart)
            THEN (bound - coalesce(last, seqstart)) / seqincrement END AS left_values,
       NOT readable AS hidden,
       relid IS NOT NULL AND NOT has_column_privilege(relid, attname, 'SELECT') AS column_hidden,
       CASE WHEN relid IS NOT NULL AND seqincrement > 0 AND readable
            THEN format('SELECT max(%I)::int8 AS highest, coalesce(max(%I)::int8 > %s, false) AS behind FROM %s',
                        attname, attname, coalesce(last, seqstart - 1), relid::regclass) END AS ask_highest
  FROM read r
 ORDER BY 1
