-- One row for each setting but those that our connection sets, or for each that is asked for: `name`, or `name = value`,
-- which is compared. A setting that our own transaction sets is read as it was before (`reset_val`). What a role may not see has no row in pg_settings:
-- it is known by name (from 15 on the server says whether there is such a setting), and told as hidden.
WITH asked AS MATERIALIZED (
    SELECT DISTINCT lower(trim(split_part(e, '=', 1))) AS name,
           CASE WHEN strpos(e, '=') > 0
                THEN regexp_replace(trim(substr(e, strpos(e, '=') + 1)), '^''(.*)''$', '\1') END AS declared
      FROM unnest($1::text[]) e
), hidden AS MATERIALIZED (
    SELECT name FROM unnest(ARRAY['config_file', 'data_directory', 'dynamic_library_path', 'external_pid_file', 'hba_file',
               'ident_file', 'jit_provider', 'krb_server_keyfile', 'log_directory', 'log_filename', 'primary_conninfo',
               'session_preload_libraries', 'shared_preload_libraries', 'ssl_ciphers', 'ssl_dh_params_file',
               'ssl_ecdh_curve', 'ssl_groups', 'ssl_max_protocol_version', 'ssl_min_protocol_version',
               'ssl_passphrase_command', 'ssl_tls13_ciphers', 'unix_socket_directories',
               'extension_control_path', 'extension_destdir', 'oauth_validator_libraries', 'stats_temp_directory']) name
     WHERE {known_hidden} AND NOT pg_has_role(current_user, 'pg_read_all_settings', 'usage')
), seen AS MATERIALIZED (
    SELECT s.*, lower(s.name) AS lower_name,
           CASE WHEN s.source = 'session' THEN s.reset_val ELSE s.setting END AS raw,
           CASE WHEN s.source = 'session' THEN NULL ELSE current_setting(s.name) END AS shown,
           coalesce(nullif(substring(s.unit FROM '^[0-9]+'), ''), '1')::numeric
             * CASE regexp_replace(s.unit, '^[0-9]+', '') WHEN 'B' THEN 1 WHEN 'kB' THEN 1024 WHEN 'MB' THEN 1048576
                    WHEN 'us' THEN 1 WHEN 'ms' THEN 1000 WHEN 's' THEN 1000000 WHEN 'min' THEN 60000000 END AS factor,
           s.unit ~ 'B$' AS memory,
           s.source = 'client' OR lower(s.name) IN ('timezone', 'datestyle', 'client_encoding', 'application_name')
             OR lower(s.name) = ANY (string_to_array('{started}', ',')) AS own
      FROM pg_settings s
), every AS MATERIALIZED (
    SELECT lower_name AS name, NULL::text AS declared FROM seen WHERE $1::text[] IS NULL AND NOT own
    UNION ALL
    SELECT h.name, NULL FROM hidden h
     WHERE $1::text[] IS NULL AND NOT EXISTS (SELECT FROM seen WHERE lower_name = h.name)
    UNION ALL
    SELECT name, declared FROM asked
), measured AS MATERIALIZED (
    SELECT e.name AS asked_name, e.declared, s.*,
           CASE WHEN s.vartype IN ('integer', 'real') THEN s.raw::numeric * s.factor END AS base,
           CASE WHEN s.vartype IN ('integer', 'real') THEN s.boot_val::numeric * s.factor END AS boot_base,
           regexp_match(e.declared, '^([-+]?[0-9]+\.?[0-9]*)\s*(B|kB|MB|GB|TB|us|ms|s|min|h|d)?$') AS parts
      FROM every e LEFT JOIN seen s ON s.lower_name = e.name
), compared AS MATERIALIZED (
    SELECT m.*, CASE WHEN m.vartype IN ('integer', 'real') AND m.parts IS NOT NULL
                       AND (m.parts[2] IS NULL OR m.unit IS NOT NULL AND m.parts[2] LIKE '%B' = m.memory)
                     THEN m.parts[1]::numeric * CASE m.parts[2] WHEN 'B' THEN 1 WHEN 'kB' THEN 1024
                          WHEN 'MB' THEN 1048576 WHEN 'GB' THEN 1073741824 WHEN 'TB' THEN 1099511627776
                          WHEN 'us' THEN 1 WHEN 'ms' THEN 1000 WHEN 's' THEN 1000000 WHEN 'min' THEN 60000000
                          WHEN 'h' THEN 3600000000 WHEN 'd' THEN 86400000000 ELSE coalesce(m.factor, 1) END END AS wanted,
           CASE WHEN lower(m.declared) IN ('on', 'true', 'yes', 't', 'y', '1') THEN 'on'
                WHEN lower(m.declared) IN ('off', 'false', 'no', 'f', 'n', '0') THEN 'off' END AS wanted_flag
      FROM measured m
), formatted AS MATERIALIZED (
    -- As SHOW does: the largest unit in which it is a whole number.
    SELECT DISTINCT ON (v.memory, v.base) v.memory, v.base, trunc(v.base / u.factor)::text || u.unit AS text
      FROM (SELECT memory, base FROM measured WHERE base > 0
            UNION SELECT memory, boot_base FROM measured WHERE boot_base > 0) v
      JOIN (VALUES (true, 'TB', 1099511627776), (true, 'GB', 1073741824), (true, 'MB', 1048576), (true, 'kB', 1024),
                   (true, 'B', 1), (false, 'd', 86400000000), (false, 'h', 3600000000), (false, 'min', 60000000),
                   (false, 's', 1000000), (false, 'ms', 1000), (false, 'us', 1)) u (memory, unit, factor)
        ON u.memory = v.memory AND v.base % u.factor = 0
     ORDER BY v.memory, v.base, u.factor DESC
)
SELECT coalesce(c.name, c.asked_name) AS name,
       c.unit AS unit,
       coalesce(c.shown, f.text, c.raw) AS value,
       CASE WHEN c.raw ~ '^0[0-7]{3}$' AND c.boot_val ~ '^[0-9]+$'
            THEN format('0%s%s%s', c.boot_val::int / 64, c.boot_val::int / 8 % 8, c.boot_val::int % 8)
            ELSE coalesce(d.text, c.boot_val) END AS default_value,
       c.reset_val IS DISTINCT FROM c.boot_val AS changed,
       CASE WHEN c.source <> 'session' THEN replace(c.source, ' ', '-')
            WHEN c.reset_val IS NOT DISTINCT FROM c.boot_val THEN 'default'
            ELSE 'session' END AS source,
       {file} AS file,
       c.context AS context,
       c.category AS category,
       c.pending_restart AS pending_restart,
       CASE WHEN c.memory AND c.base >= 0 THEN c.base::int8 END AS size,
       CASE WHEN NOT c.memory AND c.base >= 0 THEN c.base::int8 END AS duration,
       CASE WHEN c.unit IS NULL AND c.vartype IN ('integer', 'real') THEN c.raw::float8 END AS number,
       c.declared AS declared,
       CASE WHEN c.declared IS NULL OR c.name IS NULL THEN NULL
            WHEN c.vartype = 'bool' THEN c.wanted_flag = c.raw
            WHEN c.vartype IN ('integer', 'real') THEN c.wanted = coalesce(c.base, c.raw::numeric)
            WHEN c.vartype = 'enum' THEN lower(c.declared) = lower(c.raw) OR coalesce(c.wanted_flag = c.raw, false)
            ELSE c.declared = c.raw END AS as_declared,
       c.name IS NULL AND NOT r.may AND {there} AS hidden,
       c.name IS NULL AND (r.may OR NOT {there}) AS absent,
       coalesce(c.lower_name IN ('primary_conninfo', 'archive_command', 'archive_cleanup_command', 'restore_command',
                                 'recovery_end_command', 'ssl_passphrase_command')
                OR c.lower_name ~ '\..*(passw|secret|token|conninfo|credential|jwt|api_?key|private_?key)', false)
         AND coalesce(c.raw NOT IN ('', '(disabled)'), false) AS secret,
       coalesce(c.own, false) AS own,
       coalesce(c.declared IS NOT NULL AND (c.vartype = 'bool' AND c.wanted_flag IS NULL
         OR c.vartype IN ('integer', 'real') AND c.wanted IS NULL), false) AS misdeclared
  FROM compared c
  LEFT JOIN formatted f ON f.memory = c.memory AND f.base = c.base
  LEFT JOIN formatted d ON d.memory = c.memory AND d.base = c.boot_base
 CROSS JOIN (SELECT pg_has_role(current_user, 'pg_read_all_settings', 'usage') AS may) r
 ORDER BY 1
