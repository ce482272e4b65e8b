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
-- refused: writes or locks rows
CREATE TABLE copies AS WITH gone AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM gone;
-- refused: writes or locks rows
CREATE TABLE copies AS SELECT * FROM orders FOR UPDATE;
-- refused: purge() does
CREATE TABLE copies AS SELECT purge();
-- refused: purge() does
CREATE TABLE copies AS VALUES (purge());
-- refused: set_config() does
CREATE TABLE copies AS SELECT set_config('lock_timeout', '0', true);
-- refused: tied to others
CREATE TABLE copies AS EXECUTE prepared;
-- refused: purge() does
CREATE TABLE purges (id int DEFAULT purge());
-- expand
CREATE TABLE turns (id bigint DEFAULT nextval('turns') PRIMARY KEY, at timestamptz DEFAULT now(), k uuid DEFAULT gen_random_uuid());
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
-- refused: gets a number
ALTER TABLE orders ADD COLUMN number serial8;
-- refused: gets a number
ALTER TABLE orders ADD COLUMN number smallserial;
-- refused: gets a number
ALTER TABLE orders ADD COLUMN number SERIAL4;
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
-- contract: its writes fail
ALTER TABLE orders ADD COLUMN needed text NOT NULL DEFAULT NULL;
-- contract: its writes fail
ALTER TABLE orders ADD COLUMN needed text DEFAULT (NULL::text) NOT NULL;
-- contract: its writes fail
ALTER TABLE orders ADD COLUMN needed text NOT NULL DEFAULT nullif('a', 'a');
-- expand
ALTER TABLE orders ADD COLUMN customer int DEFAULT NULL REFERENCES customers (id);
-- expand
ALTER TABLE orders ADD COLUMN seen timestamp DEFAULT timezone('utc', now());
-- expand
ALTER TABLE orders ADD COLUMN seen timestamp DEFAULT (now() AT TIME ZONE 'utc');
-- expand
ALTER TABLE orders ADD COLUMN two int NOT NULL DEFAULT (1 + 1);
-- expand
ALTER TABLE orders ADD COLUMN due date DEFAULT CURRENT_DATE + 1, ADD COLUMN who text DEFAULT CURRENT_USER;
-- refused: row to row
ALTER TABLE orders ADD COLUMN two int DEFAULT md5(random()::text);
-- refused: row to row
ALTER TABLE orders ADD COLUMN two int DEFAULT evil.lower('A');
-- expand: no domain: positive_int
ALTER TABLE orders ADD COLUMN count positive_int;
-- expand: no domain: shop.positive_int
ALTER TABLE orders ADD COLUMN count shop.positive_int DEFAULT 1;
-- expand: no domain: information_schema.cardinal_number
ALTER TABLE orders ADD COLUMN count information_schema.cardinal_number;
-- expand: no domain: "Name" "Money" double "a""b"
ALTER TABLE orders ADD COLUMN a "Name", ADD "b c" /* d */ "Money" DEFAULT 1, ADD COLUMN e DOUBLE, ADD f -- g
  "a""b";
