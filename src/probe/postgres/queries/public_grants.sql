-- What PUBLIC, and so every role that can connect, may do here. A list of rights that nobody touched is null, which
-- means the system's own.
WITH lists AS MATERIALIZED (
    SELECT 'database' AS kind, quote_ident(d.datname) AS object, NULL AS "column", NULL AS schema, d.datacl IS NULL AS by_default,
           coalesce(d.datacl, acldefault('d', d.datdba)) AS acl
      FROM pg_database d WHERE d.datname = current_database()
    UNION ALL
    SELECT 'schema', quote_ident(n.nspname), NULL, NULL, n.nspacl IS NULL, coalesce(n.nspacl, acldefault('n', n.nspowner))
      FROM pg_namespace n WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname), NULL, NULL, false, c.relacl
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relacl IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_init_privs i WHERE i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0)
    UNION ALL
    SELECT 'column', quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(a.attname), NULL, false, a.attacl
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped
       AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
       AND NOT EXISTS (SELECT FROM pg_init_privs i
                        WHERE i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = a.attnum)
    UNION ALL
    SELECT CASE d.defaclobjtype WHEN 'r' THEN 'future tables' WHEN 'S' THEN 'future sequences'
                WHEN 'f' THEN 'future functions' WHEN 'T' THEN 'future types' WHEN 'n' THEN 'future schemas' ELSE 'future others' END,
           quote_ident(r.rolname), NULL, quote_ident(n.nspname), false, d.defaclacl
      FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
     WHERE d.defaclobjtype IN ('r', 'S', 'n')
)
SELECT x.privilege_type || ' on ' || l.kind || ' ' || l.object || coalesce('.' || l."column", '') || coalesce(' in ' || l.schema, '') AS "grant",
       replace(l.kind, ' ', '_') AS kind,
       l.object AS object,
       l."column" AS "column",
       l.schema AS schema,
       x.privilege_type AS privilege,
       l.by_default AS by_default
  FROM lists l CROSS JOIN LATERAL aclexplode(l.acl) x
 WHERE x.grantee = 0
 ORDER BY 1
