SELECT t.used, m.pid::text AS pid, m.number, quote_ident(s.usename) AS "user", nullif(s.application_name, '') AS application
  FROM (SELECT count(*) AS used
          FROM (SELECT FROM pg_locks WHERE NOT fastpath AND mode <> 'SIReadLock'
                 GROUP BY locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid) l) t
  LEFT JOIN (SELECT pid, count(*) AS number FROM pg_locks
              WHERE NOT fastpath AND mode <> 'SIReadLock' AND pid IS NOT NULL AND pid <> pg_backend_pid()
                AND pid NOT IN (SELECT pid FROM pg_stat_activity WHERE application_name = '{own}' AND usename = session_user)
              GROUP BY pid ORDER BY 2 DESC, 1 LIMIT 1) m ON true
  LEFT JOIN pg_stat_activity s ON s.pid = m.pid
