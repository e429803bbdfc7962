SELECT w.status::text AS receiver,
       coalesce(w.status = 'streaming', false) AS streaming,
       w.sender_host::text AS sender_host,
       w.sender_port::int8 AS sender_port,
       w.slot_name::text AS slot,
       (extract(epoch FROM w.last_msg_receipt_time) * 1000000)::int8 AS last_message,
       CASE WHEN w.latest_end_lsn <= p.received THEN 0
            ELSE pg_wal_lsn_diff(w.latest_end_lsn, p.received)::int8 END AS not_received,
       pg_wal_lsn_diff(greatest(p.received, p.replayed), p.replayed)::int8 AS not_replayed,
       pg_wal_lsn_diff(p.replayed, '0/0')::int8 AS replayed,
       (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8 AS started,
       (extract(epoch FROM p.last_replayed) * 1000000)::int8 AS last_replayed,
       -- What is received and not replayed is as old as the last transaction that was, at most; with none since the
       -- start, it is at least as old as that.
       CASE WHEN p.received > p.replayed
            THEN (extract(epoch FROM greatest(clock_timestamp() - coalesce(p.last_replayed, pg_postmaster_start_time()),
                                              interval '0')) * 1000000)::int8 END AS replay_delay,
       pg_is_wal_replay_paused() AS paused,
       c.conflicts::int8 AS conflicts, c.since AS conflicts_since,
       (SELECT setting::int8 * 1000 FROM pg_settings WHERE name = 'recovery_min_apply_delay') AS apply_delay,
       (SELECT CASE WHEN setting::int8 >= 0 THEN setting::int8 * 1000 END
          FROM pg_settings WHERE name = 'max_standby_streaming_delay') AS max_streaming_delay,
       current_setting('hot_standby_feedback')::bool AS feedback,
       p.received IS NULL AS not_streamed,
       -- Without the right there is a row for the receiver, and nothing in it.
       NOT pg_has_role(current_user, 'pg_read_all_stats', 'usage') AS hidden
  FROM (SELECT pg_last_wal_receive_lsn() AS received, pg_last_wal_replay_lsn() AS replayed,
               pg_last_xact_replay_timestamp() AS last_replayed) p
 CROSS JOIN (SELECT sum(conflicts) AS conflicts, (extract(epoch FROM min(stats_reset)) * 1000000)::int8 AS since
               FROM pg_stat_database) c
  LEFT JOIN pg_stat_wal_receiver w ON true
