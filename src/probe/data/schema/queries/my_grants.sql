SELECT 'grant' AS kind, NULL AS tbl, CONCAT('database to ', grantee) AS name,
       GROUP_CONCAT(CONCAT(privilege_type, CASE is_grantable WHEN 'YES' THEN ' with grant option' ELSE '' END) ORDER BY privilege_type SEPARATOR ', ') AS definition,
       NULL AS body, '' AS needs
  FROM information_schema.schema_privileges WHERE DATABASE() LIKE table_schema GROUP BY grantee
UNION ALL
SELECT 'grant', table_name, CONCAT('to ', grantee),
       GROUP_CONCAT(CONCAT(privilege_type, CASE is_grantable WHEN 'YES' THEN ' with grant option' ELSE '' END) ORDER BY privilege_type SEPARATOR ', '), NULL, ''
  FROM information_schema.table_privileges WHERE table_schema = DATABASE() GROUP BY table_name, grantee
UNION ALL
SELECT 'grant', table_name, CONCAT(column_name, ' to ', grantee),
       GROUP_CONCAT(CONCAT(privilege_type, CASE is_grantable WHEN 'YES' THEN ' with grant option' ELSE '' END) ORDER BY privilege_type SEPARATOR ', '), NULL, ''
  FROM information_schema.column_privileges WHERE table_schema = DATABASE() GROUP BY table_name, column_name, grantee
