-- Keys that sign what other programs verify (Remote-Assertion). Each is published from the moment that it is made, signs from
-- signs_at on until the next one does, and goes when nothing that it signed can be valid any more (docs/design.md).
CREATE TABLE signing_key (
	number     INTEGER NOT NULL PRIMARY KEY,       -- 1, 2, 3 …: of several that make the next at a time, one succeeds
	algorithm  TEXT NOT NULL,                      -- ES256
	point      BLOB NOT NULL,                      -- public: 04, x, y
	sealed     BLOB NOT NULL,                      -- the private number, sealed for the thumbprint of the point
	created_at INTEGER NOT NULL,
	signs_at   INTEGER NOT NULL
) STRICT;
