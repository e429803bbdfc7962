-- All that a look may not change, one line each: what stands in every system catalog and every user table, what the
-- server counts about user tables, settings, slots, prepared transactions. Counters that every session raises are left
-- out by name: those of pg_stat_database but these few, blocks read and hit, checkpoints, the age of a session.
SELECT format('SELECT %L, count(*), coalesce(md5(string_agg(t::text, ''|'' ORDER BY t::text)), '''') FROM %s t',
              'rows of ' || c.oid::regclass, c.oid::regclass)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'm') AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_toast%'
   AND n.nspname NOT LIKE 'pg\_temp%'
   AND (n.nspname = 'pg_catalog' OR :'contents' = 'all')
 ORDER BY 1 \gexec
SELECT format('SELECT %L, md5(string_agg((%s)::text, ''|'' ORDER BY relid)) FROM pg_stat_user_tables', 'counters ' || attname,
              quote_ident(attname))
  FROM pg_attribute WHERE attrelid = 'pg_stat_user_tables'::regclass AND attnum > 0 AND attname NOT IN ('relid') \gexec
SELECT 'indexes', md5(string_agg(s::text, '|' ORDER BY indexrelid)) FROM pg_stat_user_indexes s;
SELECT 'functions', count(*), md5(string_agg(s::text, '|' ORDER BY funcid)) FROM pg_stat_user_functions s;
SELECT 'settings', md5(string_agg(concat_ws(' ', name, setting, source, reset_val, pending_restart), '|' ORDER BY name))
  FROM pg_settings;
SELECT 'slots', string_agg(concat_ws(' ', slot_name, slot_type, active, xmin, catalog_xmin, restart_lsn, confirmed_flush_lsn), '|' ORDER BY slot_name)
  FROM pg_replication_slots;
SELECT 'prepared', string_agg(p::text, '|' ORDER BY gid) FROM pg_prepared_xacts p;
SELECT 'archiver', a FROM pg_stat_archiver a;
SELECT 'database', temp_files, temp_bytes, deadlocks, conflicts, stats_reset, checksum_failures FROM pg_stat_database WHERE datname = current_database();
SELECT 'next transaction', pg_snapshot_xmax(pg_current_snapshot());
SELECT 'sessions of ours', count(*) FROM pg_stat_activity WHERE application_name LIKE 'muster %';
SELECT 'locks of ours', count(*) FROM pg_locks WHERE pid IN (SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'muster %');
SELECT 'messages', pg_notification_queue_usage();
