, made AS MATERIALIZED (
    SELECT k.conindid AS oid FROM pg_constraint k WHERE k.contype IN ('p', 'u', 'x') AND k.conindid <> 0
)
SELECT 'index' AS kind, '' AS prefix, i.nspname::text AS schema, i.relname::text AS name, i.index::text AS part, '' AS suffix, true AS of_table,
       concat_ws(' ',
           CASE WHEN i.indisunique THEN 'unique' END,
           CASE WHEN left(i.def, length(i.head)) = i.head THEN substr(i.def, length(i.head) + 1) ELSE i.def END,
           CASE WHEN NOT i.indisvalid THEN 'invalid' END,
           CASE WHEN i.indisclustered THEN 'clustered' END) AS definition,
       NULL::text AS body, i.locked
  FROM (SELECT c.nspname, c.relname, x.relname AS index, j.indisunique, j.indisvalid, j.indisclustered, b.oid IS NOT NULL AS locked,
               CASE WHEN b.oid IS NULL THEN pg_get_indexdef(j.indexrelid) END AS def,
               concat('CREATE ', CASE WHEN j.indisunique THEN 'UNIQUE ' END, 'INDEX ', quote_ident(x.relname), ' ON ',
                      CASE WHEN x.relkind = 'I' THEN 'ONLY ' END, quote_ident(c.nspname), '.', quote_ident(c.relname), ' ') AS head
          FROM rel c
          JOIN pg_index j ON j.indrelid = c.oid AND j.indislive
          JOIN pg_class x ON x.oid = j.indexrelid
          LEFT JOIN locked b ON b.oid = c.oid
         WHERE j.indexrelid NOT IN (SELECT oid FROM made)) i
UNION ALL
SELECT 'statistics', '', c.nspname::text, c.relname::text, e.stxname::text, '', true,
       CASE WHEN b.oid IS NULL THEN pg_get_statisticsobjdef(e.oid) END, NULL, b.oid IS NOT NULL
  FROM rel c JOIN pg_statistic_ext e ON e.stxrelid = c.oid LEFT JOIN locked b ON b.oid = c.oid
