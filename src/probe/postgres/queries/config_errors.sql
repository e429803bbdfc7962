-- What stands in the files now, read or not: an error here stops the next reload, and perhaps the next start.
SELECT DISTINCT ON (entry) entry, kind, name, file, line, error, count(*) OVER (PARTITION BY entry) AS places, waits
  FROM (SELECT coalesce(f.name, f.sourcefile) AS entry, 'settings' AS kind, f.name, f.sourcefile AS file,
               f.sourceline::int8 AS line, f.error, f.seqno AS place,
               f.error = 'setting could not be applied' AND coalesce(g.pending_restart, false) AS waits
          FROM pg_show_all_file_settings() f LEFT JOIN pg_settings g ON lower(g.name) = lower(f.name)
         WHERE f.error IS NOT NULL
        UNION ALL
        SELECT h.error, 'hba', NULL, {hba_file}, h.line_number, h.error, h.line_number, false
          FROM pg_hba_file_rules() h WHERE h.error IS NOT NULL) e
 ORDER BY entry, place
