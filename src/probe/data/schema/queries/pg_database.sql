SELECT 'database' AS kind, '' AS prefix, NULL::text AS schema, u.name, NULL::text AS part, '' AS suffix, false AS of_table,
       u.definition, NULL::text AS body, false AS locked
  FROM pg_database d
 CROSS JOIN LATERAL (VALUES ('encoding', pg_encoding_to_char(d.encoding)::text),
                            ('locale', concat_ws(' ', {provider}, 'collate', d.datcollate, 'ctype', d.datctype, {locale}))) u (name, definition)
 WHERE d.datname = current_database()
UNION ALL
SELECT 'schema', '', NULL, s.nspname::text, NULL, '', false, 'schema', NULL, false FROM space s
 WHERE s.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_namespace'::regclass)
UNION ALL
SELECT 'extension', '', NULL, e.extname::text, NULL, '', false, format('version %s schema %I', e.extversion, n.nspname), NULL, false
  FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
 WHERE $1::text[] IS NULL OR n.nspname = ANY ($1)
UNION ALL
SELECT 'event_trigger', '', NULL, t.evtname::text, NULL, '', false,
       concat_ws(' ', 'on', t.evtevent, 'when tag in (' || (SELECT string_agg(x, ', ' ORDER BY x) FROM unnest(t.evttags) x) || ')',
                 'execute', t.evtfoid::regprocedure, CASE t.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' END),
       NULL, false
  FROM pg_event_trigger t
 WHERE $1::text[] IS NULL AND t.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_event_trigger'::regclass)
