-- Who we are, who answers, and which grants we have. Nothing here needs a grant.
SELECT current_setting('server_version') AS version,
       version() AS banner,
       current_setting('server_version_num')::int8 AS version_num,
       (SELECT system_identifier::text FROM pg_control_system()) AS system,
       pg_is_in_recovery() AS replica,
       -- Whoever gives up an answer leaves no statement behind: the server looks whether anybody waits; not every system can.
       CASE WHEN current_setting('server_version_num')::int8 >= 140000 AND version() LIKE '%linux%'
            THEN set_config('client_connection_check_interval', '2s', true) END AS looks,
       (extract(epoch FROM clock_timestamp()) * 1000000)::int8 AS clock,
       current_database()::text AS database,
       current_user::text AS role,
       quote_ident(current_user) AS quoted_role,
       r.rolsuper AS superuser,
       ARRAY(SELECT p.rolname::text FROM pg_roles p
              WHERE p.rolname LIKE 'pg\_%' AND pg_has_role(current_user, p.oid, 'usage')) AS roles,
       ARRAY(SELECT CASE f.proname WHEN 'pg_stat_file' THEN 'pg_stat_file(text, boolean)' ELSE f.proname::text END FROM pg_proc f
              WHERE f.pronamespace = 'pg_catalog'::regnamespace
                AND f.proname IN ('pg_ls_waldir', 'pg_ls_archive_statusdir', 'pg_ls_tmpdir', 'pg_ls_logdir',
                                  'pg_show_all_file_settings', 'pg_hba_file_rules', 'pg_current_logfile', 'pg_stat_file')
                AND (f.proname <> 'pg_stat_file' OR f.pronargs = 2)
                AND has_function_privilege(f.oid, 'execute')) AS functions,
       ARRAY(SELECT t.name FROM (VALUES ('pg_authid')) t (name)
              WHERE has_table_privilege('pg_catalog.' || t.name, 'select')) AS tables,
       ARRAY(SELECT e.extname || '=' || quote_ident(n.nspname)
               FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace) AS extensions,
       array_to_string(ARRAY(
           SELECT d.rolname::text FROM pg_roles d
            WHERE d.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files',
                                'pg_signal_backend', 'pg_write_all_data', 'rds_superuser', 'cloudsqlsuperuser',
                                'alloydbsuperuser', 'azure_pg_admin')
              AND pg_has_role(current_user, d.oid, 'member')
            ORDER BY 1), ', ') AS dangerous,
       EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND s.rolname <> current_user
                  AND pg_has_role(current_user, s.oid, 'member')) AS may_be_superuser
  FROM pg_roles r WHERE r.rolname = current_user
