-- Triggers that somebody made; a copy at a partition only where it is in another state than that of its parent; of the
-- server's own ones, which enforce foreign keys, only those that do not fire for ordinary sessions. Rules, which rewrite
-- statements, and event triggers are switched off in the same way.
WITH trig AS MATERIALIZED (
    SELECT t.oid, t.tgrelid, t.tgname, t.tgenabled, t.tgisinternal, t.tgtype, t.tgfoid, t.tgconstraint, t.tgparentid
      FROM pg_trigger t
), chosen AS MATERIALIZED (
    SELECT t.*
      FROM trig t LEFT JOIN trig p ON p.oid = t.tgparentid AND t.tgparentid <> 0
     WHERE CASE WHEN p.oid IS NOT NULL AND NOT t.tgisinternal THEN t.tgenabled <> p.tgenabled
                WHEN t.tgisinternal THEN t.tgenabled IN ('D', 'R') AND (p.oid IS NULL OR t.tgenabled <> p.tgenabled)
                ELSE true END
)
SELECT f."table", f.trigger, f.schema, f.name,
       CASE f.fires WHEN 'O' THEN 'origin' WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always'
                    ELSE f.fires::text END AS state,
       f.internal, f."constraint", f.function, f.kind, f.row_level, f.timing
  FROM (
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS "table",
       quote_ident(t.tgname) AS trigger,
       n.nspname::text AS schema,
       c.relname::text AS name,
       t.tgenabled AS fires,
       t.tgisinternal AND t.tgconstraint <> 0 AS internal,
       quote_ident(k.conname) AS "constraint",
       quote_ident(fn.nspname) || '.' || quote_ident(f.proname) AS function,
       'trigger' AS kind,
       (t.tgtype & 1) = 1 AS row_level,
       CASE WHEN (t.tgtype & 64) <> 0 THEN 'instead of' WHEN (t.tgtype & 2) <> 0 THEN 'before' ELSE 'after' END AS timing
  FROM chosen t
  JOIN pg_class c ON c.oid = t.tgrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_proc f ON f.oid = t.tgfoid
  JOIN pg_namespace fn ON fn.oid = f.pronamespace
  LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint AND t.tgconstraint <> 0
 WHERE c.relpersistence <> 't' AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
   AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
UNION ALL
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(w.rulename), n.nspname::text, c.relname::text,
       w.ev_enabled, false, NULL, NULL, 'rule', NULL, NULL
  FROM pg_rewrite w
  JOIN pg_class c ON c.oid = w.ev_class
  JOIN pg_namespace n ON n.oid = c.relnamespace
 -- Views are one themselves.
 WHERE w.rulename <> '_RETURN' AND c.relpersistence <> 't'
   AND n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'
   AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
UNION ALL
SELECT 'pg_catalog.pg_event_trigger', quote_ident(e.evtname), 'pg_catalog', 'pg_event_trigger',
       e.evtenabled, false, NULL, quote_ident(fn.nspname) || '.' || quote_ident(f.proname), 'event trigger', NULL, NULL
  FROM pg_event_trigger e
  JOIN pg_proc f ON f.oid = e.evtfoid
  JOIN pg_namespace fn ON fn.oid = f.pronamespace
 WHERE $1::text[] IS NULL) f
 ORDER BY 1, 2
