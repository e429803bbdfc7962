SELECT 'sequence' AS kind, '' AS prefix, c.nspname::text AS schema, c.relname::text AS name, NULL::text AS part, '' AS suffix, false AS of_table,
       concat_ws(' ', format_type(q.seqtypid, NULL), 'start', q.seqstart, 'increment', q.seqincrement, 'from', q.seqmin, 'to', q.seqmax,
           'cache', q.seqcache, CASE WHEN q.seqcycle THEN 'cycle' END,
           (SELECT format('owned by %I.%I.%I', n.nspname, t.relname, a.attname) FROM pg_depend d
              JOIN pg_class t ON t.oid = d.refobjid JOIN pg_namespace n ON n.oid = t.relnamespace
              JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
             WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_class'::regclass
               AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0)) AS definition,
       NULL::text AS body, false AS locked
  FROM rel c JOIN pg_sequence q ON q.seqrelid = c.oid
 WHERE c.relkind = 'S'
