SELECT CASE c.relkind WHEN 'm' THEN 'materialized_view' ELSE 'view' END AS kind, '' AS prefix, c.nspname::text AS schema, c.relname::text AS name,
       NULL::text AS part, '' AS suffix, true AS of_table,
       concat_ws(' ',
           CASE c.relkind WHEN 'm' THEN 'materialized view' ELSE 'view' END,
           (SELECT '(' || string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                       CASE WHEN d.oid IS NOT NULL THEN 'default ' || pg_get_expr(d.adbin, 0) END), ', ' ORDER BY a.attnum) || ')'
              FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
             WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
           'with (' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(c.reloptions) o) || ')',
           CASE WHEN c.relkind = 'm' AND NOT c.relispopulated THEN 'not populated' END) AS definition,
       CASE WHEN b.objid IS NULL AND l.oid IS NULL THEN pg_get_viewdef(c.oid) END AS body,
       b.objid IS NOT NULL OR l.oid IS NOT NULL AS locked
  FROM rel c
  JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename = '_RETURN'
  LEFT JOIN blocked b ON b.classid = 'pg_rewrite'::regclass AND b.objid = r.oid
  LEFT JOIN locked l ON l.oid = c.oid
 WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT 'rule', '', c.nspname::text, c.relname::text, r.rulename::text, '', true,
       concat_ws(' ', 'rule', CASE r.ev_enabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END),
       CASE WHEN b.objid IS NULL AND l.oid IS NULL THEN pg_get_ruledef(r.oid) END, b.objid IS NOT NULL OR l.oid IS NOT NULL
  FROM rel c
  JOIN pg_rewrite r ON r.ev_class = c.oid AND r.rulename <> '_RETURN'
  LEFT JOIN blocked b ON b.classid = 'pg_rewrite'::regclass AND b.objid = r.oid
  LEFT JOIN locked l ON l.oid = c.oid
