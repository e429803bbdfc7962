SELECT 'trigger' AS kind, '' AS prefix, c.nspname::text AS schema, c.relname::text AS name, t.tgname::text AS part, '' AS suffix, true AS of_table,
       concat_ws(' ', CASE WHEN l.oid IS NULL THEN pg_get_triggerdef(t.oid) END,
                 CASE t.tgenabled WHEN 'O' THEN 'enabled' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END) AS definition,
       NULL::text AS body, l.oid IS NOT NULL AS locked
  FROM rel c
  JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
  LEFT JOIN pg_trigger p ON p.oid = t.tgparentid
  LEFT JOIN locked l ON l.oid = c.oid
 -- That of a partition is its parent's, unless it is enabled otherwise.
 WHERE t.tgparentid = 0 OR p.tgenabled <> t.tgenabled
UNION ALL
SELECT 'policy', '', c.nspname::text, c.relname::text, p.polname::text, '', true,
       concat_ws(' ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
           CASE p.polcmd WHEN 'r' THEN 'for select' WHEN 'a' THEN 'for insert' WHEN 'w' THEN 'for update' WHEN 'd' THEN 'for delete' ELSE 'for all' END,
           'to ' || (SELECT string_agg(CASE r WHEN 0 THEN 'public' ELSE quote_ident(pg_get_userbyid(r)) END, ', ' ORDER BY pg_get_userbyid(r))
                       FROM unnest(p.polroles) r),
           CASE WHEN l.oid IS NULL AND b.objid IS NULL THEN 'using (' || pg_get_expr(p.polqual, p.polrelid) || ')' END,
           CASE WHEN l.oid IS NULL AND b.objid IS NULL THEN 'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')' END),
       NULL, l.oid IS NOT NULL OR b.objid IS NOT NULL
  FROM rel c
  JOIN pg_policy p ON p.polrelid = c.oid
  LEFT JOIN locked l ON l.oid = c.oid
  LEFT JOIN blocked b ON b.classid = 'pg_policy'::regclass AND b.objid = p.oid
