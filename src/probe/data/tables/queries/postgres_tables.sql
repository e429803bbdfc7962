-- The tables of users, each partitioned one once. $1: schemas, or null; $2: partitions that are asked for by name, as
-- schema and name joined by a line feed.
WITH RECURSIVE spaces AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM pg_namespace n
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), of_extensions AS MATERIALIZED (
    SELECT d.objid FROM pg_depend d
     WHERE d.deptype = 'e' AND d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_extension'::regclass
       AND d.objid NOT IN (SELECT unnest(x.extconfig) FROM pg_extension x WHERE x.extconfig IS NOT NULL)
), rel AS MATERIALIZED (
    SELECT c.oid, c.relname, n.nspname, n.oid AS space, c.relkind, c.relpersistence, c.reltuples, c.relpages
      FROM pg_class c JOIN spaces n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't'
       AND (NOT c.relispartition OR n.nspname || E'\n' || c.relname = ANY ($2))
       AND c.oid NOT IN (SELECT objid FROM of_extensions)
), part AS (
    SELECT r.oid AS root, r.oid AS leaf FROM rel r WHERE r.relkind = 'p'
    UNION ALL
    SELECT p.root, h.inhrelid FROM part p JOIN pg_inherits h ON h.inhparent = p.leaf
), parts AS MATERIALIZED (
    SELECT p.root, sum({estimate})::int8 AS rows, bool_or(c.relkind <> 'p' AND ({estimate}) IS NULL) AS unknown
      FROM part p JOIN pg_class c ON c.oid = p.leaf
     WHERE c.relkind <> 'p'
     GROUP BY p.root
)
SELECT c.oid AS oid,
       c.nspname::text AS schema,
       c.relname::text AS name,
       c.relkind::text AS relkind,
       c.relpersistence::text AS persistence,
       CASE c.relkind WHEN 'p' THEN CASE WHEN NOT p.unknown THEN p.rows END ELSE ({estimate})::int8 END AS estimate,
       coalesce(has_schema_privilege(c.space, 'USAGE'), false) AS in_schema,
       coalesce(has_table_privilege(c.oid, 'SELECT') OR
                (has_any_column_privilege(c.oid, 'SELECT')
                 AND (SELECT bool_and(has_column_privilege(c.oid, a.attnum, 'SELECT')) FROM pg_attribute a
                       WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)), false) AS reads,
       coalesce(has_any_column_privilege(c.oid, 'SELECT'), false) AS reads_some,
       coalesce(row_security_active(c.oid), true) AS filtered
  FROM rel c LEFT JOIN parts p ON p.root = c.oid
