-- The files that the server reads at a reload, as they stand now, and those from which it has what is in force. A file that was
-- put in the place of another keeps the time of its contents (mv, rsync), and has a new one of its change.
WITH said AS MATERIALIZED (
    SELECT f.sourcefile AS file, 'settings' AS kind, min(f.error) FILTER (WHERE f.error <> 'setting could not be applied') AS error
      FROM pg_show_all_file_settings() f WHERE f.sourcefile IS NOT NULL GROUP BY 1
    UNION ALL
    SELECT {hba_file}, 'hba', min(h.error) FROM pg_hba_file_rules() h GROUP BY 1
), files AS MATERIALIZED (
    SELECT n.file, n.kind, bool_or(n.used) AS used
      FROM (SELECT current_setting('config_file') AS file, 'settings' AS kind, false AS used
            UNION ALL SELECT current_setting('data_directory') || '/postgresql.auto.conf', 'settings', false
            UNION ALL SELECT current_setting('hba_file'), 'hba', true
            UNION ALL SELECT current_setting('ident_file'), 'ident', false
            UNION ALL SELECT sourcefile, 'settings', true FROM pg_settings WHERE sourcefile IS NOT NULL
            UNION ALL SELECT file, kind, false FROM said WHERE file IS NOT NULL) n
     GROUP BY n.file, n.kind
)
SELECT f.file AS file, f.kind AS kind, e.error AS error,
       (extract(epoch FROM s.changed) * 1000000)::int8 AS changed,
       (extract(epoch FROM pg_conf_load_time()) * 1000000)::int8 AS loaded,
       coalesce(s.changed <= pg_conf_load_time(), false) AND e.error IS NULL AS in_force
  FROM files f
 CROSS JOIN LATERAL (SELECT greatest(t.modification, t.change) AS changed FROM pg_stat_file(f.file, true) t) s
  LEFT JOIN said e ON e.file = f.file AND e.kind = f.kind
 WHERE s.changed IS NOT NULL OR f.used
 ORDER BY 1
