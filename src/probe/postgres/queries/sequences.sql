-- The columns that a sequence feeds: by ownership (serial, identity), or by a default that calls it; those of partitions
-- and children are part of their parent's. The limit is the smallest one of the sequence's and of the columns' types; a
-- sequence that cycles has none.
WITH RECURSIVE base AS (
    SELECT t.oid AS type, t.oid AS over, t.typbasetype AS below, NULL::int4 AS typmod FROM pg_type t
     WHERE t.typtype = 'd' OR t.typcategory = 'N'
    UNION ALL
    SELECT b.type, t.oid, t.typbasetype, coalesce(b.typmod, nullif(o.typtypmod, -1))
      FROM base b JOIN pg_type t ON t.oid = b.below JOIN pg_type o ON o.oid = b.over
), plain AS MATERIALIZED (
    SELECT b.type, b.over AS base, b.typmod FROM base b WHERE b.below = 0
), feeds AS MATERIALIZED (
    SELECT d.objid AS seqid, d.refobjid AS relid, d.refobjsubid AS attnum
      FROM pg_depend d
     WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass
       AND d.refobjsubid > 0 AND d.deptype IN ('a', 'i') AND d.objid IN (SELECT seqrelid FROM pg_sequence)
    UNION
    SELECT d.refobjid, a.adrelid, a.adnum
      FROM pg_depend d JOIN pg_attrdef a ON a.oid = d.objid
     WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'n'
       AND d.refobjid IN (SELECT seqrelid FROM pg_sequence)
), locked AS MATERIALIZED (
    -- Reading a sequence waits for TRUNCATE ... RESTART IDENTITY and DROP, and a default for its table; one that is locked so
    -- costs its own facts only.
    SELECT DISTINCT l.relation FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
), fed AS MATERIALIZED (
    SELECT f.seqid, f.relid, f.attnum, a.attname, c.relkind,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS owner, quote_ident(n.nspname) AS schema_name,
           format_type(p.base, CASE WHEN a.atttypmod >= 0 THEN a.atttypmod ELSE p.typmod END) AS column_type,
           CASE p.base
                WHEN 'int2'::regtype THEN 32767
                WHEN 'int4'::regtype THEN 2147483647
                WHEN 'float4'::regtype THEN 16777216
                WHEN 'float8'::regtype THEN 9007199254740992
                WHEN 'numeric'::regtype THEN
                    least(9223372036854775807, power(10::numeric, greatest(m.digits, 0)) - 1)
                ELSE 9223372036854775807 END::int8 AS type_limit,
           p.base IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype)
             AND c.relkind IN ('r', 'p')
             -- Values that are made of a number of the sequence are none of them.
             AND NOT EXISTS (SELECT FROM pg_attrdef e WHERE e.adrelid = f.relid AND e.adnum = f.attnum AND a.attgenerated = ''
                                AND f.relid NOT IN (SELECT relation FROM locked)
                                AND pg_get_expr(e.adbin, e.adrelid) !~ $r$^\(*nextval\(\(?'(?:[^']|'')*'::(?:regclass|text)\)?(?:::regclass)?\)(?:\)|::["\w. ]+(?:\(\d+(?:,\d+)?\))?)*$$r$)
             AS countable,
           has_schema_privilege(n.oid, 'USAGE') AS in_schema,
           has_column_privilege(f.relid, f.attnum::int2, 'SELECT') AS in_column,
           row_security_active(f.relid) AS filtered,
           f.attnum = ANY (ARRAY(SELECT i.indkey[0] FROM pg_index i WHERE i.indrelid = f.relid AND i.indisunique
                                   AND i.indnkeyatts = 1 AND i.indpred IS NULL)) AS alone
      FROM feeds f
      JOIN pg_attribute a ON a.attrelid = f.relid AND a.attnum = f.attnum AND NOT a.attisdropped
      JOIN pg_class c ON c.oid = f.relid AND NOT c.relispartition
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN plain p ON p.type = a.atttypid
      CROSS JOIN LATERAL (
           -- Precision less scale; without them a numeric holds more than a sequence can give.
           SELECT CASE WHEN t.typmod IS NULL THEN 19
                       ELSE least(19, ((t.typmod - 4) >> 16) & 65535) - CASE WHEN ((t.typmod - 4) & 2047) > 1023
                            THEN ((t.typmod - 4) & 2047) - 2048 ELSE (t.typmod - 4) & 2047 END END AS digits
             FROM (SELECT CASE WHEN a.atttypmod >= 4 THEN a.atttypmod ELSE p.typmod END AS typmod) t) m
     WHERE NOT EXISTS (SELECT FROM pg_inherits h WHERE h.inhrelid = f.relid
                        AND h.inhparent IN (SELECT o.relid FROM feeds o WHERE o.seqid = f.seqid))
), narrowest AS MATERIALIZED (
    SELECT DISTINCT ON (f.seqid) f.* FROM fed f ORDER BY f.seqid, f.type_limit, f.owner, f.attnum
), all_fed AS MATERIALIZED (
    SELECT f.seqid, array_agg(f.owner || '.' || quote_ident(f.attname) ORDER BY f.owner, f.attnum) AS columns,
           bool_and(in_schema AND in_column) FILTER (WHERE countable) AS readable,
           bool_or(filtered) FILTER (WHERE countable) AS filtered,
           string_agg(DISTINCT format('GRANT USAGE ON SCHEMA %s TO "%s";', f.schema_name, replace(current_user, '"', '""')), ' ')
               FILTER (WHERE countable AND NOT in_schema) AS schema_grants,
           string_agg(format('GRANT SELECT (%I) ON %s TO "%s";', f.attname, f.owner, replace(current_user, '"', '""')), ' '
               ORDER BY f.owner, f.attnum) FILTER (WHERE countable AND NOT in_column) AS column_grants,
           string_agg(format('(SELECT max(%I)::numeric FROM %s)', f.attname, f.owner), ', '
               ORDER BY f.owner, f.attnum) FILTER (WHERE countable) AS highest,
           string_agg(format('(SELECT min(%I)::numeric FROM %s)', f.attname, f.owner), ', '
               ORDER BY f.owner, f.attnum) FILTER (WHERE countable) AS lowest,
           bool_or(f.alone) AS feeds_key
      FROM fed f GROUP BY f.seqid
), seq AS MATERIALIZED (
    SELECT c.oid, c.relname, n.nspname, s.seqtypid, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcycle,
           quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS sequence,
           f.owner, f.attname, f.column_type, coalesce(f.type_limit, 9223372036854775807) AS type_limit,
           c.relpersistence = 'u' AND pg_is_in_recovery() AS elsewhere,
           c.oid IN (SELECT relation FROM locked) AS locked,
           has_schema_privilege(n.oid, 'USAGE') AS in_schema,
           has_sequence_privilege(c.oid, 'SELECT') AS selectable, has_sequence_privilege(c.oid, 'USAGE') AS usable
      FROM pg_sequence s
      JOIN pg_class c ON c.oid = s.seqrelid
      JOIN pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN narrowest f ON f.seqid = c.oid
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND c.relpersistence <> 't'
       AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), called AS MATERIALIZED (
    SELECT q.*, CASE WHEN (selectable OR usable) AND NOT elsewhere AND NOT locked THEN pg_sequence_last_value(q.oid) END
             AS called
      FROM seq q
), begun AS MATERIALIZED (
    -- One that gave no number yet may begin anywhere (RESTART WITH, setval(..., false)), which only the sequence itself tells.
    SELECT q.*, CASE WHEN called IS NULL AND selectable AND in_schema AND NOT elsewhere AND NOT locked THEN
             substring(query_to_xml(format('SELECT last_value FROM %s', sequence), false, true, '')::text
                       FROM '<last_value>(-?\d+)</last_value>')::int8 END AS first
      FROM called q
), read AS MATERIALIZED (
    SELECT q.*, coalesce(called, first) AS next_or_last,
           elsewhere OR locked OR called IS NOT NULL OR first IS NOT NULL AS readable,
           CASE WHEN seqincrement > 0 THEN least(seqmax, type_limit) ELSE greatest(seqmin, -type_limit - 1) END AS bound
      FROM begun q
)
SELECT r.sequence AS sequence,
       r.nspname::text AS schema,
       r.relname::text AS name,
       r.owner AS "table",
       quote_ident(r.attname) AS "column",
       r.column_type AS column_type,
       coalesce(a.columns, '{}') AS feeds,
       format_type(r.seqtypid, NULL) AS data_type,
       r.seqincrement AS increment,
       r.bound AS "limit",
       r.seqcycle AS cycles,
       r.called AS last_value,
       coalesce(a.feeds_key, false) AS feeds_key,
       CASE WHEN r.seqincrement > 0 THEN (r.next_or_last::numeric - r.seqmin)::float8
                                          / greatest(r.bound::numeric - r.seqmin, 1)::float8
            ELSE (r.seqmax - r.next_or_last::numeric)::float8 / greatest(r.seqmax - r.bound::numeric, 1)::float8
            END AS used_ratio,
       CASE WHEN (r.bound::numeric - r.next_or_last) / r.seqincrement >= 0
            THEN least(9223372036854775807, div(r.bound::numeric - r.next_or_last, r.seqincrement))::int8 END AS left_values,
       NOT r.readable AS hidden,
       concat_ws(' ', CASE WHEN NOT r.in_schema THEN format('GRANT USAGE ON SCHEMA %I TO "%s";', r.nspname, replace(current_user, '"', '""')) END,
                 CASE WHEN NOT r.selectable THEN format('GRANT SELECT ON SEQUENCE %s TO "%s";', r.sequence, replace(current_user, '"', '""')) END,
                 CASE WHEN NOT a.readable THEN concat_ws(' ', a.schema_grants, a.column_grants) END)
         AS grants,
       r.elsewhere AS elsewhere,
       r.locked AS locked,
       coalesce(NOT a.readable, false) AS column_hidden,
       concat_ws(' ', a.schema_grants, a.column_grants) AS column_grants,
       coalesce(a.filtered, false) AS filtered,
       CASE WHEN r.readable AND NOT r.elsewhere AND NOT r.locked AND a.readable THEN
            format('SELECT CASE WHEN h.most IS NOT NULL THEN greatest(least(h.most, 9223372036854775807), -9223372036854775808)::int8 END'
                   ' AS highest, coalesce(h.most %s %s, false) AS behind FROM (SELECT %s) h',
                   CASE WHEN r.seqincrement > 0 THEN '>' ELSE '<' END || CASE WHEN r.called IS NULL THEN '=' ELSE '' END,
                   r.next_or_last, CASE WHEN r.seqincrement > 0 THEN format('greatest(%s) AS most', a.highest)
                                        ELSE format('least(%s) AS most', a.lowest) END) END AS ask_highest
  FROM read r LEFT JOIN all_fed a ON a.seqid = r.oid
 ORDER BY 1
