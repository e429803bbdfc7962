SELECT CASE WHEN index_name = 'PRIMARY' THEN 'primary' WHEN non_unique = 0 THEN 'unique' ELSE 'index' END AS kind, table_name AS tbl,
       GROUP_CONCAT(column_name ORDER BY seq_in_index SEPARATOR '\n') AS columns, '' AS other, '' AS others, '' AS on_delete, '' AS on_update
  FROM information_schema.statistics
 WHERE table_schema = DATABASE() AND index_type IN ('BTREE', 'HASH')
 GROUP BY table_name, index_name, non_unique
HAVING SUM(column_name IS NULL) = 0
UNION ALL
SELECT 'foreign', r.table_name,
       (SELECT GROUP_CONCAT(k.column_name ORDER BY k.ordinal_position SEPARATOR '\n') FROM information_schema.key_column_usage k
         WHERE k.constraint_schema = r.constraint_schema AND k.table_name = r.table_name AND k.constraint_name = r.constraint_name),
       r.referenced_table_name,
       (SELECT GROUP_CONCAT(k.referenced_column_name ORDER BY k.ordinal_position SEPARATOR '\n') FROM information_schema.key_column_usage k
         WHERE k.constraint_schema = r.constraint_schema AND k.table_name = r.table_name AND k.constraint_name = r.constraint_name),
       r.delete_rule, r.update_rule
  FROM information_schema.referential_constraints r WHERE r.constraint_schema = DATABASE()
