SELECT CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' ELSE 'index' END AS kind,
       n.nspname::text, c.relname::text,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY u (attnum, place)
          JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.attnum WHERE u.place <= i.indnkeyatts) AS columns,
       '' AS other, '{}'::text[] AS others, '' AS on_delete, '' AS on_update
  FROM pg_index i
  JOIN pg_class c ON c.oid = i.indrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class x ON x.oid = i.indexrelid
  JOIN pg_am m ON m.oid = x.relam
 WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND i.indisvalid AND i.indexprs IS NULL AND i.indpred IS NULL
   AND m.amname IN ('btree', 'hash')
UNION ALL
SELECT 'foreign', n.nspname::text, c.relname::text,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY u (attnum, place)
          JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.attnum),
       r.relname::text,
       (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY u (attnum, place)
          JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.attnum),
       CASE k.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE 'no action' END,
       CASE k.confupdtype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' ELSE 'no action' END
  FROM pg_constraint k
  JOIN pg_class c ON c.oid = k.conrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_class r ON r.oid = k.confrelid
 WHERE k.contype = 'f' AND k.conparentid = 0