-- expand
ALTER TABLE orders ADD COLUMN a bit varying(3), ADD COLUMN b bit  varying DEFAULT B'1', ADD COLUMN c interval day to second(3);
-- expand: break the constraint
ALTER TABLE orders ADD CHECK (a > 0 AND b <> 'ADD CHECK') NOT VALID;
-- refused: add it as NOT VALID
ALTER TABLE orders ADD CHECK (a > 0);
-- refused: purge() does
ALTER TABLE orders ADD CHECK (purge(a) > 0) NOT VALID;
-- expand
COMMENT ON COLUMN shop.orders.a IS NULL;
-- expand
CREATE TABLE "x NULLS NOT DISTINCT" (id int);
-- refused: CONCURRENTLY
CREATE INDEX i ON "x " (id);
-- expand: no domain: blob
ALTER TABLE orders ADD COLUMN picture blob;
-- expand: no domain: year
ALTER TABLE orders ADD COLUMN made year;
-- refused: PostgreSQL has no type datetime
ALTER TABLE orders ADD COLUMN made datetime;
-- expand
ALTER TABLE orders ADD COLUMN counts positive_int[];
-- expand
ALTER TABLE orders ADD COLUMN kind regclass, ADD COLUMN b oid, ADD COLUMN c regtype NOT NULL DEFAULT 'int'::regtype;
-- expand
ALTER TABLE orders ADD COLUMN a citext, ADD COLUMN b pg_catalog.int4, ADD COLUMN c tsvector, ADD COLUMN d varbit(3);
-- expand
ALTER TABLE orders ADD COLUMN a double precision, ADD COLUMN b timestamp(3) with time zone, ADD COLUMN c numeric(4, 1);
-- expand
ALTER TABLE orders ADD COLUMN a character varying(3), ADD COLUMN b bytea, ADD COLUMN c inet, ADD COLUMN d interval;
-- expand
CREATE TYPE mood AS ENUM ('ok');
-- expand
ALTER TABLE orders ADD COLUMN feeling mood NOT NULL DEFAULT 'ok'::mood;
-- expand: no domain: shop.mood "Mood of" "a.b"."c""d"
ALTER TABLE orders ADD COLUMN feeling shop.mood, ADD COLUMN a "Mood of", ADD COLUMN b "a.b"."c""d", ADD c mood[];
-- contract: no domain: mood
ALTER TABLE orders ADD COLUMN feeling mood NOT NULL;
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
-- contract: count on the default
ALTER TABLE orders ALTER COLUMN a SET DEFAULT NULL;
-- contract: count on the default
ALTER TABLE orders ALTER COLUMN a SET DEFAULT (NULL::text);
-- refused: purge() does
ALTER TABLE orders ALTER COLUMN a SET DEFAULT purge();
-- refused: purge() does
ALTER TABLE orders ALTER COLUMN a TYPE bigint USING purge(a);
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
-- refused: next migration
ALTER TABLE orders VALIDATE CONSTRAINT positive;
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
ALTER TABLE orders VALIDATE CONSTRAINT positive;
-- expand
ALTER TABLE shop.orders VALIDATE CONSTRAINT another;
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
-- refused: do it by hand
REINDEX INDEX CONCURRENTLY orders_a;
-- refused: do it by hand
REINDEX TABLE/* it */CONCURRENTLY orders;
-- refused: not on the list
REINDEX TABLE orders;
-- refused: do it by hand
ALTER TABLE orders DETACH PARTITION orders_1 CONCURRENTLY;
-- refused: do it by hand
CREATE INDEX CONCURRENTLY orders_a ON ONLY orders (a);
-- refused: not on the list
REFRESH MATERIALIZED VIEW CONCURRENTLY sums;
-- contract: the old name
ALTER TABLE orders RENAME CONSTRAINT a TO "CONCURRENTLY";
-- expand: not unique will fail
CREATE UNIQUE INDEX CONCURRENTLY orders_a ON orders (a, lower(b)) INCLUDE (c) nulls  not
  distinct WHERE d > 0;
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
CREATE MATERIALIZED VIEW totals AS SELECT a, count(*) FROM orders GROUP BY a;
-- refused: purge() does
CREATE MATERIALIZED VIEW totals AS SELECT purge();
-- refused: purge() does
CREATE VIEW totals AS SELECT purge();
-- expand
CREATE SEQUENCE turns;
-- expand
CREATE TYPE mood AS ENUM ('calm', 'busy');
-- expand: does not know
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'late' AFTER 'busy';
-- contract: old name
ALTER TYPE mood RENAME VALUE 'calm' TO 'quiet';
-- expand: hide those of public
CREATE SCHEMA IF NOT EXISTS archive;
-- refused: not on the list
CREATE SCHEMA archive CREATE TABLE orders (id int);
-- expand
COMMENT ON COLUMN orders.a IS 'a; b';
-- refused: temporary
CREATE TEMP VIEW orders AS SELECT 1 AS id;
-- refused: temporary
CREATE TEMPORARY SEQUENCE turns;
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
-- contract: there is no WHERE
DELETE FROM orders;
-- contract: there is no WHERE
DELETE FROM orders WHERE true;
-- contract: there is no WHERE
WITH gone AS (DELETE FROM orders RETURNING *) INSERT INTO archive SELECT * FROM gone;
-- data: without WHERE
UPDATE orders SET a = 1 WHERE 1 = 1;
-- data: do not come back
WITH gone AS (DELETE FROM orders WHERE id = 1 RETURNING *) SELECT * FROM gone;
-- data
WITH one AS (SELECT 1 AS id) UPDATE orders SET a = 1 FROM one WHERE orders.id = one.id;
-- data
MERGE INTO orders USING news ON orders.id = news.id WHEN MATCHED THEN UPDATE SET a = news.a;
-- data: do not come back
MERGE INTO orders USING news ON orders.id = news.id WHEN MATCHED THEN DELETE;
-- contract: there is no WHERE
MERGE INTO orders USING (VALUES (1)) AS news ON true WHEN MATCHED THEN DELETE;
-- refused: setval() does
UPDATE orders SET a = setval('turns', 1) WHERE id = 1;
-- refused: evil.left() does
UPDATE orders SET a = evil.left(b, 1) WHERE id = 1;
-- data
UPDATE orders SET a = pg_catalog.left(b, 1), c = LEFT(b, 1) WHERE id = 1;
-- refused: OPERATOR evil.+
UPDATE orders SET a = a OPERATOR(evil.+) 1 WHERE id = 1;
-- refused: Left() does
UPDATE orders SET a = "Left"(b, 1) WHERE id = 1;
-- refused: nvl() does
UPDATE orders SET a = nvl(b, 1) WHERE id = 1;
-- refused: archive.purge() does
INSERT INTO log SELECT * FROM archive.purge() AS p;
-- refused: purge() does
INSERT INTO log (a) VALUES (1) RETURNING (purge()).a;
-- data
INSERT INTO log SELECT nextval('turns'), count(*) FILTER (WHERE a > 1), array_agg(b ORDER BY a), string_agg(b, ',') FROM orders;
-- data
INSERT INTO log SELECT row_number() OVER (PARTITION BY a ORDER BY b), extract(epoch FROM c), trim(d), e::date FROM orders;
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
-- refused: written by nobody else
DO 'BEGIN DELETE FROM readiness_migrations; END';
-- refused: written by nobody else
DELETE FROM "readiness_migrations" WHERE id = '1';
-- data
UPDATE notes SET text = 'of readiness_migrations' WHERE id = 1 /* or of readiness_epoch */;
-- data
UPDATE notes SET text = $$of readiness_migrations$$ WHERE id = 1;
---
-- A name is compared part by part, as the server does.
-- expand
CREATE TABLE orders.orders (id int);
-- contract: use the table
DROP TABLE orders;
-- expand
ALTER TABLE ORDERS.Orders DROP COLUMN id;
-- expand
DROP TABLE orders.orders;
---
-- expand
CREATE TABLE "public.orders" (id int);
-- contract: rely on the column
ALTER TABLE public.orders DROP COLUMN id;
---
-- expand
CREATE TABLE Ä (id int);
-- contract: use the table
DROP TABLE ä;
---
-- expand
CREATE TABLE orders (id int);
-- expand
DROP TABLE orders;
-- contract: use the table
DROP TABLE orders;
---
-- expand
CREATE TABLE orders (id int);
-- expand
ALTER TABLE orders RENAME TO purchases;
-- expand
ALTER TABLE purchases ADD COLUMN number serial;
-- contract: use the table
DROP TABLE orders;
---
-- expand
CREATE TABLE copies AS SELECT * FROM orders;
-- refused: purge() does
ALTER TABLE copies ALTER COLUMN id TYPE int USING purge(id);
-- refused: purge() does
CREATE INDEX copies_i ON copies (purge(id));
---
-- refused: written by the server itself
DELETE FROM pg_catalog.pg_class WHERE relname = 'orders';
-- refused: written by the server itself
UPDATE pg_index SET indisvalid = true WHERE indexrelid = 1;
-- refused: written by the server itself
INSERT INTO information_schema.sql_features VALUES (1);
-- refused: written by the server itself
WITH gone AS (DELETE FROM PG_CLASS WHERE relname = 'orders' RETURNING *) SELECT * FROM gone;
-- refused: written by the server itself
CREATE TABLE pg_temp.orders (id int);
-- refused: written by the server itself
TRUNCATE orders, pg_catalog.pg_statistic;
---
-- data
UPDATE shop.pg_copies SET a = 1 WHERE id = 1;
---
-- What takes long does not follow a lock: it would be held for the sum of both.
-- expand
ALTER TABLE orders ADD COLUMN a text;
-- refused: the lock on orders is held
UPDATE orders SET a = md5(note) WHERE id < 50000;
-- refused: next migration
UPDATE others SET a = 1 WHERE id = 1;
-- refused: next migration
CREATE TABLE copies AS SELECT * FROM orders;
-- refused: next migration
CREATE MATERIALIZED VIEW totals AS SELECT a FROM orders;
-- refused: next migration
ALTER TABLE others VALIDATE CONSTRAINT positive;
-- refused: next migration
INSERT INTO kinds SELECT g FROM generate_series(1, 90000000) AS g;
-- refused: next migration
INSERT INTO kinds WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n;
-- refused: next migration
WITH orders AS (SELECT 1 AS id) UPDATE orders SET a = 1 WHERE id = 1;
-- data
INSERT INTO kinds (id, name) VALUES (1, 'plain'), (2, 'odd');
-- data
INSERT INTO kinds SELECT 1, 'plain' WHERE 1 = 1;
-- expand
CREATE VIEW v AS SELECT a FROM orders;
-- expand
ALTER TABLE orders ADD COLUMN b text;
---
-- data
UPDATE orders SET a = 1 WHERE id = 1;
-- data
INSERT INTO orders SELECT * FROM copies;
-- expand
ALTER TABLE orders ADD COLUMN b text;
---
-- expand
CREATE TABLE items (id int PRIMARY KEY, parent int REFERENCES items (id), o int REFERENCES orders (id));
-- data
INSERT INTO items VALUES (1, 1, 1);
-- data
UPDATE items SET o = 2;
-- expand
CREATE INDEX items_o ON items (o);
-- refused: the lock on orders is held
INSERT INTO items SELECT id, id FROM orders WHERE id <= 200000;
---
-- expand
CREATE TABLE items (id int PRIMARY KEY, parent int REFERENCES items (id));
-- data
INSERT INTO items SELECT id FROM orders;
-- expand
CREATE INDEX items_parent ON items (parent);
-- expand
ALTER TABLE items ADD CONSTRAINT o FOREIGN KEY (id) REFERENCES orders (id) NOT VALID;
-- refused: the lock on orders is held
CREATE INDEX items_parent_2 ON items (parent);
---
-- expand
CREATE TABLE scratch (id int);
-- expand
DROP TABLE scratch;
-- expand
CREATE TABLE items AS SELECT * FROM orders;
-- refused: the lock on orders is held
ALTER TABLE items ADD CONSTRAINT o FOREIGN KEY (id) REFERENCES orders (id);
---
-- contract: rows are gone
TRUNCATE orders;
-- refused: the lock on orders is held
INSERT INTO orders SELECT * FROM new_orders;
---
-- expand
ALTER TABLE orders ADD CONSTRAINT once UNIQUE USING INDEX orders_a;
-- refused: next migration
UPDATE orders SET a = 1 WHERE id = 1;
