-- Columns of these tables: all of them, or those of the keys. $1: tables.
WITH RECURSIVE asked AS MATERIALIZED (
    SELECT u.oid FROM unnest($1::oid[]) u (oid)
), base AS (
    SELECT t.oid, t.oid AS base FROM pg_type t WHERE t.typtype = 'd'
    UNION ALL
    SELECT b.oid, t.typbasetype FROM base b JOIN pg_type t ON t.oid = b.base WHERE t.typtype = 'd'
), domains AS MATERIALIZED (
    SELECT b.oid, t.typname, t.typtype, t.typcategory FROM base b JOIN pg_type t ON t.oid = b.base WHERE t.typtype <> 'd'
), unchecked AS MATERIALIZED (
    -- NOT NULL and NOT VALID, since version 18: older rows may have nulls all the same.
    SELECT n.conrelid, unnest(n.conkey) AS attnum FROM pg_constraint n WHERE n.contype = 'n' AND NOT n.convalidated
)
SELECT a.attrelid AS oid,
       a.attname::text AS name,
       format_type(a.atttypid, a.atttypmod) AS type,
       coalesce(d.typname, t.typname)::text AS base,
       coalesce(d.typtype, t.typtype)::text AS typtype,
       coalesce(d.typcategory, t.typcategory)::text AS category,
       NOT a.attnotnull OR (a.attrelid, a.attnum) IN (SELECT u.conrelid, u.attnum FROM unchecked u) AS nullable,
       a.attgenerated <> '' AS generated,
       CASE WHEN a.attcollation <> 0 THEN (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l
          JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END AS collation
  FROM {columns}
  JOIN pg_attribute a ON a.attrelid = k.oid AND a.attnum = k.attnum AND NOT a.attisdropped
  JOIN pg_type t ON t.oid = a.atttypid
  LEFT JOIN domains d ON d.oid = a.atttypid
 ORDER BY a.attrelid, k.place
