-- What autovacuum would vacuum now, by its own formula (relation_needs_vacanalyze) with the options of each table. A
-- TOAST table counts for its table; without any option of its own, of whatever kind, it has those of the table.
server AS MATERIALIZED (
    SELECT current_setting('autovacuum_vacuum_threshold')::float8 AS base,
           current_setting('autovacuum_vacuum_scale_factor')::float8 AS scale, {most}::float8 AS most,
           current_setting('autovacuum_vacuum_insert_threshold')::float8 AS insert_base,
           current_setting('autovacuum_vacuum_insert_scale_factor')::float8 AS insert_scale,
           current_setting('autovacuum_freeze_max_age')::float8 AS freeze_at,
           current_setting('autovacuum_multixact_freeze_max_age')::float8 AS multixact_freeze_at
), found AS MATERIALIZED (
    -- Each limit is at least its base, so that of many tables few are left; those with options of their own are, too.
    SELECT c.oid, c.relkind, c.relname, c.relnamespace, c.relpages, c.reltuples, {unfrozen} AS unfrozen,
           c.relfrozenxid, c.relminmxid, c.relpersistence, c.reltoastrelid, c.reloptions
      FROM pg_class c
     WHERE c.relkind IN ('r', 'm', 't')
       AND (c.reloptions IS NOT NULL
            OR age(c.relfrozenxid) > (SELECT freeze_at FROM server)
            OR mxid_age(c.relminmxid) > (SELECT multixact_freeze_at FROM server)
            OR pg_stat_get_dead_tuples(c.oid) > (SELECT CASE WHEN most >= 0 THEN least(base, most) ELSE base END FROM server)
            OR pg_stat_get_ins_since_vacuum(c.oid) > (SELECT insert_base FROM server))
), options AS MATERIALIZED (
    SELECT c.oid,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_enabled')::bool AS enabled,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_threshold')::float8 AS base,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_scale_factor')::float8 AS scale,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_max_threshold')::float8 AS most,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_insert_threshold')::float8 AS insert_base,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_vacuum_insert_scale_factor')::float8 AS insert_scale,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_freeze_max_age')::float8 AS freeze_at,
           max(o.option_value) FILTER (WHERE o.option_name = 'autovacuum_multixact_freeze_max_age')::float8 AS multixact_freeze_at
      FROM found c CROSS JOIN LATERAL pg_options_to_table(c.reloptions) o
     WHERE c.reloptions IS NOT NULL AND o.option_name LIKE 'autovacuum%'
     GROUP BY c.oid
), maybe AS MATERIALIZED (
    SELECT c.oid, c.relkind, c.relname, c.relnamespace, c.relpages, c.reltuples, c.unfrozen, c.relfrozenxid, c.relminmxid,
           c.reloptions IS NOT NULL AS has_own
      FROM found c WHERE c.relpersistence <> 't' AND c.relfrozenxid <> '0'
    UNION ALL
    -- The TOAST tables of those with options, which are by index: there are few. One with options of its own is found above.
    SELECT c.oid, c.relkind, c.relname, c.relnamespace, c.relpages, c.reltuples, {unfrozen}, c.relfrozenxid, c.relminmxid, false
      FROM pg_class c
     WHERE c.oid = ANY (ARRAY(SELECT f.reltoastrelid FROM found f
                               WHERE f.reltoastrelid <> 0 AND f.oid IN (SELECT oid FROM options)))
       AND c.relpersistence <> 't' AND c.relfrozenxid <> '0' AND c.oid NOT IN (SELECT oid FROM found)
), owners AS MATERIALIZED (
    SELECT w.oid, w.relname, w.relnamespace, w.reltoastrelid FROM pg_class w
     WHERE w.reltoastrelid IN (SELECT oid FROM maybe WHERE relkind = 't')
), relations AS MATERIALIZED (
    SELECT c.oid, coalesce(w.oid, c.oid) AS owner, coalesce(w.relname, c.relname) AS relname,
           coalesce(w.relnamespace, c.relnamespace) AS relnamespace, c.relkind = 't' AS toast, c.relpages, c.has_own,
           greatest(c.reltuples, 0)::float8 AS tuples, c.unfrozen,
           pg_stat_get_dead_tuples(c.oid) AS dead, pg_stat_get_ins_since_vacuum(c.oid) AS inserted,
           age(c.relfrozenxid)::int8 AS age, mxid_age(c.relminmxid)::int8 AS multixact_age
      FROM maybe c LEFT JOIN owners w ON w.reltoastrelid = c.oid
), limits AS MATERIALIZED (
    SELECT r.*, coalesce(o.enabled, true) AS enabled,
           coalesce(nullif(o.base, -1), s.base) + coalesce(nullif(o.scale, -1), s.scale) * r.tuples AS dead_limit,
           coalesce(nullif(o.most, -1), s.most) AS most,
           coalesce(o.insert_base, s.insert_base) AS insert_base,
           coalesce(nullif(o.insert_scale, -1), s.insert_scale) * r.tuples * r.unfrozen AS insert_more,
           least(o.freeze_at, s.freeze_at) AS freeze_at,
           least(o.multixact_freeze_at, s.multixact_freeze_at) AS multixact_freeze_at
      FROM relations r
      LEFT JOIN options o ON o.oid = CASE WHEN r.has_own THEN r.oid ELSE r.owner END
     CROSS JOIN server s
), shares AS MATERIALIZED (
    SELECT l.*,
           CASE WHEN enabled THEN dead / greatest(CASE WHEN most >= 0 THEN least(dead_limit, most) ELSE dead_limit END, 1)
                ELSE 0 END AS dead_share,
           CASE WHEN enabled AND insert_base >= 0 THEN inserted / greatest(insert_base + insert_more, 1)
                ELSE 0 END AS inserted_share,
           age / freeze_at AS age_share, multixact_age / multixact_freeze_at AS multixact_share
      FROM limits l
), due AS MATERIALIZED (
    SELECT DISTINCT ON (owner) s.*, greatest(dead_share, inserted_share, age_share, multixact_share) AS share
      FROM shares s
     WHERE greatest(dead_share, inserted_share, age_share, multixact_share) > 1
     ORDER BY owner, share DESC, toast
)
