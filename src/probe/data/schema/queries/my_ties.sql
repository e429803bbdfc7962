SELECT CASE WHEN index_name = 'PRIMARY' THEN 'primary' WHEN non_unique = 0 THEN 'unique' ELSE 'index' END AS kind, table_name AS tbl,
       GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR '\n') AS columns, '' AS other, '' AS others, '' AS on_delete, '' AS on_update
  FROM information_schema.statistics
 WHERE table_schema = DATABASE() AND index_type IN ('BTREE', 'HASH')
 GROUP BY table_name, index_name, non_unique
HAVING SUM(column_name IS NULL) = 0
UNION ALL
SELECT 'foreign', k.table_name, GROUP_CONCAT(k.column_name ORDER BY k.ordinal_position SEPARATOR '\n'), k.referenced_table_name,
       GROUP_CONCAT(k.referenced_column_name ORDER BY k.ordinal_position SEPARATOR '\n'), COALESCE(MAX(r.delete_rule), ''), COALESCE(MAX(r.update_rule), '')
  FROM information_schema.key_column_usage k
  LEFT JOIN information_schema.referential_constraints r
    ON r.constraint_schema = k.constraint_schema AND r.table_name = k.table_name AND r.constraint_name = k.constraint_name
 WHERE k.constraint_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
 GROUP BY k.table_name, k.constraint_name, k.referenced_table_name
