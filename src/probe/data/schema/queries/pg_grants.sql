, objs AS MATERIALIZED (
    -- A table whose rights nobody ever changed has all of them at its owner: it has no rows here.
    SELECT '' AS prefix, c.nspname::text AS schema, c.relname::text AS name, NULL::text AS part, '' AS suffix, c.relkind <> 'S' AS of_table,
           CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char" AS kind, c.relowner AS owner, c.relacl AS acl
      FROM rel c WHERE c.relacl IS NOT NULL
    UNION ALL
    SELECT '', c.nspname::text, c.relname::text, a.attname::text, '', true, 'c', c.relowner, a.attacl
      FROM rel c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attacl IS NOT NULL AND NOT a.attisdropped
    UNION ALL
    SELECT 'function ', s.nspname::text, p.proname::text, NULL, '(' || oidvectortypes(p.proargtypes) || ')', false, 'f', p.proowner,
           coalesce(p.proacl, acldefault('f', p.proowner))
      FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
     WHERE p.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_proc'::regclass)
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
    UNION ALL
    SELECT 'type ', s.nspname::text, t.typname::text, NULL, '', false, 'T', t.typowner, coalesce(t.typacl, acldefault('T', t.typowner))
      FROM pg_type t JOIN space s ON s.oid = t.typnamespace LEFT JOIN pg_class c ON c.oid = t.typrelid AND t.typrelid <> 0
     WHERE t.typtype IN ('e', 'd', 'c', 'r', 'b') AND t.typelem = 0 AND (t.typtype <> 'c' OR c.relkind = 'c')
       AND t.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_type'::regclass)
       AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid)
    UNION ALL
    SELECT 'schema ', NULL, n.nspname::text, NULL, '', false, 'n', n.nspowner, coalesce(n.nspacl, acldefault('n', n.nspowner))
      FROM pg_namespace n JOIN space s ON s.oid = n.oid WHERE n.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_namespace'::regclass)
    UNION ALL
    SELECT '', NULL, 'database', NULL, '', false, 'd', d.datdba, coalesce(d.datacl, acldefault('d', d.datdba))
      FROM pg_database d WHERE d.datname = current_database() AND $1::text[] IS NULL
), entry AS MATERIALIZED (
    SELECT o.prefix, o.schema, o.name, o.part, o.suffix, o.of_table, o.kind, o.owner, x.grantee,
           array_agg(DISTINCT x.privilege_type ORDER BY x.privilege_type) AS privileges,
           array_agg(DISTINCT x.privilege_type ORDER BY x.privilege_type) FILTER (WHERE x.is_grantable AND x.grantee <> o.owner) AS grantable
      FROM objs o CROSS JOIN LATERAL aclexplode(o.acl) x
     GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9
    UNION ALL
    -- An owner from whom everything was taken has no entry any more.
    SELECT o.prefix, o.schema, o.name, o.part, o.suffix, o.of_table, o.kind, o.owner, o.owner, '{}', NULL
      FROM objs o WHERE o.kind <> 'c' AND NOT EXISTS (SELECT FROM aclexplode(o.acl) x WHERE x.grantee = o.owner)
), whole AS MATERIALIZED (
    SELECT k.kind, (SELECT array_agg(DISTINCT x.privilege_type ORDER BY x.privilege_type) FROM aclexplode(acldefault(k.kind, 10)) x WHERE x.grantee = 10) AS privileges
      FROM (SELECT DISTINCT kind FROM entry WHERE kind <> 'c') k
)
SELECT 'grant' AS kind, e.prefix, e.schema, e.name, e.part,
       e.suffix || ' to ' || CASE e.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident({role}) END AS suffix, e.of_table,
       CASE WHEN e.privileges = '{}' THEN 'nothing'
            ELSE concat(CASE WHEN e.privileges = w.privileges THEN 'ALL' ELSE array_to_string(e.privileges, ', ') END,
                        ' with grant option for ' || CASE WHEN e.grantable = e.privileges THEN 'all of them' ELSE array_to_string(e.grantable, ', ') END) END AS definition,
       NULL::text AS body, false AS locked
  FROM entry e LEFT JOIN whole w ON w.kind = e.kind
 WHERE NOT (e.grantee = e.owner AND e.privileges = w.privileges) OR w.kind IS NULL
UNION ALL
SELECT 'grant', concat('future ', CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                                       WHEN 'n' THEN 'schemas' ELSE 'large objects' END, ' of '),
       NULL, pg_get_userbyid(a.defaclrole)::text, NULL,
       concat(' in ' || quote_ident(s.nspname), ' to ', CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(x.grantee)) END), false,
       string_agg(concat(x.privilege_type, CASE WHEN x.is_grantable THEN ' with grant option' END), ', ' ORDER BY x.privilege_type), NULL, false
  FROM pg_default_acl a
  LEFT JOIN space s ON s.oid = a.defaclnamespace
 CROSS JOIN LATERAL aclexplode(a.defaclacl) x
 WHERE s.oid IS NOT NULL OR a.defaclnamespace = 0 AND $1::text[] IS NULL
 -- That the owner has all rights of his is not told: an entry for somebody else writes it out.
 GROUP BY a.oid, a.defaclobjtype, a.defaclrole, s.nspname, x.grantee
HAVING x.grantee <> a.defaclrole OR array_agg(DISTINCT x.privilege_type ORDER BY x.privilege_type)
       <> (SELECT array_agg(DISTINCT y.privilege_type ORDER BY y.privilege_type) FROM aclexplode(acldefault(CASE a.defaclobjtype WHEN 'S' THEN 's' ELSE a.defaclobjtype END, a.defaclrole)) y
            WHERE y.grantee = a.defaclrole)
UNION ALL
-- From whom everything of his own was taken.
SELECT 'grant', concat('future ', CASE a.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types'
                                       WHEN 'n' THEN 'schemas' ELSE 'large objects' END, ' of '),
       NULL, pg_get_userbyid(a.defaclrole)::text, NULL, ' to ' || quote_ident(pg_get_userbyid(a.defaclrole)), false, 'nothing', NULL, false
  FROM pg_default_acl a
 WHERE a.defaclnamespace = 0 AND $1::text[] IS NULL AND NOT EXISTS (SELECT FROM aclexplode(a.defaclacl) x WHERE x.grantee = a.defaclrole)
