SELECT 'owner' AS kind, o.prefix, o.schema, o.name, NULL::text AS part, o.suffix, o.of_table, quote_ident({role}) AS definition, NULL::text AS body, false AS locked
  FROM (
    SELECT ''::text AS prefix, c.nspname::text AS schema, c.relname::text AS name, ''::text AS suffix, c.relkind <> 'S' AS of_table, c.relowner AS grantee
      FROM rel c
    UNION ALL
    SELECT 'function ', s.nspname::text, p.proname::text, '(' || oidvectortypes(p.proargtypes) || ')', false, p.proowner
      FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
     WHERE p.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_proc'::regclass)
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
    UNION ALL
    SELECT 'type ', s.nspname::text, t.typname::text, '', false, t.typowner
      FROM pg_type t JOIN space s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid AND t.typrelid <> 0
     WHERE t.typtype IN ('e', 'd', 'c', 'r', 'b') AND t.typelem = 0 AND (t.typtype <> 'c' OR c.relkind = 'c')
       AND t.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_type'::regclass)
       AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid)
    UNION ALL
    SELECT 'schema ', NULL, n.nspname::text, '', false, n.nspowner FROM pg_namespace n JOIN space s ON s.oid = n.oid
     WHERE n.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_namespace'::regclass)
    UNION ALL
    SELECT '', NULL, 'database', '', false, d.datdba FROM pg_database d WHERE d.datname = current_database() AND $1::text[] IS NULL
  ) o
