, silent AS MATERIALIZED (
    -- Checks of foreign keys that somebody switched off, so that rows came in unchecked; in a partition those of the whole.
    WITH RECURSIVE off AS (
        SELECT DISTINCT g.tgconstraint AS oid FROM pg_trigger g WHERE g.tgisinternal AND g.tgconstraint <> 0 AND g.tgenabled <> 'O'
        UNION
        SELECT k.conparentid FROM off o JOIN pg_constraint k ON k.oid = o.oid WHERE k.conparentid <> 0
    )
    SELECT oid FROM off
)
SELECT 'constraint' AS kind, '' AS prefix, c.nspname::text AS schema, c.relname::text AS name, k.conname::text AS part, '' AS suffix, true AS of_table,
       concat_ws(' ',
           CASE WHEN NOT (b.oid IS NOT NULL AND k.contype IN ('c', 'x')) THEN pg_get_constraintdef(k.oid) END,
           'with (' || (SELECT string_agg(x, ', ' ORDER BY x) FROM unnest(i.reloptions) x) || ')',
           CASE WHEN NOT i.indisvalid THEN 'invalid' END,
           CASE WHEN i.indisclustered THEN 'clustered' END,
           CASE WHEN s.oid IS NOT NULL THEN 'checks disabled' END) AS definition,
       NULL::text AS body, b.oid IS NOT NULL AND k.contype IN ('c', 'x') AS locked
  FROM rel c
  JOIN pg_constraint k ON k.conrelid = c.oid AND k.conparentid = 0 AND k.contype IN ('p', 'u', 'x', 'f', 'c')
  LEFT JOIN locked b ON b.oid = c.oid
  LEFT JOIN silent s ON s.oid = k.oid
  LEFT JOIN (SELECT x.oid, x.reloptions, j.indisvalid, j.indisclustered FROM pg_index j JOIN pg_class x ON x.oid = j.indexrelid) i
         ON i.oid = k.conindid AND k.contype IN ('p', 'u', 'x')
