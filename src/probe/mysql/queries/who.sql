SELECT CONCAT(VERSION(), ' ', @@version_comment) AS version,
       @@hostname AS host,
       @@sql_mode AS mode,
       CAST(CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED) AS CHAR) AS clock,
       CURRENT_USER() AS user,
       COALESCE((SELECT GROUP_CONCAT(privilege_type ORDER BY privilege_type SEPARATOR ', ')
                   FROM information_schema.user_privileges
                  WHERE grantee = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''',
                                         SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')
                    AND privilege_type IN ('SUPER', 'FILE', 'SHUTDOWN', 'CREATE USER', 'CONNECTION ADMIN',
                                           'CONNECTION_ADMIN', 'SYSTEM_USER')), '') AS dangerous
