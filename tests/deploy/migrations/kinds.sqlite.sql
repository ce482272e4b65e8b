-- As in the file for PostgreSQL.

-- expand
CREATE TABLE orders (id INTEGER PRIMARY KEY AUTOINCREMENT, note TEXT) STRICT;
-- expand
CREATE TABLE pairs (a TEXT, b TEXT, PRIMARY KEY (a, b)) WITHOUT ROWID;
-- expand
CREATE INDEX orders_note ON orders (note);
---
-- expand
CREATE INDEX orders_note ON orders (note);
-- expand: not unique will fail
CREATE UNIQUE INDEX IF NOT EXISTS orders_once ON orders (note) WHERE note IS NOT NULL;
-- expand: not unique will fail
CREATE UNIQUE INDEX IF NOT EXISTS main.orders_once ON orders (note);
-- expand
CREATE INDEX main . orders_twice ON orders (note);
-- data
UPDATE OR IGNORE orders SET note = 'x' WHERE id = 1;
-- data: without WHERE
UPDATE OR IGNORE orders SET note = 'x';
-- refused: not understood
UPDATE OR REPLACE orders SET note = 'x' WHERE id = 1;
-- refused: not understood
UPDATE OR ROLLBACK orders SET note = 'x' WHERE id = 1;
-- data: do not come back
REPLACE INTO orders VALUES (1, 'x');
-- data: do not come back
INSERT OR REPLACE INTO orders VALUES (1, 'x');
-- refused: ledger
REPLACE INTO readiness_migrations VALUES (1);
-- refused: written by the server
REPLACE INTO sqlite_sequence VALUES ('orders', 1);
-- expand
ALTER TABLE orders ADD COLUMN reference TEXT;
-- expand
ALTER TABLE orders ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
-- refused: a constant alone
ALTER TABLE orders ADD COLUMN level INTEGER DEFAULT (random());
-- refused: a constant alone
ALTER TABLE orders ADD COLUMN at TEXT DEFAULT CURRENT_TIMESTAMP;
-- contract: its writes fail
ALTER TABLE orders ADD COLUMN needed TEXT NOT NULL DEFAULT NULL;
-- contract: its writes fail
ALTER TABLE orders ADD COLUMN needed TEXT NOT NULL DEFAULT (NULL);
-- expand
ALTER TABLE orders ADD COLUMN a serial;
-- expand
ALTER TABLE orders ADD COLUMN a any_type;
-- contract: old name
ALTER TABLE orders RENAME COLUMN a TO b;
-- contract: old name
ALTER TABLE orders RENAME TO purchases;
-- contract: rely on the column
ALTER TABLE orders DROP COLUMN a;
-- contract: use the table
DROP TABLE orders;
---
-- refused: temporary
CREATE TABLE temp.orders (id INTEGER);
-- refused: temporary
CREATE TEMP TABLE orders (id INTEGER);
-- refused: tied to others
CREATE VIRTUAL TABLE words USING fts5(word);
-- refused: not on the list
CREATE TRIGGER tr AFTER INSERT ON orders BEGIN UPDATE totals SET n = n + 1; DELETE FROM queue; END;
-- refused: written by nobody else
CREATE TRIGGER tr AFTER INSERT ON orders BEGIN DELETE FROM readiness_migrations; SELECT 1; END;
-- refused: not undone
PRAGMA foreign_keys = OFF;
-- refused: not undone
ATTACH DATABASE 'other.db' AS other;
-- refused: not undone
VACUUM;
-- refused: one transaction
BEGIN IMMEDIATE;
-- refused: one transaction
END;
---
-- data
INSERT OR IGNORE INTO orders VALUES (1, 'a;b');
-- data: without WHERE
UPDATE orders SET note = upper(note);
-- refused: load_extension() does
INSERT INTO orders SELECT load_extension('evil');
-- refused: load_extension() does
CREATE TABLE copies AS SELECT load_extension('evil');
-- expand
CREATE TABLE copies AS SELECT *, datetime('now'), hex(randomblob(4)), json_extract(note, '$.a'), ifnull(id, 1) FROM orders;
-- contract: there is no WHERE
DELETE FROM orders;
-- data: do not come back
DELETE FROM orders WHERE id = 1;
-- refused: written by the server itself
DELETE FROM sqlite_sequence WHERE name = 'orders';
-- refused: written by nobody else
DELETE FROM main.readiness_epoch WHERE one = 1;
-- data
INSERT INTO notes VALUES ('readiness_migrations');
---
-- There is one writer in any case, and readers go on: what follows a change of a table may take long.
-- expand
ALTER TABLE orders ADD COLUMN a TEXT;
-- data
UPDATE orders SET a = upper(note) WHERE id < 5000;
---
-- The way in which SQLite changes a table: the worst of it counts.
-- expand
CREATE TABLE orders_new (id INTEGER PRIMARY KEY, note TEXT NOT NULL);
-- data
INSERT INTO orders_new SELECT id, note FROM orders;
-- contract: use the table
DROP TABLE orders;
-- expand
ALTER TABLE orders_new RENAME TO orders;
