SELECT s.table_name AS tbl, s.index_name AS idx, s.column_name AS name,
       CAST(s.sub_part IS NOT NULL OR s.column_name IS NULL OR s.nullable = 'YES' AS SIGNED) AS unfit
  FROM information_schema.statistics s
 WHERE s.table_schema = DATABASE() AND s.non_unique = 0
 ORDER BY s.table_name, s.index_name, s.seq_in_index
