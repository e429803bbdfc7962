-- What a slot holds back is counted from where this server stands: what it writes, or, on a replica, what it has.
SELECT s.slot_name::text AS slot,
       s.slot_type::text AS kind,
       s.plugin::text AS plugin,
       s.database::text AS database,
       s.active AS active,
       s.active_pid::int8 AS active_pid,
       s.temporary AS temporary,
       CASE WHEN s.restart_lsn IS NOT NULL
            THEN pg_wal_lsn_diff(greatest(h.here, s.restart_lsn), s.restart_lsn)::int8 END AS retained,
       s.wal_status::text AS wal_status,
       -- For one that was never used the server counts from the beginning of time.
       CASE WHEN s.restart_lsn IS NOT NULL THEN s.safe_wal_size::int8 END AS safe_wal_size,
       age(s.xmin)::int8 AS xmin_age,
       age(s.catalog_xmin)::int8 AS catalog_xmin_age,
       CASE WHEN s.confirmed_flush_lsn IS NOT NULL
            THEN pg_wal_lsn_diff(greatest(h.here, s.confirmed_flush_lsn), s.confirmed_flush_lsn)::int8 END AS flush_behind,
       {two_phase} AS two_phase,
       {conflicting} AS conflicting,
       {of_17}
  FROM pg_replication_slots s
 CROSS JOIN (SELECT CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                         ELSE pg_current_wal_lsn() END AS here) h
 ORDER BY 1
