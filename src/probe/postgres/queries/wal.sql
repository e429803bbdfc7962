SELECT pg_is_in_recovery() AS in_recovery,
       h.here::text AS position,
       pg_wal_lsn_diff(h.here, '0/0')::int8 AS written,
       k.timeline_id::int8 AS timeline,
       (extract(epoch FROM k.checkpoint_time) * 1000000)::int8 AS last_checkpoint,
       pg_wal_lsn_diff(greatest(h.here, k.redo_lsn), k.redo_lsn)::int8 AS since_checkpoint,
       f.files AS files, f.size AS size,
       current_setting('wal_level') AS wal_level,
       pg_size_bytes(current_setting('wal_segment_size')) AS segment_size,
       pg_size_bytes(current_setting('min_wal_size')) AS min_wal_size,
       pg_size_bytes(current_setting('max_wal_size')) AS max_wal_size,
       pg_size_bytes(current_setting('wal_keep_size')) AS wal_keep_size,
       CASE WHEN current_setting('max_slot_wal_keep_size') <> '-1'
            THEN pg_size_bytes(current_setting('max_slot_wal_keep_size')) END AS max_slot_wal_keep_size,
       (SELECT setting::int8 * 1000000 FROM pg_settings WHERE name = 'checkpoint_timeout') AS checkpoint_timeout,
       (SELECT CASE WHEN setting::int8 > 0 THEN setting::int8 * 1000000 END
          FROM pg_settings WHERE name = 'archive_timeout') AS archive_timeout,
       current_setting('archive_mode') AS archive_mode,
       -- The command itself may hold secrets, so that only its being there is told.
       CASE WHEN current_setting('archive_mode') = 'off' THEN NULL
            WHEN {library} THEN 'library'
            WHEN current_setting('archive_command') NOT IN ('', '(disabled)') THEN 'command'
            ELSE 'nothing' END AS archive_by,
       a.archived_count AS archived_count,
       a.failed_count AS archive_failed_count,
       a.last_archived_wal AS last_archived_file,
       (extract(epoch FROM a.last_archived_time) * 1000000)::int8 AS last_archived,
       a.last_failed_wal AS last_archive_failed_file,
       (extract(epoch FROM a.last_failed_time) * 1000000)::int8 AS last_archive_failed,
       (extract(epoch FROM a.stats_reset) * 1000000)::int8 AS archiver_stats_reset,
       w.waiting AS archive_waiting, w.oldest AS oldest_waiting,
       c.timed AS checkpoints_timed, c.requested AS checkpoints_requested,
       (extract(epoch FROM c.reset) * 1000000)::int8 AS checkpoints_reset,
       current_setting('synchronous_commit') AS synchronous_commit,
       nullif(current_setting('synchronous_standby_names'), '') AS synchronous_names,
       -- `ANY 2 (a, b)`, `FIRST 2 (a, b)` and the old `2 (a, b)`; a plain list waits for one.
       CASE WHEN current_setting('synchronous_standby_names') = '' THEN 0
            ELSE coalesce(substring(current_setting('synchronous_standby_names')
                                    FROM '(?i)^\s*(?:(?:any|first)\s+)?(\d+)\s*\(')::int8, 1) END AS synchronous_wanted,
       s.connected AS synchronous_connected,
       NOT pg_has_role(current_user, 'pg_read_all_stats', 'usage') AS senders_hidden
  FROM (SELECT CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                    ELSE pg_current_wal_lsn() END AS here) h,
       pg_control_checkpoint() k,
       pg_stat_archiver a,
       ({waldir}) f,
       ({waiting}) w,
       ({checkpoints}) c,
       (SELECT count(*) AS connected FROM pg_stat_replication
         WHERE sync_state IN ('sync', 'quorum') AND state = 'streaming') s
