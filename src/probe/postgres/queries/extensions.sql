-- What pg_available_extensions does not have lost its files, as after an upgrade of the server's package only.
SELECT quote_ident(e.extname) AS extension,
       quote_ident(e.extname) AS name,
       quote_ident(n.nspname) AS schema,
       quote_ident(r.rolname) AS owner,
       e.extversion AS installed,
       a.default_version AS available,
       a.name IS NOT NULL AS files,
       coalesce(e.extversion <> a.default_version, false) AS outdated,
       CASE WHEN a.default_version IS NULL OR e.extversion = a.default_version THEN false
            ELSE EXISTS (SELECT FROM pg_extension_update_paths(e.extname) p
                          WHERE p.source = e.extversion AND p.target = a.default_version AND p.path IS NOT NULL)
       END AS updatable
  FROM pg_extension e
  JOIN pg_namespace n ON n.oid = e.extnamespace
  LEFT JOIN pg_roles r ON r.oid = e.extowner
  LEFT JOIN pg_available_extensions() a ON a.name = e.extname
 ORDER BY 1
