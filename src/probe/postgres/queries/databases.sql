-- Every database, also those that refuse connections: they age as well. Nothing here waits for a lock.
WITH sessions AS MATERIALIZED (
    SELECT datid, count(*) AS sessions FROM pg_stat_activity
     WHERE datid IS NOT NULL AND pid <> pg_backend_pid() AND (application_name = '{own}' AND usename = session_user) IS NOT TRUE GROUP BY datid
), lost AS MATERIALIZED (
    -- A crash, or a start from a backup, loses all counters and leaves no time at the databases; what the server counts
    -- of itself begins anew then. At its birth, which its identifier tells, there was nothing to lose.
    SELECT CASE WHEN t.stats > to_timestamp(s.system_identifier >> 32) + interval '1 minute' THEN t.stats END AS at
      FROM pg_control_system() s,
           (SELECT least(a.stats_reset, b.stats_reset) AS stats FROM pg_stat_archiver a, pg_stat_bgwriter b) t
), held AS MATERIALIZED (
    {temporary}
)
SELECT quote_ident(d.datname) AS database,
       d.datname::text AS name,
       quote_ident(pg_get_userbyid(d.datdba)) AS owner,
       d.datname = current_database() AS current,
       d.datallowconn AS allows_connections,
       d.datistemplate AS template,
       d.datconnlimit = -2 AS broken,
       pg_encoding_to_char(d.encoding)::text AS encoding,
       d.datcollate::text AS collate,
       {recorded} AS collation_recorded,
       {actual} AS collation_actual,
       coalesce({recorded} <> {actual}, false) AS collation_drifted,
       CASE WHEN d.datconnlimit >= 0 THEN d.datconnlimit::int8 END AS connection_limit,
       coalesce(s.sessions, 0) AS connections,
       CASE WHEN d.datconnlimit >= 0
            THEN coalesce(s.sessions, 0)::float8 / greatest(d.datconnlimit, 1) END AS connections_ratio,
       age(d.datfrozenxid)::int8 AS xid_age,
       mxid_age(d.datminmxid)::int8 AS multixact_age,
       current_setting('autovacuum_freeze_max_age')::int8 AS autovacuum_freeze_max_age,
       pg_stat_get_db_checksum_failures(d.oid) AS checksum_failures,
       (extract(epoch FROM pg_stat_get_db_checksum_last_failure(d.oid)) * 1000000)::int8 AS last_checksum_failure,
       pg_stat_get_db_checksum_failures(0) AS shared_checksum_failures,
       pg_stat_get_db_temp_files(d.oid) AS temp_files,
       pg_stat_get_db_temp_bytes(d.oid) AS temp_bytes,
       coalesce(h.files, 0) AS temp_files_now,
       coalesce(h.size, 0) AS temp_size_now,
       pg_stat_get_db_deadlocks(d.oid) AS deadlocks,
       pg_stat_get_db_conflict_all(d.oid) AS conflicts,
       pg_stat_get_db_xact_commit(d.oid) AS commits,
       pg_stat_get_db_xact_rollback(d.oid) AS rollbacks,
       pg_stat_get_db_blocks_fetched(d.oid) - pg_stat_get_db_blocks_hit(d.oid) AS blocks_read,
       pg_stat_get_db_blocks_hit(d.oid) AS blocks_hit,
       (extract(epoch FROM greatest(pg_stat_get_db_stat_reset_time(d.oid), (SELECT at FROM lost))) * 1000000)::int8 AS stats_reset,
       (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::int8 AS server_started,
       -- Of one that was dropped meanwhile nobody may say whether the role had the right; measuring it tells.
       NOT coalesce(has_database_privilege(d.oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'usage'),
                    true) AS size_hidden,
       CASE WHEN coalesce(has_database_privilege(d.oid, 'CONNECT')
                          OR pg_has_role(current_user, 'pg_read_all_stats', 'usage'), true)
            THEN format('SELECT pg_database_size(%s::oid) AS size', d.oid) END AS ask_size
  FROM pg_database d
  LEFT JOIN sessions s ON s.datid = d.oid
  LEFT JOIN held h ON h.datid = d.oid
 ORDER BY d.datname
