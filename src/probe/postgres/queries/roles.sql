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
    -- Who may give a membership to others has a right of its own.
    SELECT m.member, array_agg(DISTINCT concat(r.rolname, o.option)) AS names
      FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.roleid
     CROSS JOIN LATERAL (VALUES (''), (CASE WHEN m.admin_option THEN ' with admin option' END)) o (option)
     WHERE o.option IS NOT NULL GROUP BY m.member
), raised AS MATERIALIZED (
    SELECT DISTINCT h.member FROM held h JOIN pg_roles r ON r.oid = h.roleid WHERE r.rolsuper
), limits AS MATERIALIZED (
    -- What counts before the server's own, the first one first: of the role here, of the role, of the database, of all.
    SELECT s.setrole, s.setdatabase, split_part(c, '=', 1) AS name, substr(c, strpos(c, '=') + 1) AS value
      FROM pg_db_role_setting s CROSS JOIN LATERAL unnest(s.setconfig) c
     WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
       AND split_part(c, '=', 1) IN ('statement_timeout', 'idle_in_transaction_session_timeout')
), ours AS MATERIALIZED (
    -- Of the server only what our own session began with is told, which may be the role's own, or asked for at the start.
    SELECT g.name, g.reset_val AS value,
           EXISTS (SELECT FROM limits l JOIN pg_roles m ON m.oid = l.setrole
                    WHERE l.name = g.name AND m.rolname = session_user) AS hidden,
           g.name = ANY (string_to_array('{started}', ',')) AS started
      FROM pg_settings g WHERE g.name IN ('statement_timeout', 'idle_in_transaction_session_timeout')
), found AS MATERIALIZED (
    SELECT r.oid, o.name, l.value IS NULL AND o.hidden AS hidden, l.value IS NULL AND o.started AS started, coalesce(l.value, o.value) AS value
      FROM pg_roles r CROSS JOIN ours o
      LEFT JOIN LATERAL (
           SELECT l.value FROM limits l WHERE l.name = o.name AND l.setrole IN (0, r.oid)
            ORDER BY l.setrole <> 0 DESC, l.setdatabase <> 0 DESC LIMIT 1) l ON true
), timed AS MATERIALIZED (
    SELECT f.oid, f.name, f.hidden, f.started, m IS NULL AS strange,
           CASE WHEN m[1]::numeric > 0 THEN (m[1]::numeric * CASE m[2] WHEN 'us' THEN 1 WHEN 's' THEN 1000000
                WHEN 'min' THEN 60000000 WHEN 'h' THEN 3600000000 WHEN 'd' THEN 86400000000 ELSE 1000 END)::int8 END AS duration
      FROM found f LEFT JOIN LATERAL regexp_match(f.value, '^\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*$') m ON true
), owned AS MATERIALIZED (
    SELECT datdba, count(*) AS number FROM pg_database GROUP BY datdba
)
SELECT quote_ident(r.rolname) AS role, quote_ident(r.rolname) AS role_name,
       r.rolcanlogin AS login,
       r.rolsuper AS superuser,
       NOT r.rolsuper AND s.member IS NOT NULL AS may_be_superuser,
       r.rolcreaterole AS create_role,
       r.rolcreaterole AND NOT r.rolsuper AND {takes} AS takes_roles,
       r.rolcreatedb AS create_database,
       r.rolreplication AS replication,
       r.rolbypassrls AS bypass_rls,
       r.rolinherit AS inherit,
       CASE WHEN r.rolvaliduntil = '-infinity' THEN 0
            WHEN isfinite(r.rolvaliduntil) THEN (extract(epoch FROM r.rolvaliduntil) * 1000000)::int8 END AS valid_until,
       nullif(r.rolconnlimit, -1)::int8 AS connection_limit,
       st.duration AS statement_timeout, st.hidden AS statement_hidden, st.started AS statement_started, st.strange AS statement_strange,
       ti.duration AS idle_in_transaction_timeout, ti.hidden AS idle_hidden, ti.started AS idle_started, ti.strange AS idle_strange,
       coalesce(d.names, '{}') AS member_of,
       coalesce(v.grants, '{}') AS reserved_grants,
       coalesce(o.number, 0) AS databases_owned,
       {password} AS password
  FROM pg_roles r
  JOIN timed st ON st.oid = r.oid AND st.name = 'statement_timeout'
  JOIN timed ti ON ti.oid = r.oid AND ti.name = 'idle_in_transaction_session_timeout'
  LEFT JOIN reserved v ON v.member = r.oid
  LEFT JOIN direct d ON d.member = r.oid
  LEFT JOIN raised s ON s.member = r.oid
  LEFT JOIN owned o ON o.datdba = r.oid
  {passwords}
 WHERE r.rolname NOT LIKE 'pg\_%'
 ORDER BY 1
