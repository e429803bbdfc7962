-- Copies of a constraint at partitions and children are left out: the one that was declared stands for them. A not-null
-- constraint is in the catalogue from version 18 on, for each such column: only those that are not validated are told.
WITH con AS MATERIALIZED (
    SELECT k.conname, k.contype, k.conrelid, k.contypid, k.confrelid, k.convalidated, {enforced} AS enforced
      FROM pg_constraint k
     WHERE k.contype IN ('c', 'f', 'n') AND k.conparentid = 0 AND (k.conislocal OR k.coninhcount = 0)
       AND (k.contype <> 'n' OR NOT k.convalidated)
)
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
       quote_ident(k.conname) AS "constraint",
       n.nspname::text AS schema,
       c.relname::text AS name,
       CASE k.contype WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' ELSE 'not null' END AS kind,
       k.convalidated AS validated,
       k.enforced AS enforced,
       CASE WHEN c.reltuples > 0 OR c.reltuples = 0 AND (c.relpages > 0 OR {analyzed}) THEN c.reltuples::int8 END AS rows
  FROM con k
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
   AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
UNION ALL
SELECT quote_ident(n.nspname) || '.' || quote_ident(t.typname), quote_ident(k.conname), n.nspname::text, t.typname::text,
       'domain', k.convalidated, k.enforced, NULL
  FROM con k
  JOIN pg_type t ON t.oid = k.contypid
  JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
   AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
 ORDER BY 1, 2
