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
-- expand
ALTER TABLE orders ADD COLUMN reference TEXT;
-- expand
ALTER TABLE orders ADD COLUMN level INTEGER NOT NULL DEFAULT 0;
-- refused: differ from row to row
ALTER TABLE orders ADD COLUMN level INTEGER DEFAULT (random());
-- contract: old name
ALTER TABLE orders RENAME COLUMN a TO b;
-- contract: old name
ALTER TABLE orders RENAME TO purchases;
-- contract: rely on the column
ALTER TABLE orders DROP COLUMN a;
-- contract: use the table
DROP TABLE orders;
---
-- refused: tied to others
CREATE VIRTUAL TABLE words USING fts5(word);
-- refused: not on the list
CREATE TRIGGER tr AFTER INSERT ON orders BEGIN UPDATE totals SET n = n + 1; DELETE FROM queue; END;
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
-- refused: not on the list
REPLACE INTO orders VALUES (1);
-- data: without WHERE
UPDATE orders SET note = upper(note);
-- refused: load_extension() does
INSERT INTO orders SELECT load_extension('evil');
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
