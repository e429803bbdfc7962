-- What decides whether two indexes do the same is compared as the catalogue stores it, less the places in the text of
-- the statement: pg_get_expr and pg_get_indexdef wait for locks. A partitioned index counts what its partitions count.
-- Of a table with one index there is nothing to compare, so only the others' are read whole.
WITH RECURSIVE home AS MATERIALIZED (
    SELECT n.oid, n.nspname, quote_ident(n.nspname) || '.' AS prefix FROM pg_namespace n
     WHERE (n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' OR n.nspname = 'pg_toast')
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), rel AS MATERIALIZED (
    SELECT c.oid, n.prefix || quote_ident(c.relname) AS name
      FROM pg_class c JOIN home n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't'
    UNION ALL
    -- Of TOAST tables what an interrupted rebuild left.
    SELECT c.oid, n.prefix || quote_ident(c.relname)
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid AND c.relkind = 't' AND c.relpersistence <> 't' JOIN home n ON n.oid = c.relnamespace
     WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
), ind AS MATERIALIZED (
    -- What an index shares with thousands of others is looked up at the end: this is kept in memory, whole.
    SELECT i.indexrelid AS oid, i.indrelid, c.relname, c.relkind, c.relpages, c.relnamespace, c.relam, r.name AS owner,
           i.indisunique, i.indisprimary, i.indisexclusion, i.indimmediate, i.indisvalid, i.indisready, i.indislive,
           i.indisreplident, i.indnkeyatts, i.indkey::int2[] AS keys,
           i.indexprs IS NOT NULL AS computed, i.indpred IS NOT NULL AS partial,
           i.indisunique OR i.indisexclusion AS strict, i.indisvalid AND i.indisready AND i.indislive AS whole,
           pg_stat_get_numscans(i.indexrelid) AS scans, {last_scan} AS last_scan
      FROM pg_index i
      JOIN rel r ON r.oid = i.indrelid
      JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind IN ('i', 'I')
     WHERE NOT (i.indisvalid AND i.indisready AND i.indislive) OR c.relnamespace <> 'pg_toast'::regnamespace
), con AS MATERIALIZED (
    SELECT k.conindid, max(quote_ident(k.conname)) FILTER (WHERE k.contype <> 'f') AS name,
           bool_or(k.contype = 'f') AS referenced
      FROM pg_constraint k WHERE k.conindid <> 0 AND k.contype IN ('p', 'u', 'x', 'f') GROUP BY k.conindid
), fkey AS MATERIALIZED (
    SELECT DISTINCT k.conrelid, k.conkey FROM pg_constraint k WHERE k.contype = 'f'
), helps AS MATERIALIZED (
    -- A predicate that only leaves out nulls of such a column leaves out what the key does not look for.
    SELECT DISTINCT i.indexrelid AS oid FROM pg_index i JOIN fkey f ON f.conrelid = i.indrelid
      JOIN pg_class x ON x.oid = i.indexrelid AND x.relam <> (SELECT m.oid FROM pg_am m WHERE m.amname = 'brin')
     WHERE i.indisvalid AND i.indnkeyatts >= cardinality(f.conkey)
       AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey
       AND (i.indpred IS NULL OR substring(regexp_replace(i.indpred::text, ':(stmt_)?(location|len) -?\d+', '', 'g') FROM
              '^\(?\{NULLTEST :arg \{VAR [^{}]*:varattno (\d+) [^{}]*\} :nulltesttype 1 [^{}]*\}\)?$')::int2
              = ANY (f.conkey))
), part AS MATERIALIZED (
    SELECT h.inhrelid, h.inhparent FROM pg_inherits h JOIN ind i ON i.oid = h.inhrelid
), up AS (
    SELECT p.inhrelid AS leaf, p.inhparent AS parent FROM part p
    UNION ALL
    SELECT u.leaf, p.inhparent FROM up u JOIN part p ON p.inhrelid = u.parent
), below AS MATERIALIZED (
    SELECT u.parent, sum(i.scans)::int8 AS scans, max(i.last_scan) AS last_scan, sum(i.relpages)::int8 AS pages
      FROM up u JOIN ind i ON i.oid = u.leaf GROUP BY u.parent
), crowd AS MATERIALIZED (
    SELECT t.*, n.prefix, m.amname
      FROM ind t JOIN home n ON n.oid = t.relnamespace JOIN pg_am m ON m.oid = t.relam
     WHERE t.indrelid IN (SELECT o.indrelid FROM ind o GROUP BY o.indrelid HAVING count(*) > 1)
), told AS MATERIALIZED (
    -- What has to be the same in two indexes that do the same, as a number, because a comparison of texts takes long.
    SELECT t.oid, t.indrelid, t.amname, t.indisprimary, t.indisreplident, t.indisunique, t.indisexclusion, t.indimmediate,
           t.computed, t.partial, t.strict, t.whole, t.prefix || quote_ident(t.relname) AS name,
           k.name AS constraint_name, coalesce(k.referenced, false) AS referenced,
           i.indnatts, i.indnkeyatts, i.indkey, i.indclass, i.indcollation, i.indoption, {nulls} AS nulls_not_distinct,
           hashtextextended(concat_ws('|', t.amname, t.whole, i.indkey, i.indnkeyatts, i.indclass, i.indcollation, i.indoption,
               coalesce(regexp_replace(i.indexprs::text, ':(stmt_)?(location|len) -?\d+', '', 'g'), ''),
               coalesce(regexp_replace(i.indpred::text, ':(stmt_)?(location|len) -?\d+', '', 'g'), '')), 0) AS alike
      FROM crowd t JOIN pg_index i ON i.indexrelid = t.oid LEFT JOIN con k ON k.conindid = t.oid
), several AS MATERIALIZED (
    SELECT indrelid, alike FROM told GROUP BY indrelid, alike HAVING count(*) > 1
), best AS MATERIALIZED (
    SELECT i.oid,
           first_value(i.oid) OVER (same ORDER BY i.referenced DESC, i.indisprimary DESC,
               i.indisreplident DESC, i.constraint_name IS NOT NULL DESC, i.indisunique DESC, i.oid) AS best,
           first_value(i.oid) OVER (twin ORDER BY i.referenced DESC, i.indisprimary DESC,
               i.indisreplident DESC, i.constraint_name IS NOT NULL DESC, i.oid) AS best_twin
      FROM told i JOIN several g ON g.indrelid = i.indrelid AND g.alike = i.alike
    WINDOW same AS (PARTITION BY i.indrelid, i.alike),
           twin AS (PARTITION BY i.indrelid, i.alike, i.indisunique, i.indisexclusion, i.indimmediate, i.nulls_not_distinct)
), short AS MATERIALIZED (
    SELECT s.oid, s.indrelid, s.indnkeyatts, s.indnatts, s.indkey::text || ' ' AS key_text, s.indclass::text || ' ' AS class_text,
           s.indcollation::text || ' ' AS collation_text, s.indoption::text || ' ' AS option_text
      FROM told s
     WHERE s.amname = 'btree' AND s.whole AND s.indnatts = s.indnkeyatts
       AND NOT s.strict AND NOT s.partial AND NOT s.computed AND NOT s.indisreplident AND s.constraint_name IS NULL
), longer AS MATERIALIZED (
    SELECT s.oid, min(l.name) AS name
      FROM short s JOIN told l ON l.indrelid = s.indrelid
     WHERE l.amname = 'btree' AND l.whole AND l.oid <> s.oid AND NOT l.partial
       AND s.indnkeyatts <= l.indnkeyatts AND l.indnatts > s.indnatts
       AND starts_with(l.indkey::text || ' ', s.key_text) AND starts_with(l.indclass::text || ' ', s.class_text)
       AND starts_with(l.indcollation::text || ' ', s.collation_text) AND starts_with(l.indoption::text || ' ', s.option_text)
     GROUP BY s.oid
), builds AS MATERIALIZED (
    -- Without pg_monitor the row of another role's build has its database only.
    SELECT index_relid, relid IS NULL AS hidden FROM pg_stat_progress_create_index WHERE datname = current_database()
), held AS MATERIALIZED (
    -- REINDEX CONCURRENTLY holds all indexes of a table so, and its progress names one of them.
    SELECT DISTINCT l.relation FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), since AS MATERIALIZED (
    -- Losing all counters in a crash leaves no time at the database, but one at the archiver.
    SELECT greatest(d.stats_reset, a.stats_reset) AS stats
      FROM pg_stat_archiver a LEFT JOIN pg_stat_database d ON d.datname = current_database()
), ours AS MATERIALIZED (
    SELECT i.*, k.name AS constraint_name, coalesce(k.referenced, false) AS referenced,
           CASE WHEN NOT i.whole THEN NULL
                WHEN t.best_twin <> i.oid THEN t.best_twin
                WHEN NOT i.strict AND t.best <> i.oid THEN t.best END AS twin_oid,
           NOT i.whole AND (EXISTS (SELECT FROM builds b WHERE b.index_relid = i.oid) OR i.oid IN (SELECT relation FROM held))
             AS worked_on
      FROM ind i LEFT JOIN con k ON k.conindid = i.oid LEFT JOIN best t ON t.oid = i.oid
)
SELECT i.oid AS oid,
       n.prefix || quote_ident(i.relname) AS index,
       n.nspname::text AS schema,
       i.relname::text AS name,
       i.owner AS "table",
       {columns} AS columns,
       m.amname::text AS kind,
       i.relkind = 'I' AS partitioned,
       CASE WHEN h.inhparent IS NOT NULL THEN
           (SELECT (SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE n.oid = c.relnamespace) || '.' || quote_ident(c.relname)
              FROM pg_class c WHERE c.oid = h.inhparent) END AS parent,
       i.indisunique AS is_unique,
       i.indisprimary AS is_primary,
       i.constraint_name AS "constraint",
       i.referenced AS referenced,
       i.indisreplident AS replica_identity,
       i.computed AS computed,
       i.partial AS partial,
       i.indisvalid AS valid,
       i.indisready AS ready,
       i.indislive AS live,
       NOT i.whole AND i.worked_on AS being_built,
       NOT i.whole AND NOT i.worked_on AND EXISTS (SELECT FROM builds WHERE hidden) AS builder_hidden,
       coalesce(b.scans, i.scans) AS scans,
       (extract(epoch FROM coalesce(b.last_scan, i.last_scan)) * 1000000)::int8 AS last_scan,
       (extract(epoch FROM (SELECT stats FROM since)) * 1000000)::int8 AS stats_since,
       coalesce(b.pages, i.relpages)::int8 * current_setting('block_size')::int8 AS pages_size,
       CASE WHEN i.twin_oid IS NOT NULL THEN
           (SELECT (SELECT quote_ident(n.nspname) FROM pg_namespace n WHERE n.oid = c.relnamespace) || '.' || quote_ident(c.relname)
              FROM pg_class c WHERE c.oid = i.twin_oid) END AS duplicate_of,
       l.name AS prefix_of,
       i.oid IN (SELECT oid FROM helps) AS supports_foreign_key
  FROM ours i
  -- An index lies in the schema of its table.
  JOIN home n ON n.oid = i.relnamespace
  JOIN pg_am m ON m.oid = i.relam
  LEFT JOIN below b ON b.parent = i.oid AND i.relkind = 'I'
  LEFT JOIN longer l ON l.oid = i.oid
  LEFT JOIN part h ON h.inhrelid = i.oid
 ORDER BY i.relpages DESC, i.oid
