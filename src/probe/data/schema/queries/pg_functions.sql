SELECT 'function' AS kind, '' AS prefix, s.nspname::text AS schema, p.proname::text AS name, NULL::text AS part,
       '(' || oidvectortypes(p.proargtypes) || ')' AS suffix, false AS of_table,
       concat_ws(' ',
           CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' WHEN 'w' THEN 'window function' ELSE 'function' END,
           -- From version 14 on what a procedure takes in says so, and that of a function does not.
           '(' || CASE p.prokind WHEN 'p' THEN regexp_replace(pg_get_function_arguments(p.oid), '(^|, )IN ', '\1', 'g')
                                 ELSE pg_get_function_arguments(p.oid) END || ')',
           'returns ' || pg_get_function_result(p.oid),
           'language ' || quote_ident(l.lanname),
           CASE p.provolatile WHEN 'i' THEN 'immutable' WHEN 's' THEN 'stable' ELSE 'volatile' END,
           CASE WHEN p.proisstrict THEN 'strict' END,
           CASE WHEN p.prosecdef THEN 'security definer' END,
           CASE WHEN p.proleakproof THEN 'leakproof' END,
           CASE p.proparallel WHEN 's' THEN 'parallel safe' WHEN 'r' THEN 'parallel restricted' END,
           'cost ' || p.procost, CASE WHEN p.prorows <> 0 THEN 'rows ' || p.prorows END,
           CASE WHEN p.prosupport <> 0 THEN 'support ' || p.prosupport::text END,
           'set (' || (SELECT string_agg(o, ', ' ORDER BY o) FROM unnest(p.proconfig) o) || ')',
           CASE WHEN g.aggfnoid IS NOT NULL THEN concat_ws(' ', 'sfunc', g.aggtransfn, 'stype', format_type(g.aggtranstype, NULL), 'final', g.aggfinalfn,
               g.aggfinalmodify, 'combine', g.aggcombinefn, 'serial', g.aggserialfn, 'deserial', g.aggdeserialfn, 'msfunc', g.aggmtransfn,
               'minv', g.aggminvtransfn, 'mfinal', g.aggmfinalfn, 'sort', g.aggsortop::regoperator, 'kind', g.aggkind,
               'initial ' || quote_literal(g.agginitval), 'minitial ' || quote_literal(g.aggminitval)) END) AS definition,
       CASE WHEN b.objid IS NULL THEN concat_ws(E'\n', p.prosrc, p.probin, {sqlbody}) END AS body,
       b.objid IS NOT NULL AS locked
  FROM pg_proc p
  JOIN space s ON s.oid = p.pronamespace
  JOIN pg_language l ON l.oid = p.prolang
  LEFT JOIN pg_aggregate g ON g.aggfnoid = p.oid
  LEFT JOIN blocked b ON b.classid = 'pg_proc'::regclass AND b.objid = p.oid
 WHERE p.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_proc'::regclass)
   -- What a type of ranges makes for itself.
   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
