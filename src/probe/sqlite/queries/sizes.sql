SELECT s.tbl_name, CAST(sum(d.pgsize) AS INTEGER)
  FROM dbstat d JOIN sqlite_schema s ON s.name = d.name
 WHERE d.aggregate = 1
 GROUP BY s.tbl_name
