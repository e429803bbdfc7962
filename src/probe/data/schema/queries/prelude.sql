-- What every part of the schema of PostgreSQL begins with. $1: schemas, or null. What an extension brings is told by its
-- version. What deparses an expression opens the table for a moment: what stands behind an exclusive lock is left out of that.
WITH space AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM pg_namespace n
     WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema' AND ($1::text[] IS NULL OR n.nspname = ANY ($1))
), ext AS MATERIALIZED (
    SELECT d.classid, d.objid FROM pg_depend d WHERE d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
), locked AS MATERIALIZED (
    SELECT DISTINCT l.relation AS oid FROM pg_locks l
     WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
       AND l.database = (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())
), blocked AS MATERIALIZED (
    SELECT DISTINCT d.classid, d.objid FROM pg_depend d JOIN locked l ON d.refclassid = 'pg_class'::regclass AND d.refobjid = l.oid
), rel AS MATERIALIZED (
    SELECT c.oid, c.relname, s.nspname, c.relkind, c.relowner, c.relacl, c.relam, c.reloptions, c.relpersistence, c.relispartition,
           c.relpartbound, c.relreplident, c.relrowsecurity, c.relforcerowsecurity, c.reloftype, c.reltoastrelid, c.relispopulated
      FROM pg_class c JOIN space s ON s.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND c.relpersistence <> 't'
       AND c.oid NOT IN (SELECT objid FROM ext WHERE classid = 'pg_class'::regclass)
)
