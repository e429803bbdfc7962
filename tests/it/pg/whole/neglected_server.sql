-- What belongs to the server and not to a database; `name` is part of every name.
CREATE ROLE :"expired" LOGIN SUPERUSER CREATEROLE BYPASSRLS REPLICATION PASSWORD 'x' VALID UNTIL '2020-01-01';
ALTER ROLE :"expired" SET work_mem = '1GB';
ALTER DATABASE :"name" SET statement_timeout = '1h';
GRANT pg_write_server_files TO :"expired";
CREATE TABLE prepared (id int);
BEGIN;
INSERT INTO prepared VALUES (1);
PREPARE TRANSACTION :'name';
SELECT pg_create_physical_replication_slot(:'name', true) \g /dev/null
