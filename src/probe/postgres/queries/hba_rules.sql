-- The file as it stands, rule by rule; of the options only the names, because some of them are passwords.
WITH masks AS MATERIALIZED (
    SELECT netmask(set_masklen('0.0.0.0'::inet, n)) AS mask, n FROM generate_series(0, 32) n
    UNION ALL
    SELECT netmask(set_masklen('::'::inet, n)), n FROM generate_series(0, 128) n
), rules AS MATERIALIZED (
    SELECT h.type, h.database AS databases, h.user_name AS users, h.auth_method, h.options, h.line_number::int8 AS line,
           h.error, {file} AS file,
           CASE WHEN m.n IS NULL OR m.n = CASE WHEN h.address LIKE '%:%' THEN 128 ELSE 32 END THEN h.address
                ELSE h.address || '/' || m.n END AS address,
           coalesce(h.address IN ('127.0.0.1', '::1', 'localhost', 'samehost') AND coalesce(m.n, 32) >= 8
                    OR h.address LIKE '127.%' AND m.n >= 8, false) AS loopback,
           coalesce(h.address = 'all' OR m.n = 0, false) AS wide
      FROM pg_hba_file_rules() h LEFT JOIN masks m ON m.mask = h.netmask::inet
)
SELECT DISTINCT ON (rule) rule, type, databases, users, address, method, options, file, line, network, plain, wide, error,
       error IS NOT NULL AS broken, line::text AS place
  FROM (SELECT coalesce(r.error, concat_ws(' ', r.type, array_to_string(r.databases, ','),
                                           array_to_string(r.users, ','), r.address, r.auth_method)) AS rule,
               r.type, r.databases, r.users, r.address, r.auth_method AS method,
               ARRAY(SELECT split_part(o, '=', 1) FROM unnest(r.options) o) AS options,
               r.file, r.line, r.type <> 'local' AND NOT r.loopback AS network,
               r.type IN ('host', 'hostnossl', 'hostnogssenc') AS plain, r.wide, r.error
          FROM rules r) r
 ORDER BY rule, line
