-- Of MySQL and MariaDB: kind, table or null, name, definition or null, long text or null, and the privilege without which it is null.
SELECT 'database' AS kind, NULL AS tbl, 'database' AS name, CONCAT(default_character_set_name, ' collate ', default_collation_name) AS definition, NULL AS body, '' AS needs
  FROM information_schema.schemata WHERE schema_name = DATABASE()
UNION ALL
SELECT 'table', table_name, NULL, CONCAT_WS(' ', engine, row_format, 'collate', table_collation, create_options, CASE WHEN table_type <> 'BASE TABLE' THEN table_type END), NULL, ''
  FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
UNION ALL
SELECT 'comment', table_name, NULL, table_comment, NULL, ''
  FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED') AND table_comment <> ''
UNION ALL
SELECT 'column', c.table_name, c.column_name,
       CONCAT_WS(' ', c.column_type, CONCAT('collate ', c.collation_name), CASE c.is_nullable WHEN 'NO' THEN 'not null' END,
                 CONCAT('default ', c.column_default), NULLIF(c.extra, ''), CONCAT('as (', NULLIF(c.generation_expression, ''), ')')), NULL, ''
  FROM information_schema.columns c JOIN information_schema.tables t ON t.table_schema = c.table_schema AND t.table_name = c.table_name
 WHERE c.table_schema = DATABASE() AND t.table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
UNION ALL
SELECT 'comment', table_name, column_name, column_comment, NULL, '' FROM information_schema.columns
 WHERE table_schema = DATABASE() AND column_comment <> ''
UNION ALL
SELECT CASE WHEN non_unique = 0 THEN 'constraint' ELSE 'index' END, table_name, index_name,
       CONCAT_WS(' ', CASE WHEN index_name = 'PRIMARY' THEN 'primary key' WHEN non_unique = 0 THEN 'unique' END, LOWER(index_type),
                 CONCAT('(', GROUP_CONCAT(CONCAT_WS('', COALESCE(column_name, '(expression)'), CONCAT('(', sub_part, ')'),
                        CASE collation WHEN 'D' THEN ' desc' END) ORDER BY seq_in_index SEPARATOR ', '), ')')), NULL, ''
  FROM information_schema.statistics WHERE table_schema = DATABASE()
 GROUP BY non_unique, table_name, index_name, index_type
UNION ALL
SELECT 'constraint', k.table_name, k.constraint_name,
       CONCAT('foreign key (', GROUP_CONCAT(k.column_name ORDER BY k.ordinal_position SEPARATOR ', '), ') references ', k.referenced_table_name, ' (',
              GROUP_CONCAT(k.referenced_column_name ORDER BY k.ordinal_position SEPARATOR ', '), ') on delete ', MAX(r.delete_rule), ' on update ', MAX(r.update_rule)),
       NULL, CASE WHEN MAX(r.delete_rule) IS NULL THEN 'REFERENCES' ELSE '' END
  FROM information_schema.key_column_usage k
  LEFT JOIN information_schema.referential_constraints r
    ON r.constraint_schema = k.constraint_schema AND r.table_name = k.table_name AND r.constraint_name = k.constraint_name
 WHERE k.constraint_schema = DATABASE() AND k.referenced_table_name IS NOT NULL
 GROUP BY k.table_name, k.constraint_name, k.referenced_table_name
UNION ALL
SELECT 'view', NULL, table_name, CONCAT_WS(' ', 'view', 'security', security_type, 'check', check_option, 'definer', definer),
       REPLACE(NULLIF(view_definition, ''), CONCAT('`', DATABASE(), '`.'), ''), 'SHOW VIEW'
  FROM information_schema.views WHERE table_schema = DATABASE()
UNION ALL
SELECT 'function', NULL, CONCAT(LOWER(r.routine_type), ' ', r.routine_name),
       CONCAT_WS(' ', LOWER(r.routine_type),
                 CONCAT('(', COALESCE((SELECT GROUP_CONCAT(CONCAT_WS(' ', p.parameter_mode, p.parameter_name, p.dtd_identifier) ORDER BY p.ordinal_position SEPARATOR ', ')
                    FROM information_schema.parameters p WHERE p.specific_schema = r.routine_schema AND p.specific_name = r.specific_name
                     AND p.routine_type = r.routine_type AND p.ordinal_position > 0), ''), ')'),
                 CONCAT('returns ', NULLIF(r.dtd_identifier, '')), CASE r.is_deterministic WHEN 'YES' THEN 'deterministic' END, r.sql_data_access,
                 'security', r.security_type, 'definer', r.definer, 'mode', r.sql_mode),
       r.routine_definition, 'SHOW CREATE ROUTINE'
  FROM information_schema.routines r WHERE r.routine_schema = DATABASE()
UNION ALL
SELECT 'trigger', event_object_table, trigger_name,
       CONCAT_WS(' ', action_timing, event_manipulation, 'order', action_order, 'definer', definer, 'mode', sql_mode), action_statement, 'TRIGGER'
  FROM information_schema.triggers WHERE trigger_schema = DATABASE()
