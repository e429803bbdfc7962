SELECT CASE c.relkind WHEN 'f' THEN 'foreign_table' ELSE 'table' END AS kind, '' AS prefix, c.nspname::text AS schema, c.relname::text AS name,
       NULL::text AS part, '' AS suffix, true AS of_table,
       concat_ws(' ',
           CASE c.relpersistence WHEN 'u' THEN 'unlogged' END,
           CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'table' END,
           CASE WHEN c.relkind = 'p' AND l.oid IS NULL THEN 'partitioned by ' || pg_get_partkeydef(c.oid) END,
           CASE WHEN c.relispartition THEN concat('partition of ', a.parents, ' ', pg_get_expr(c.relpartbound, 0))
                ELSE 'inherits (' || a.parents || ')' END,
           CASE WHEN c.reloftype <> 0 THEN 'of ' || format_type(c.reloftype, NULL) END,
           (SELECT 'using ' || quote_ident(m.amname) FROM pg_am m WHERE m.oid = c.relam AND m.amname <> 'heap'),
           'with (' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o) || ')',
           'toast with (' || (SELECT string_agg(o, ', ' ORDER BY o) FROM pg_class t CROSS JOIN LATERAL unnest(t.reloptions) o
                               WHERE c.reltoastrelid <> 0 AND t.oid = c.reltoastrelid) || ')',
           CASE WHEN c.relrowsecurity THEN 'row level security' END,
           CASE WHEN c.relforcerowsecurity THEN 'forced row level security' END,
           CASE c.relreplident WHEN 'n' THEN 'replica identity nothing' WHEN 'f' THEN 'replica identity full'
                               WHEN 'i' THEN 'replica identity index ' || coalesce(ri.name, '?') END,
           f.server) AS definition,
       NULL::text AS body, c.relkind = 'p' AND l.oid IS NOT NULL AS locked
  FROM rel c
  LEFT JOIN locked l ON l.oid = c.oid
  LEFT JOIN (SELECT h.inhrelid, string_agg(quote_ident(n.nspname) || '.' || quote_ident(p.relname), ', ' ORDER BY h.inhseqno) AS parents
               FROM pg_inherits h JOIN pg_class p ON p.oid = h.inhparent JOIN pg_namespace n ON n.oid = p.relnamespace
              GROUP BY h.inhrelid) a ON a.inhrelid = c.oid
  LEFT JOIN (SELECT i.indrelid, quote_ident(x.relname) AS name FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
              WHERE i.indisreplident) ri ON ri.indrelid = c.oid
  LEFT JOIN (SELECT t.ftrelid, concat('server ', quote_ident(s.srvname), ' options (',
                    (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(t.ftoptions) o), ')') AS server
               FROM pg_foreign_table t JOIN pg_foreign_server s ON s.oid = t.ftserver) f ON f.ftrelid = c.oid
 WHERE c.relkind IN ('r', 'p', 'f')
