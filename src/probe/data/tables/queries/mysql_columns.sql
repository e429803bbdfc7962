SELECT table_name AS tbl, column_name AS name, column_type AS type, data_type AS data_type, is_nullable AS nullable,
       extra AS extra, collation_name AS collation
  FROM information_schema.columns
 WHERE table_schema = DATABASE()
 ORDER BY table_name, ordinal_position
