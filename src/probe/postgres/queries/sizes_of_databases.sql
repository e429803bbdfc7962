SELECT (sum(CASE WHEN allowed THEN pg_database_size(oid) END))::int8 AS size,
       coalesce(string_agg(quote_ident(datname), ', ' ORDER BY datname) FILTER (WHERE NOT allowed), '') AS denied
  FROM (SELECT oid, datname, has_database_privilege(oid, 'CONNECT')
                 OR pg_has_role(current_user, 'pg_read_all_stats', 'usage') AS allowed
          FROM pg_database) d
