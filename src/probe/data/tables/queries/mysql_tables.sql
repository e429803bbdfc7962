SELECT table_name AS name, CAST(table_rows AS SIGNED) AS estimate
  FROM information_schema.tables
 WHERE table_schema = DATABASE() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
