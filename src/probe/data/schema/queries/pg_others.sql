SELECT 'language' AS kind, '' AS prefix, NULL::text AS schema, l.lanname::text AS name, NULL::text AS part, '' AS suffix, false AS of_table,
       concat_ws(' ', CASE WHEN l.lanpltrusted THEN 'trusted' ELSE 'untrusted' END, 'handler', l.lanplcallfoid::regproc) AS definition,
       NULL::text AS body, false AS locked
  FROM pg_language l
 WHERE l.lanispl AND $1::text[] IS NULL AND l.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_language'::regclass)
UNION ALL
SELECT 'cast', format_type(k.castsource, NULL) || ' as ', nullif(n.nspname, 'pg_catalog')::text, t.typname::text, NULL, '', false,
       concat_ws(' ', CASE k.castmethod WHEN 'f' THEN 'function ' || k.castfunc::regprocedure WHEN 'i' THEN 'text' ELSE 'binary' END,
                 CASE k.castcontext WHEN 'e' THEN 'explicit' WHEN 'a' THEN 'assignment' ELSE 'implicit' END), NULL, false
  FROM pg_cast k JOIN pg_type t ON t.oid = k.casttarget JOIN pg_namespace n ON n.oid = t.typnamespace
 -- Those of the server itself have the lowest numbers, and those that come with a type depend on it.
 WHERE k.oid >= 16384 AND $1::text[] IS NULL
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_cast'::regclass AND d.objid = k.oid AND d.deptype = 'i')
   AND k.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_cast'::regclass)
UNION ALL
SELECT 'operator', '', s.nspname::text, o.oprname::text, NULL,
       concat('(', concat_ws(', ', format_type(nullif(o.oprleft, 0), NULL), format_type(nullif(o.oprright, 0), NULL)), ')'), false,
       concat_ws(' ', 'function', o.oprcode::regprocedure, 'commutator', nullif(o.oprcom, 0)::regoperator, 'negator', nullif(o.oprnegate, 0)::regoperator,
                 'restrict', nullif(o.oprrest, 0)::regproc, 'join', nullif(o.oprjoin, 0)::regproc,
                 CASE WHEN o.oprcanhash THEN 'hashes' END, CASE WHEN o.oprcanmerge THEN 'merges' END), NULL, false
  FROM pg_operator o JOIN space s ON s.oid = o.oprnamespace
 -- What another one named as its partner is not made yet.
 WHERE o.oprcode <> 0 AND o.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_operator'::regclass)
UNION ALL
SELECT 'operator_class', m.amname || ' ', s.nspname::text, c.opcname::text, NULL, '', false,
       concat_ws(' ', 'for', format_type(c.opcintype, NULL), CASE WHEN c.opcdefault THEN 'default' END, 'keeps ' || format_type(nullif(c.opckeytype, 0), NULL),
                 'operators (' || (SELECT string_agg(concat_ws(' ', a.amopstrategy, a.amopopr::regoperator), ', ' ORDER BY a.amopstrategy, a.amopopr::regoperator::text)
                                     FROM pg_amop a WHERE a.amopfamily = c.opcfamily) || ')',
                 'functions (' || (SELECT string_agg(concat_ws(' ', a.amprocnum, a.amproc::regprocedure), ', ' ORDER BY a.amprocnum, a.amproc::regprocedure::text)
                                     FROM pg_amproc a WHERE a.amprocfamily = c.opcfamily) || ')'), NULL, false
  FROM pg_opclass c JOIN space s ON s.oid = c.opcnamespace JOIN pg_am m ON m.oid = c.opcmethod
 WHERE c.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_opclass'::regclass)
UNION ALL
SELECT 'text_search', 'configuration ', s.nspname::text, c.cfgname::text, NULL, '', false,
       concat_ws(' ', 'parser', (SELECT p.prsname FROM pg_ts_parser p WHERE p.oid = c.cfgparser), 'maps',
                 (SELECT string_agg(format('%s to %s', t.maptokentype, t.mapdict::regdictionary), ', ' ORDER BY t.maptokentype, t.mapseqno)
                    FROM pg_ts_config_map t WHERE t.mapcfg = c.oid)), NULL, false
  FROM pg_ts_config c JOIN space s ON s.oid = c.cfgnamespace
 WHERE c.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_ts_config'::regclass)
UNION ALL
SELECT 'text_search', 'dictionary ', s.nspname::text, d.dictname::text, NULL, '', false,
       concat_ws(' ', 'template', (SELECT t.tmplname FROM pg_ts_template t WHERE t.oid = d.dicttemplate), 'options', d.dictinitoption), NULL, false
  FROM pg_ts_dict d JOIN space s ON s.oid = d.dictnamespace
 WHERE d.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_ts_dict'::regclass)
UNION ALL
-- What options say may be a secret: their names, and a digest.
SELECT 'server', '', NULL, v.srvname::text, NULL, '', false,
       concat_ws(' ', 'wrapper', quote_ident(w.fdwname), 'type ' || v.srvtype, 'version ' || v.srvversion,
                 (SELECT format('options (%s) %s', string_agg(split_part(x, '=', 1), ', ' ORDER BY x),
                                left(encode(sha256(convert_to(string_agg(x, E'\n' ORDER BY x), 'UTF8')), 'hex'), 16))
                    FROM unnest(v.srvoptions) x HAVING count(*) > 0)), NULL, false
  FROM pg_foreign_server v JOIN pg_foreign_data_wrapper w ON w.oid = v.srvfdw
 WHERE $1::text[] IS NULL AND v.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_foreign_server'::regclass)
UNION ALL
SELECT 'server', 'mapping of ' || quote_ident(u.usename) || ' at ', NULL, u.srvname::text, NULL, '', false, 'mapping', NULL, false
  FROM pg_user_mappings u
 WHERE $1::text[] IS NULL
UNION ALL
SELECT 'large_objects', '', NULL, 'large_objects', NULL, '', false, concat(count(*), ' large objects, numbers, owners and rights ',
       sum(hashtextextended(concat_ws(' ', l.oid, pg_get_userbyid(l.lomowner), (SELECT string_agg(x::text, ',' ORDER BY x::text) FROM unnest(l.lomacl) x)), 0)::numeric)), NULL, false
  FROM pg_largeobject_metadata l
 WHERE $1::text[] IS NULL
HAVING count(*) > 0
