SELECT 'all' AS scope, privilege_type AS name FROM information_schema.user_privileges WHERE grantee IN (:ME)
UNION ALL
SELECT 'all', privilege_type FROM information_schema.schema_privileges
 WHERE DATABASE() LIKE table_schema AND grantee IN (:ME)
UNION ALL
SELECT 'table', table_name FROM information_schema.table_privileges
 WHERE privilege_type = 'SELECT' AND table_schema = DATABASE() AND grantee IN (:ME)
