-- Run once, as PostgreSQL's superuser, with psql. Choose two passwords first.
--
-- Two roles: podium_owner owns the tables and is used for migrations alone; podium_app is what the
-- console and the relay use. Only an owner can disable or drop a trigger, so podium_app cannot take
-- the audit log's triggers away. deploy/prepare also takes UPDATE, DELETE and TRUNCATE on the
-- records from it.
CREATE ROLE podium_owner LOGIN PASSWORD 'change-me-1';
CREATE ROLE podium_app LOGIN PASSWORD 'change-me-2';
CREATE DATABASE podium OWNER podium_owner ENCODING 'UTF8' TEMPLATE template0;
REVOKE CONNECT, TEMPORARY ON DATABASE podium FROM PUBLIC;
GRANT CONNECT ON DATABASE podium TO podium_app;

\connect podium
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE, USAGE ON SCHEMA public TO podium_owner;
GRANT USAGE ON SCHEMA public TO podium_app;
ALTER DEFAULT PRIVILEGES FOR ROLE podium_owner IN SCHEMA public
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO podium_app;
ALTER DEFAULT PRIVILEGES FOR ROLE podium_owner IN SCHEMA public
    GRANT USAGE, SELECT ON SEQUENCES TO podium_app;
