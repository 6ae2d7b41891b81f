-- Recovery codes took two thirds of an account's room: a set has a number now, which its codes are kept under, and of a digest the
-- first 128 bits stay (RFC 2104 section 5: half of the hash; a code has 80). They are the same rows else.

CREATE TABLE numbered_set (
	number     INTEGER NOT NULL PRIMARY KEY,
	id         BLOB NOT NULL,                      -- what the digests are bound to
	account_id BLOB NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,
	issued_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE numbered_code (
	set_number INTEGER NOT NULL REFERENCES numbered_set (number) ON DELETE CASCADE,
	digest     BLOB NOT NULL,
	used_at    INTEGER,                            -- spent; kept, so that its owner is told so
	PRIMARY KEY (set_number, digest)
) STRICT, WITHOUT ROWID;

INSERT INTO numbered_set (id, account_id, issued_at) SELECT id, account_id, issued_at FROM recovery_set;
INSERT INTO numbered_code SELECT s.number, substr(c.digest, 1, 16), c.used_at FROM recovery_code c JOIN numbered_set s ON s.id = c.set_id;

DROP TABLE recovery_code;
DROP TABLE recovery_set;
ALTER TABLE numbered_set RENAME TO recovery_set;
ALTER TABLE numbered_code RENAME TO recovery_code;
