SELECT 'comment' AS kind, o.prefix, o.schema, o.name, o.part, o.suffix, o.of_table, o.text AS definition, NULL::text AS body, false AS locked
  FROM (
    SELECT ''::text AS prefix, c.nspname::text AS schema, c.relname::text AS name, a.attname::text AS part, ''::text AS suffix, c.relkind <> 'S' AS of_table, d.description AS text
      FROM pg_description d JOIN rel c ON c.oid = d.objoid LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid <> 0
     WHERE d.classoid = 'pg_class'::regclass
    UNION ALL
    SELECT 'index ', c.nspname::text, c.relname::text, x.relname::text, '', true, d.description
      FROM pg_description d JOIN pg_index i ON i.indexrelid = d.objoid JOIN pg_class x ON x.oid = i.indexrelid JOIN rel c ON c.oid = i.indrelid
     WHERE d.classoid = 'pg_class'::regclass
    UNION ALL
    SELECT 'constraint ', c.nspname::text, c.relname::text, k.conname::text, '', true, d.description
      FROM pg_description d JOIN pg_constraint k ON k.oid = d.objoid JOIN rel c ON c.oid = k.conrelid WHERE d.classoid = 'pg_constraint'::regclass
    UNION ALL
    SELECT 'trigger ', c.nspname::text, c.relname::text, t.tgname::text, '', true, d.description
      FROM pg_description d JOIN pg_trigger t ON t.oid = d.objoid JOIN rel c ON c.oid = t.tgrelid WHERE d.classoid = 'pg_trigger'::regclass
    UNION ALL
    SELECT 'policy ', c.nspname::text, c.relname::text, p.polname::text, '', true, d.description
      FROM pg_description d JOIN pg_policy p ON p.oid = d.objoid JOIN rel c ON c.oid = p.polrelid WHERE d.classoid = 'pg_policy'::regclass
    UNION ALL
    SELECT 'function ', s.nspname::text, p.proname::text, NULL, '(' || oidvectortypes(p.proargtypes) || ')', false, d.description
      FROM pg_description d JOIN pg_proc p ON p.oid = d.objoid JOIN space s ON s.oid = p.pronamespace
     WHERE d.classoid = 'pg_proc'::regclass AND p.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_proc'::regclass)
    UNION ALL
    SELECT 'type ', s.nspname::text, t.typname::text, NULL, '', false, d.description
      FROM pg_description d JOIN pg_type t ON t.oid = d.objoid JOIN space s ON s.oid = t.typnamespace
     WHERE d.classoid = 'pg_type'::regclass AND t.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_type'::regclass)
    UNION ALL
    SELECT 'schema ', NULL, s.nspname::text, NULL, '', false, d.description
      FROM pg_description d JOIN space s ON s.oid = d.objoid WHERE d.classoid = 'pg_namespace'::regclass
  ) o
