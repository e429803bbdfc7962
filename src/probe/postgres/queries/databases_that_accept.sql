SELECT datname::text AS name, quote_ident(datname) AS quoted,
       has_database_privilege(oid, 'CONNECT') AS connect
  FROM pg_database WHERE datallowconn ORDER BY datname
