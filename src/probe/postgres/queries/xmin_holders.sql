-- Whatever holds the horizon behind which vacuum removes rows, the oldest first. Not our own transactions, which are
-- milliseconds old, and no vacuum, which the server itself leaves out.
WITH vacuums AS MATERIALIZED (
    SELECT pid FROM pg_stat_progress_vacuum
), senders AS MATERIALIZED (
    SELECT pid FROM pg_stat_get_wal_senders()
), holders AS MATERIALIZED (
    SELECT CASE WHEN a.pid IN (SELECT pid FROM senders) AND a.backend_xid IS NULL THEN 'replica' ELSE 'session' END AS kind,
           a.pid::text AS name, a.datname AS database, a.usename AS "user",
           coalesce(nullif(a.application_name, ''), a.backend_type) AS application,
           nullif(a.state, 'disabled') AS state, a.xact_start AS since,
           greatest(age(a.backend_xid), age(a.backend_xmin))::int8 AS xmin_age,
           NULL::bool AS active,
           NOT (pg_has_role(current_user, 'pg_read_all_stats', 'usage')
                OR coalesce(pg_has_role(a.usesysid, 'usage'), false)) AS hidden,
           coalesce(a.state = 'disabled', false) AS untold
      FROM pg_stat_activity a
     WHERE a.pid <> pg_backend_pid() AND (a.application_name = '{own}' AND a.usename = session_user) IS NOT TRUE
       AND (a.backend_xid IS NOT NULL OR a.backend_xmin IS NOT NULL)
       AND a.pid NOT IN (SELECT pid FROM vacuums)
       AND (a.leader_pid IS NULL OR a.leader_pid NOT IN (SELECT pid FROM vacuums))
    UNION ALL
    SELECT 'prepared', gid, database, owner, NULL, NULL, prepared, age(transaction)::int8, NULL, false, false
      FROM pg_prepared_xacts
    UNION ALL
    SELECT h.kind, s.slot_name, s.database, NULL, s.plugin, NULL, NULL::timestamptz, h.age, s.active, false, false
      FROM pg_replication_slots s
     CROSS JOIN LATERAL (VALUES ('slot', age(s.xmin)::int8), ('slot_catalog', age(s.catalog_xmin)::int8)) h (kind, age)
     WHERE h.age IS NOT NULL AND s.wal_status IS DISTINCT FROM 'lost'
)
SELECT h.kind, h.name::text AS name, quote_ident(h.database) AS database, quote_ident(h."user") AS "user",
       h.application::text AS application, h.state, (extract(epoch FROM h.since) * 1000000)::int8 AS since,
       h.xmin_age, h.active, row_number() OVER (ORDER BY h.xmin_age DESC, h.kind, h.name) AS rank,
       h.hidden, NOT h.hidden AND h.untold AS untold
  FROM holders h
 ORDER BY rank
