SELECT 'primary', (SELECT group_concat(name, char(10)) FROM (SELECT name FROM pragma_table_info(:TABLE) WHERE pk > 0 ORDER BY pk)), NULL, NULL, NULL, NULL
 WHERE EXISTS (SELECT 1 FROM pragma_table_info(:TABLE) WHERE pk > 0)
UNION ALL
SELECT CASE WHEN l."unique" THEN 'unique' ELSE 'index' END,
       (SELECT group_concat(name, char(10)) FROM (SELECT name FROM pragma_index_info(l.name) ORDER BY seqno)), NULL, NULL, NULL, NULL
  FROM pragma_index_list(:TABLE) l
 WHERE NOT l.partial AND l.origin <> 'pk' AND NOT EXISTS (SELECT 1 FROM pragma_index_info(l.name) WHERE name IS NULL)
UNION ALL
SELECT 'foreign', group_concat("from", char(10)), "table", group_concat("to", char(10)), on_delete, on_update
  FROM (SELECT * FROM pragma_foreign_key_list(:TABLE) ORDER BY id, seq) GROUP BY id
