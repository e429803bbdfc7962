SELECT CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'd' THEN 'domain' ELSE 'type' END AS kind, '' AS prefix, s.nspname::text AS schema, t.typname::text AS name,
       NULL::text AS part, '' AS suffix, false AS of_table,
       CASE t.typtype
           WHEN 'e' THEN concat('(', (SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), ')')
           WHEN 'd' THEN concat_ws(' ', format_type(t.typbasetype, t.typtypmod),
               (SELECT 'collate ' || quote_ident(n.nspname) || '.' || quote_ident(l.collname) FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace
                  JOIN pg_type b ON b.oid = t.typbasetype WHERE l.oid = t.typcollation AND t.typcollation <> b.typcollation),
               CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || pg_get_expr(t.typdefaultbin, 0),
               (SELECT string_agg(concat(quote_ident(k.conname), ' ', pg_get_constraintdef(k.oid)), ' ' ORDER BY k.conname)
                  FROM pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c'))
           WHEN 'c' THEN concat('composite (', (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                 CASE WHEN a.attcollation <> b.typcollation THEN 'collate ' || (SELECT quote_ident(n.nspname) || '.' || quote_ident(l.collname)
                   FROM pg_collation l JOIN pg_namespace n ON n.oid = l.collnamespace WHERE l.oid = a.attcollation) END), ', ' ORDER BY a.attnum)
                 FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), ')')
           WHEN 'r' THEN (SELECT concat_ws(' ', 'range of', format_type(r.rngsubtype, NULL), 'collation', nullif(r.rngcollation, 0)::regcollation,
                 'operators', (SELECT o.opcname FROM pg_opclass o WHERE o.oid = r.rngsubopc), 'canonical', r.rngcanonical, 'diff', r.rngsubdiff)
                 FROM pg_range r WHERE r.rngtypid = t.oid)
           ELSE concat_ws(' ', 'base type of', t.typlen, 'bytes, category', t.typcategory, 'input', t.typinput, 'output', t.typoutput) END AS definition,
       NULL::text AS body, false AS locked
  FROM pg_type t
  JOIN space s ON s.oid = t.typnamespace
  LEFT JOIN pg_class c ON c.oid = t.typrelid AND t.typrelid <> 0
 WHERE t.typtype IN ('e', 'd', 'c', 'r', 'b') AND t.typelem = 0 AND (t.typtype <> 'c' OR c.relkind = 'c')
   AND t.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_type'::regclass)
   AND NOT EXISTS (SELECT FROM pg_type a WHERE a.typarray = t.oid)
UNION ALL
SELECT 'collation', '', s.nspname::text, l.collname::text, NULL, '', false,
       concat_ws(' ', 'provider', l.collprovider, 'collate', l.collcollate, 'ctype', l.collctype, {collocale},
                 CASE WHEN NOT l.collisdeterministic THEN 'not deterministic' END), NULL, false
  FROM pg_collation l JOIN space s ON s.oid = l.collnamespace
 WHERE l.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_collation'::regclass)
