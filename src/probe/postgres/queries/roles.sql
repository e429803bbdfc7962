-- Memberships are followed through pg_auth_members, because pg_has_role says of a superuser that it is in every role.
WITH RECURSIVE held AS (
    SELECT member, roleid FROM pg_auth_members
    UNION
    SELECT h.member, m.roleid FROM held h JOIN pg_auth_members m ON m.member = h.roleid
), reserved AS MATERIALIZED (
    SELECT h.member, array_agg(r.rolname::text ORDER BY r.rolname) AS grants
      FROM held h JOIN pg_roles r ON r.oid = h.roleid
     WHERE r.rolname IN ('pg_execute_server_program', 'pg_write_server_files', 'pg_read_server_files', 'pg_signal_backend',
                         'pg_read_all_data', 'pg_write_all_data', 'pg_create_subscription', 'rds_superuser', 'cloudsqlsuperuser',
                         'alloydbsuperuser', 'azure_pg_admin')
     GROUP BY h.member
), direct AS MATERIALIZED (
    SELECT m.member, array_agg(DISTINCT r.rolname::text) AS names
      FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid GROUP BY m.member
), raised AS MATERIALIZED (
    SELECT DISTINCT h.member FROM held h JOIN pg_roles r ON r.oid = h.roleid WHERE r.rolsuper
), owned AS MATERIALIZED (
    SELECT datdba, count(*) AS number FROM pg_database GROUP BY datdba
)
SELECT quote_ident(r.rolname) AS role,
       r.rolcanlogin AS login,
       r.rolsuper AS superuser,
       NOT r.rolsuper AND s.member IS NOT NULL AS may_be_superuser,
       r.rolcreaterole AS create_role,
       r.rolcreatedb AS create_database,
       r.rolreplication AS replication,
       r.rolbypassrls AS bypass_rls,
       r.rolinherit AS inherit,
       CASE WHEN r.rolvaliduntil = '-infinity' THEN 0
            WHEN isfinite(r.rolvaliduntil) THEN (extract(epoch FROM r.rolvaliduntil) * 1000000)::int8 END AS valid_until,
       nullif(r.rolconnlimit, -1)::int8 AS connection_limit,
       coalesce(d.names, '{}') AS member_of,
       coalesce(v.grants, '{}') AS reserved_grants,
       coalesce(o.number, 0) AS databases_owned,
       {password} AS password
  FROM pg_roles r
  LEFT JOIN reserved v ON v.member = r.oid
  LEFT JOIN direct d ON d.member = r.oid
  LEFT JOIN raised s ON s.member = r.oid
  LEFT JOIN owned o ON o.datdba = r.oid
  {passwords}
 WHERE r.rolname NOT LIKE 'pg\_%'
 ORDER BY 1
