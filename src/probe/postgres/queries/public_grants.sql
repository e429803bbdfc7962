-- What PUBLIC, and so every role that can connect, may do here. A list of rights that nobody touched is null, which
-- means the system's own. What initdb or an extension granted (pg_init_privs) is left out where the object is theirs: of
-- the server's own schemas and of extensions only what came to it is told.
WITH lists AS MATERIALIZED (
    SELECT 'database' AS kind, quote_ident(d.datname) AS object, NULL AS "column", NULL AS schema, d.datacl IS NULL AS by_default,
           d.datdba AS owner, coalesce(d.datacl, acldefault('d', d.datdba)) AS acl, NULL::aclitem[] AS first,
           NULL AS signature
      FROM pg_database d WHERE d.datname = current_database()
    UNION ALL
    SELECT 'schema', quote_ident(n.nspname), NULL, NULL, n.nspacl IS NULL, n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner)),
           CASE WHEN n.nspname <> 'public' THEN i.initprivs END, NULL
      FROM pg_namespace n
      LEFT JOIN pg_init_privs i ON i.classoid = 'pg_namespace'::regclass AND i.objoid = n.oid
     WHERE n.nspname !~ '^pg_(toast|temp_)'
    UNION ALL
    SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' ELSE 'table' END,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname), NULL, NULL, false, c.relowner, c.relacl, i.initprivs, NULL
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0
     WHERE c.relacl IS NOT NULL AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
    UNION ALL
    SELECT 'column', quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(a.attname), NULL, false, c.relowner,
           a.attacl, i.initprivs, NULL
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_init_privs i ON i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = a.attnum
     WHERE a.attacl IS NOT NULL AND NOT a.attisdropped AND c.relpersistence <> 't'
    UNION ALL
    -- Functions are everybody's unless somebody says otherwise, as initdb and extensions do of those that reach far.
    SELECT 'function', quote_ident(n.nspname) || '.' || quote_ident(p.proname), NULL, NULL, false, p.proowner, p.proacl, i.initprivs,
           quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')'
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_init_privs i ON i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid
     WHERE p.proacl IS NOT NULL
    UNION ALL
    SELECT CASE d.defaclobjtype WHEN 'r' THEN 'future tables' WHEN 'S' THEN 'future sequences' ELSE 'future schemas' END,
           quote_ident(r.rolname), NULL, quote_ident(n.nspname), false, d.defaclrole, d.defaclacl, NULL, NULL
      FROM pg_default_acl d JOIN pg_roles r ON r.oid = d.defaclrole LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace
     WHERE d.defaclobjtype IN ('r', 'S', 'n')
)
SELECT x.privilege_type || ' on ' || l.kind || ' ' || coalesce(l.signature, l.object) || coalesce('.' || l."column", '') || coalesce(' in ' || l.schema, '')
         || coalesce(' by ' || g.name, '') AS "grant",
       replace(l.kind, ' ', '_') AS kind,
       l.object AS object,
       l."column" AS "column",
       l.schema AS schema,
       x.privilege_type AS privilege,
       l.signature AS signature,
       g.name AS granted_by,
       l.by_default AS by_default
  FROM lists l
 CROSS JOIN LATERAL aclexplode(l.acl) x
 CROSS JOIN LATERAL (SELECT CASE WHEN x.grantor <> l.owner THEN quote_ident(pg_get_userbyid(x.grantor)) END AS name) g
 WHERE x.grantee = 0
   -- Of its own views initdb leaves no note there.
   AND NOT (l.object ~ '^information_schema(\.|$)' AND x.privilege_type IN ('SELECT', 'USAGE'))
   AND NOT EXISTS (SELECT FROM aclexplode(l.first) f WHERE f.grantee = 0 AND f.privilege_type = x.privilege_type)
 ORDER BY 1
