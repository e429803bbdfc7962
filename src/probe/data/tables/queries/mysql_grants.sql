SELECT 'all' AS scope, '' AS name FROM information_schema.user_privileges
 WHERE privilege_type = 'SELECT' AND grantee IN (:ME)
UNION ALL
SELECT 'all', '' FROM information_schema.schema_privileges
 WHERE privilege_type = 'SELECT' AND DATABASE() LIKE table_schema AND grantee IN (:ME)
UNION ALL
SELECT 'table', table_name FROM information_schema.table_privileges
 WHERE privilege_type = 'SELECT' AND table_schema = DATABASE() AND grantee IN (:ME)
