-- The files that the server reads at a reload, as they stand now.
WITH files AS MATERIALIZED (
    SELECT current_setting('config_file') AS file, 'settings' AS kind
    UNION SELECT current_setting('data_directory') || '/postgresql.auto.conf', 'settings'
    UNION SELECT f.sourcefile, 'settings' FROM pg_show_all_file_settings() f WHERE f.sourcefile IS NOT NULL
    UNION SELECT current_setting('hba_file'), 'hba'
    UNION SELECT current_setting('ident_file'), 'ident'
    {included}
)
SELECT f.file AS file, f.kind AS kind,
       (extract(epoch FROM s.modification) * 1000000)::int8 AS changed,
       (extract(epoch FROM pg_conf_load_time()) * 1000000)::int8 AS loaded,
       s.modification <= pg_conf_load_time() AS in_force
  FROM files f CROSS JOIN LATERAL pg_stat_file(f.file, true) s
 WHERE s.modification IS NOT NULL
 ORDER BY 1
