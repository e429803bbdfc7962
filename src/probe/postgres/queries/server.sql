SELECT d.denied AS denied, d.denied <> '' AS size_denied,
       CASE WHEN d.denied = '' THEN 'SELECT sum(pg_database_size(oid))::int8 AS size FROM pg_database' END AS ask_size,
       current_setting('server_version_num')::int8 AS version_num,
       (SELECT system_identifier::text FROM pg_control_system()) AS system_identifier,
       (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8 AS started,
       (extract(epoch FROM pg_conf_load_time()) * 1000000)::int8 AS config_loaded,
       current_setting('max_connections')::int8 AS max_connections,
       current_setting('data_checksums')::bool AS data_checksums,
       current_setting('fsync')::bool AS fsync,
       current_setting('full_page_writes')::bool AS full_page_writes,
       current_setting('autovacuum')::bool AND current_setting('track_counts')::bool AS autovacuum,
       current_setting('ssl')::bool AS ssl,
       EXISTS (SELECT FROM unnest(string_to_array(current_setting('listen_addresses'), ',')) a
                WHERE trim(a) NOT IN ('', 'localhost', '::1', 'ip6-localhost') AND trim(a) NOT LIKE '127.%') AS network,
       current_setting('password_encryption') AS password_encryption,
       x.age AS xid_age, quote_ident(x.datname) AS xid_age_database, x.datallowconn AS xid_age_accepts,
       m.age AS multixact_age, quote_ident(m.datname) AS multixact_age_database, m.datallowconn AS multixact_age_accepts,
       current_setting('autovacuum_freeze_max_age')::int8 AS autovacuum_freeze_max_age,
       (SELECT (extract(epoch FROM stats_reset) * 1000000)::int8 FROM pg_stat_database
         WHERE datname = current_database()) AS stats_reset,
       current_setting('archive_mode') AS archive_mode,
       a.archived_count AS archived_count,
       a.failed_count AS archive_failed_count,
       (extract(epoch FROM a.last_archived_time) * 1000000)::int8 AS last_archived,
       (extract(epoch FROM a.last_failed_time) * 1000000)::int8 AS last_archive_failed,
       (extract(epoch FROM a.stats_reset) * 1000000)::int8 AS archiver_stats_reset
  FROM (SELECT datname, datallowconn, age(datfrozenxid)::int8 AS age FROM pg_database ORDER BY 3 DESC, 1 LIMIT 1) x,
       (SELECT datname, datallowconn, mxid_age(datminmxid)::int8 AS age FROM pg_database ORDER BY 3 DESC, 1 LIMIT 1) m,
       pg_stat_archiver a,
       -- A database that may not be measured would fail the whole sum, so it is named instead.
       (SELECT coalesce(string_agg(quote_ident(datname), ', ' ORDER BY datname)
                 FILTER (WHERE NOT (has_database_privilege(oid, 'CONNECT')
                                    OR pg_has_role(current_user, 'pg_read_all_stats', 'usage'))), '') AS denied
          FROM pg_database) d
