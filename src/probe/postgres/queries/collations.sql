-- The database's own collation, and every other one that something uses. Built-in collations are not named by
-- dependencies, so indexes are asked for theirs; the database's own collation is number 100 there.
WITH used AS MATERIALIZED (
    SELECT u.coll AS oid, i.indexrelid, i.indrelid
      FROM pg_index i CROSS JOIN LATERAL unnest(i.indcollation::oid[]) u(coll)
      JOIN pg_class c ON c.oid = i.indexrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
     -- Of most indexes no column has one: asked before anything is joined.
     WHERE 0 <> ANY (i.indcollation::oid[]) AND u.coll <> 0 AND c.relkind IN ('i', 'I') AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
), indexed AS MATERIALIZED (
    SELECT oid, count(DISTINCT indexrelid) AS indexes,
           (array_agg(DISTINCT indexrelid ORDER BY indexrelid))[1:10] AS first_indexes
      FROM used GROUP BY oid
), depended AS MATERIALIZED (
    SELECT refobjid AS oid, count(DISTINCT (classid, objid)) AS objects
      FROM pg_depend WHERE refclassid = 'pg_collation'::regclass AND deptype <> 'p'
       AND NOT (classid = 'pg_class'::regclass AND (objid, refobjid) IN (SELECT indexrelid, oid FROM used))
     GROUP BY refobjid
), one AS MATERIALIZED (
    SELECT c.oid, c.oid = 100 AS own, quote_ident(n.nspname) || '.' || quote_ident(c.collname) AS "collation",
           CASE WHEN c.oid = 100 THEN {provider} ELSE c.collprovider::text END AS provider,
           CASE WHEN c.oid = 100 THEN {recorded} ELSE c.collversion::text END AS recorded,
           CASE WHEN c.oid = 100 THEN {actual} ELSE pg_collation_actual_version(c.oid)::text END AS actual,
           coalesce(i.indexes, 0) AS indexes, i.first_indexes, coalesce(o.objects, 0) AS objects
      FROM pg_collation c
      JOIN pg_namespace n ON n.oid = c.collnamespace
      LEFT JOIN indexed i ON i.oid = c.oid
      LEFT JOIN depended o ON o.oid = c.oid
      JOIN pg_database d ON d.datname = current_database()
     WHERE c.oid = 100 OR i.oid IS NOT NULL OR o.oid IS NOT NULL
)
SELECT "collation",
       own AS of_database,
       quote_ident(current_database()) AS database_name,
       CASE provider WHEN 'c' THEN 'libc' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE provider END AS provider,
       recorded, actual,
       -- A library that has no version now is another one than that which had.
       recorded IS NOT NULL AND recorded IS DISTINCT FROM actual AS drifted,
       indexes, objects,
       coalesce(ARRAY(SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname)
                        FROM unnest(o.first_indexes) f(oid)
                        JOIN pg_class c ON c.oid = f.oid JOIN pg_namespace n ON n.oid = c.relnamespace ORDER BY 1),
                '{}') AS first_indexes,
       own AND {untold} AS untold
  FROM one o
 ORDER BY NOT own, "collation"
