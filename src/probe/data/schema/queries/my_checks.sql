SELECT 'constraint' AS kind, {table} AS tbl, c.constraint_name AS name, CONCAT('check (', c.check_clause, ')') AS definition, NULL AS body, '' AS needs
  FROM information_schema.check_constraints c {join} WHERE c.constraint_schema = DATABASE()
