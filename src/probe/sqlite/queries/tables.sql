SELECT t.name, t.sql LIKE 'CREATE VIRTUAL%',
       (SELECT count(*) FROM sqlite_schema i WHERE i.type = 'index' AND i.tbl_name = t.name)
  FROM sqlite_schema t
 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite\_%' ESCAPE '\'
 ORDER BY t.name
