-- Guarding applications on other hosts than our own.

-- Somebody who is signed in, on their way to an application. The code serves once, at that host, in the browser that began.
CREATE TABLE hand_over (
	code       BLOB NOT NULL PRIMARY KEY,          -- digest
	session_id BLOB NOT NULL REFERENCES session (id) ON DELETE CASCADE,
	host       TEXT NOT NULL,
	nonce      BLOB NOT NULL,                      -- digest of the browser's cookie there
	place      TEXT NOT NULL,                      -- the address to come back to
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX hand_over_session ON hand_over (session_id);
CREATE INDEX hand_over_expires ON hand_over (expires_at);

-- A session as another host knows it: opens that host alone, and ends with the session.
CREATE TABLE app_session (
	token      BLOB NOT NULL PRIMARY KEY,          -- digest
	session_id BLOB NOT NULL REFERENCES session (id) ON DELETE CASCADE,
	account_id BLOB NOT NULL,                      -- of the session
	host       TEXT NOT NULL,
	opened_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX app_session_session ON app_session (session_id, host, opened_at);
