SELECT 'publication' AS kind, '' AS prefix, NULL::text AS schema, p.pubname::text AS name, NULL::text AS part, '' AS suffix, false AS of_table,
       concat_ws(' ', 'of', (SELECT string_agg(w.what, ', ')
                               FROM (VALUES (p.pubinsert, 'insert'), (p.pubupdate, 'update'), (p.pubdelete, 'delete'), (p.pubtruncate, 'truncate')) w (is_so, what) WHERE w.is_so),
                 CASE WHEN p.puballtables THEN 'on all tables' END, CASE WHEN p.pubviaroot THEN 'via root' END, {published_schemas},
                 'on ' || (SELECT string_agg(concat(r.prrelid::regclass{published_part}), ', ' ORDER BY r.prrelid::regclass::text)
                            FROM pg_publication_rel r WHERE r.prpubid = p.oid)) AS definition,
       NULL::text AS body, false AS locked
  FROM pg_publication p
 WHERE $1::text[] IS NULL AND p.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_publication'::regclass)
UNION ALL
SELECT 'subscription', '', NULL, b.subname::text, NULL, '', false,
       concat_ws(' ', CASE WHEN b.subenabled THEN 'enabled' ELSE 'disabled' END, 'to', (SELECT string_agg(quote_ident(x), ', ' ORDER BY x) FROM unnest(b.subpublications) x),
                 'slot ' || quote_ident(b.subslotname)), NULL, false
  FROM pg_subscription b
 WHERE $1::text[] IS NULL AND b.subdbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
