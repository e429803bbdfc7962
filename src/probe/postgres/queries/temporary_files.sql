SELECT a.datid, count(*) AS files, sum(f.size)::int8 AS size
      FROM pg_tablespace t
     CROSS JOIN LATERAL pg_ls_tmpdir(t.oid) f
      JOIN pg_stat_activity a ON a.pid::text = substring(f.name FROM '^pgsql_tmp([0-9]+)')
     WHERE t.spcname <> 'pg_global' AND a.datid IS NOT NULL
     GROUP BY a.datid
