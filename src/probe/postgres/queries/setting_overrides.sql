-- ALTER DATABASE ... SET and ALTER ROLE ... SET. The value of a setting that the server does not know is an application's own
-- (it may be a key), so it is not told.
SELECT CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN p.name
            WHEN s.setrole = 0 THEN format('%s in %s', p.name, quote_ident(d.datname))
            WHEN s.setdatabase = 0 THEN format('%s of %s', p.name, quote_ident(r.rolname))
            ELSE format('%s of %s in %s', p.name, quote_ident(r.rolname), quote_ident(d.datname)) END AS "override",
       quote_ident(d.datname) AS "database",
       quote_ident(r.rolname) AS "role",
       p.name AS name,
       p.value AS value,
       g.boot_val IS NULL AND g.name IS NULL
         OR lower(p.name) ~ '(passw|secret|token|conninfo|credential|jwt|api_?key|private_?key)'
            AND lower(p.name) <> 'password_encryption' AS secret
  FROM pg_db_role_setting s
 CROSS JOIN LATERAL (SELECT split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
                       FROM unnest(s.setconfig) c) p
  LEFT JOIN pg_database d ON d.oid = s.setdatabase
  LEFT JOIN pg_roles r ON r.oid = s.setrole
  LEFT JOIN pg_settings g ON lower(g.name) = lower(p.name)
 ORDER BY 1
