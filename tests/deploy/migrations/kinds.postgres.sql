-- Each block between lines of dashes is one migration. `-- kind: words` on the line before a statement is what is
-- expected of it; the words are part of the reason, of the advice or of a warning.

-- expand
CREATE TABLE orders (id bigint PRIMARY KEY, note text NOT NULL DEFAULT 'x', CHECK (id > 0));
-- expand
CREATE INDEX orders_note ON orders (note);
-- expand
ALTER TABLE orders ADD COLUMN number serial;
-- expand
ALTER TABLE orders ALTER COLUMN note SET NOT NULL;
-- expand
ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0);
-- data
INSERT INTO orders (id) VALUES (1);
-- refused: made in the same migration
CREATE INDEX CONCURRENTLY orders_again ON orders (note);
-- expand
DROP TABLE orders;
---
-- expand
CREATE TABLE IF NOT EXISTS orders (id int);
-- refused: CREATE INDEX CONCURRENTLY
CREATE INDEX orders_note ON orders (note);
---
-- expand
CREATE TABLE "Orders" (id int);
-- refused: CONCURRENTLY
CREATE INDEX i ON orders (id);
---
-- expand
CREATE TABLE copies AS SELECT id FROM orders;
-- expand: empty after a crash
CREATE UNLOGGED TABLE cache (id int);
-- refused: temporary
CREATE TEMP TABLE scratch (id int);
-- expand
CREATE TABLE events (id int, at timestamptz) PARTITION BY RANGE (at);
-- refused: tied to others
CREATE TABLE events_1 PARTITION OF old_events FOR VALUES FROM (1) TO (2);
-- refused: tied to others
CREATE TABLE child (id int) INHERITS (orders);
-- expand
CREATE TABLE settings (id int) WITH (fillfactor = 70);
---
-- expand
ALTER TABLE orders ADD COLUMN reference text;
-- expand
ALTER TABLE orders ADD reference2 text;
-- expand
ALTER TABLE IF EXISTS ONLY orders ADD COLUMN IF NOT EXISTS reference3 varchar(140) NULL;
-- contract: its writes fail
ALTER TABLE orders ADD COLUMN needed text NOT NULL;
-- expand
ALTER TABLE orders ADD COLUMN kind text NOT NULL DEFAULT 'plain';
-- expand
ALTER TABLE orders ADD COLUMN level int DEFAULT -1;
-- expand
ALTER TABLE orders ADD COLUMN extra jsonb DEFAULT '{}'::jsonb NOT NULL;
-- expand
ALTER TABLE orders ADD COLUMN tags text[] DEFAULT ARRAY[]::text[];
-- expand
ALTER TABLE orders ADD COLUMN seen timestamptz DEFAULT now();
-- refused: written anew
ALTER TABLE orders ADD COLUMN seen timestamptz DEFAULT clock_timestamp();
-- refused: written anew
ALTER TABLE orders ADD COLUMN token uuid DEFAULT gen_random_uuid();
-- refused: written anew
ALTER TABLE orders ADD COLUMN turn bigint DEFAULT nextval('turns');
-- refused: written anew
ALTER TABLE orders ADD COLUMN number serial;
-- refused: written anew
ALTER TABLE orders ADD COLUMN number int GENERATED ALWAYS AS IDENTITY;
-- refused: written anew
ALTER TABLE orders ADD COLUMN twice int GENERATED ALWAYS AS (id * 2) STORED;
-- expand
ALTER TABLE orders ADD COLUMN customer int REFERENCES customers (id);
-- refused: as NOT VALID
ALTER TABLE orders ADD COLUMN customer int DEFAULT 1 REFERENCES customers (id);
-- refused: CONCURRENTLY
ALTER TABLE orders ADD COLUMN code int UNIQUE;
-- refused: CONCURRENTLY
ALTER TABLE orders ADD COLUMN code int PRIMARY KEY;
-- refused: as NOT VALID
ALTER TABLE orders ADD COLUMN code int CHECK (code > 0);
-- expand
ALTER TABLE orders ADD COLUMN sorted text COLLATE "C";
-- expand
ALTER TABLE orders ADD COLUMN a int, ADD COLUMN b int;
-- contract: rely on the column
ALTER TABLE orders ADD COLUMN a int, DROP COLUMN b;
---
-- contract: rely on the column
ALTER TABLE orders DROP COLUMN b;
-- contract: rely on the column
ALTER TABLE orders DROP b;
-- contract: rely on the constraint
ALTER TABLE orders DROP CONSTRAINT positive;
-- contract: old name
ALTER TABLE orders RENAME COLUMN a TO b;
-- contract: old name
ALTER TABLE orders RENAME a TO b;
-- contract: old name
ALTER TABLE orders RENAME TO purchases;
-- contract: old name
ALTER TABLE orders SET SCHEMA archive;
-- contract: old name
ALTER INDEX orders_note RENAME TO orders_remark;
-- contract: old type
ALTER TABLE orders ALTER COLUMN a TYPE bigint;
-- contract: old type
ALTER TABLE orders ALTER a SET DATA TYPE bigint USING a::bigint;
-- contract: write NULL
ALTER TABLE orders ALTER COLUMN a SET NOT NULL;
-- expand
ALTER TABLE orders ALTER COLUMN a DROP NOT NULL;
-- expand
ALTER TABLE orders ALTER COLUMN a SET DEFAULT 1;
-- contract: count on the default
ALTER TABLE orders ALTER COLUMN a DROP DEFAULT;
-- refused: not on the list
ALTER TABLE orders ALTER COLUMN a SET STATISTICS 100;
-- refused: not on the list
ALTER TABLE orders OWNER TO bob;
-- refused: not on the list
ALTER TABLE orders ENABLE ROW LEVEL SECURITY;
-- refused: not understood
ALTER TABLE orders SET (fillfactor = 70);
-- refused: not on the list
ALTER TABLE orders ATTACH PARTITION p FOR VALUES FROM (1) TO (2);
---
-- refused: as NOT VALID
ALTER TABLE orders ADD CONSTRAINT positive CHECK (a > 0);
-- expand: break the constraint
ALTER TABLE orders ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;
-- expand: keeps the lock
ALTER TABLE orders VALIDATE CONSTRAINT positive;
-- expand
ALTER TABLE orders VALIDATE CONSTRAINT another;
-- refused: last constraint only
ALTER TABLE orders ADD CONSTRAINT one CHECK (a > 0), ADD CONSTRAINT two CHECK (b > 0) NOT VALID;
-- refused: not on the list
ALTER TABLE orders ADD CONSTRAINT one CHECK (a > 0) NOT VALID, ADD COLUMN b int;
-- refused: as NOT VALID
ALTER TABLE orders ADD CONSTRAINT buyer FOREIGN KEY (a) REFERENCES customers (id);
-- expand
ALTER TABLE orders ADD CONSTRAINT buyer FOREIGN KEY (a) REFERENCES customers (id) NOT VALID;
-- refused: USING INDEX
ALTER TABLE orders ADD CONSTRAINT once UNIQUE (a);
-- refused: USING INDEX
ALTER TABLE orders ADD PRIMARY KEY (a);
-- expand
ALTER TABLE orders ADD CONSTRAINT once UNIQUE USING INDEX orders_a;
-- refused: not on the list
ALTER TABLE orders ADD CONSTRAINT once PRIMARY KEY USING INDEX orders_a;
-- refused: not on the list
ALTER TABLE orders VALIDATE CONSTRAINT positive, DROP COLUMN a;
---
-- expand
CREATE INDEX CONCURRENTLY orders_a ON orders (a);
-- expand: not unique will fail
CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS orders_lower ON orders (lower(a)) WHERE a IS NOT NULL;
-- expand
CREATE INDEX CONCURRENTLY orders_gin ON shop.orders USING gin (tags) INCLUDE (b);
-- refused: name it
CREATE INDEX CONCURRENTLY ON orders (a);
-- contract: use the index
DROP INDEX CONCURRENTLY orders_a;
-- contract: use the index
DROP INDEX orders_a;
-- refused: not on the list
REINDEX INDEX CONCURRENTLY orders_a;
-- refused: not understood
CREATE INDEX orders_a ON ONLY orders (a);
---
-- contract: use the table
DROP TABLE IF EXISTS orders CASCADE;
-- contract: the rows are gone
TRUNCATE orders;
-- contract: use the view
DROP VIEW v;
-- contract: use the type
DROP TYPE mood;
-- contract: use the schema
DROP SCHEMA archive CASCADE;
-- refused: cannot be told
DROP FUNCTION f;
-- refused: cannot be told
DROP TRIGGER tr ON orders;
-- refused: not on the list
DROP EXTENSION citext;
---
-- expand
CREATE VIEW v AS SELECT a FROM orders;
-- refused: name of its own
CREATE OR REPLACE VIEW v AS SELECT a FROM orders;
-- expand
CREATE MATERIALIZED VIEW totals AS SELECT a FROM orders;
-- expand
CREATE SEQUENCE turns;
-- expand
CREATE TYPE mood AS ENUM ('calm', 'busy');
-- expand: does not know
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'late' AFTER 'busy';
-- contract: old name
ALTER TYPE mood RENAME VALUE 'calm' TO 'quiet';
-- expand
CREATE SCHEMA IF NOT EXISTS archive;
-- expand
COMMENT ON COLUMN orders.a IS 'a; b';
-- refused: not on the list
ALTER SEQUENCE turns RESTART 1;
-- refused: not on the list
REFRESH MATERIALIZED VIEW totals;
---
-- refused: not on the list
GRANT SELECT ON orders TO bob;
-- refused: not on the list
REVOKE SELECT ON orders FROM bob;
-- refused: not on the list
CREATE EXTENSION citext;
-- refused: cannot be told
CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; DROP TABLE orders; $$ LANGUAGE sql;
-- refused: cannot be told
CREATE TRIGGER tr BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f();
-- refused: not on the list
DO $$ BEGIN DROP TABLE orders; END $$;
-- refused: not on the list
CREATE POLICY p ON orders;
-- refused: not on the list
CREATE ROLE bob;
-- refused: not on the list
CREATE RULE r AS ON INSERT TO orders DO INSTEAD NOTHING;
-- refused: not on the list
CALL f();
-- refused: not on the list
LOCK TABLE orders IN ACCESS EXCLUSIVE MODE;
-- refused: not on the list
SET search_path TO archive;
-- refused: not on the list
RESET ALL;
-- refused: not on the list
COPY orders FROM '/tmp/orders';
-- refused: not on the list
EXPLAIN ANALYZE DELETE FROM orders;
-- refused: not understood
CLUSTER orders USING orders_a;
-- refused: not on the list
ANALYZE orders;
---
-- data
INSERT INTO orders SELECT * FROM old_orders ON CONFLICT DO NOTHING;
-- data: without WHERE
UPDATE orders SET a = 1;
-- data
UPDATE orders SET a = lower(b), c = coalesce(d, now()) WHERE id < 5000;
-- data: do not come back
DELETE FROM orders WHERE id = 1;
-- data: without WHERE
DELETE FROM orders;
-- data: do not come back
WITH gone AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM gone;
-- data
WITH one AS (SELECT 1 AS id) UPDATE orders SET a = 1 FROM one WHERE orders.id = one.id;
-- data
MERGE INTO orders USING news ON orders.id = news.id WHEN MATCHED THEN UPDATE SET a = news.a;
-- refused: setval() does
UPDATE orders SET a = setval('turns', 1) WHERE id = 1;
-- refused: purge_everything() does
INSERT INTO log SELECT purge_everything();
-- refused: query has no effect
SELECT setval('turns', 1);
-- refused: query has no effect
SELECT 1;
---
-- refused: one transaction
BEGIN;
-- refused: one transaction
COMMIT;
-- refused: one transaction
START TRANSACTION;
-- refused: one transaction
SAVEPOINT here;
-- refused: one transaction
ROLLBACK TO here;
-- refused: one transaction
PREPARE TRANSACTION 'x';
-- refused: not undone
VACUUM orders;
-- refused: written by nobody else
DELETE FROM readiness_migrations;
-- refused: written by nobody else
UPDATE public.readiness_epoch SET epoch = 1;
-- refused: written by nobody else
DO $$ BEGIN DELETE FROM readiness_migrations; END $$;
