-- Bytes are behind where this server stands: what it writes, or, on a replica that feeds others, what it has. A
-- position that is not known makes them null, which `greatest(0, ...)` would not. Besides those that are connected: slots
-- that a replica has used and does not use now. A base backup is a guest of two connections, so that they get a number.
SELECT CASE WHEN r.pid IS NULL THEN 'slot ' || s.slot_name
            ELSE coalesce(nullif(r.application_name, ''), 'unnamed') || coalesce('@' || host(r.client_addr), '')
                 || CASE WHEN r.application_name = 'pg_basebackup' THEN ' (' || r.pid || ')' ELSE '' END END AS replica,
       r.pid IS NOT NULL AS connected,
       r.application_name::text AS application,
       host(r.client_addr) AS client,
       r.usename::text AS "user",
       CASE WHEN r.pid IS NULL THEN 'disconnected' ELSE r.state::text END AS state,
       r.sync_state::text AS sync_state,
       (extract(epoch FROM r.backend_start) * 1000000)::int8 AS backend_start,
       pg_wal_lsn_diff(greatest(h.here, r.sent_lsn), r.sent_lsn)::int8 AS sent_behind,
       pg_wal_lsn_diff(greatest(h.here, r.write_lsn), r.write_lsn)::int8 AS write_behind,
       pg_wal_lsn_diff(greatest(h.here, r.flush_lsn), r.flush_lsn)::int8 AS flush_behind,
       pg_wal_lsn_diff(greatest(h.here, r.replay_lsn), r.replay_lsn)::int8 AS replay_behind,
       (extract(epoch FROM r.write_lag) * 1000000)::int8 AS write_lag,
       (extract(epoch FROM r.flush_lag) * 1000000)::int8 AS flush_lag,
       (extract(epoch FROM r.replay_lag) * 1000000)::int8 AS replay_lag,
       s.slot_name::text AS slot,
       s.slot_type = 'logical' AS logical,
       age(r.backend_xmin)::int8 AS xmin_age,
       NOT pg_has_role(current_user, 'pg_read_all_stats', 'usage') AS hidden
  FROM pg_stat_replication r
  FULL JOIN pg_replication_slots s ON s.active_pid = r.pid
 CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                         ELSE pg_current_wal_lsn() END AS here) h
 WHERE r.pid IS NOT NULL
    OR s.slot_type = 'physical' AND NOT s.active AND NOT s.temporary AND s.restart_lsn IS NOT NULL
 ORDER BY 1
