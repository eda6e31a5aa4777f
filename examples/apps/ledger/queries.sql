-- The queries of both programs, each below its name. They are the same for PostgreSQL, MySQL and SQLite; parameters stand as :name.

-- make_accounts
CREATE TABLE IF NOT EXISTS accounts (name VARCHAR(40) PRIMARY KEY, balance INTEGER NOT NULL CHECK (balance >= 0))

-- make_transfers
CREATE TABLE IF NOT EXISTS transfers (
  id VARCHAR(40) PRIMARY KEY, source VARCHAR(40) NOT NULL, target VARCHAR(40) NOT NULL, amount INTEGER NOT NULL, at DOUBLE PRECISION NOT NULL
)

-- accounts
SELECT name, balance FROM accounts ORDER BY name

-- account
SELECT name, balance FROM accounts WHERE name = :name

-- open
INSERT INTO accounts VALUES (:name, :balance)

-- transfer
SELECT id, source, target, amount FROM transfers WHERE id = :id

-- book
INSERT INTO transfers VALUES (:id, :source, :target, :amount, :at)

-- take
UPDATE accounts SET balance = balance - :amount WHERE name = :source AND balance >= :amount

-- give
UPDATE accounts SET balance = balance + :amount WHERE name = :target

-- circles
SELECT a.source AS one, b.source AS two, c.source AS three, count(*) AS times
FROM transfers a
  JOIN transfers b ON b.source = a.target AND b.at > a.at
  JOIN transfers c ON c.source = b.target AND c.target = a.source AND c.at > b.at
GROUP BY a.source, b.source, c.source ORDER BY times DESC, one, two LIMIT 10
