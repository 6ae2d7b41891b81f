-- A spent step stands in its key alone, and a known device is found by whose it is: fewer pages in the commit of a sign-in. They are the
-- same rows else. Where an index by time follows the key, as for a known device, a row of its own keeps that index in the order of arrival.

CREATE TABLE keyed_spent_step (
	totp_id BLOB NOT NULL REFERENCES totp (id) ON DELETE CASCADE,
	step    INTEGER NOT NULL,
	place   INTEGER NOT NULL,
	PRIMARY KEY (totp_id, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE keyed_known_device (
	account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	token      BLOB NOT NULL,
	expires_at INTEGER NOT NULL,
	PRIMARY KEY (account_id, token)
) STRICT;

INSERT INTO keyed_spent_step (totp_id, step, place) SELECT totp_id, step, place FROM spent_step;
INSERT INTO keyed_known_device (account_id, token, expires_at) SELECT account_id, token, expires_at FROM known_device;

DROP TABLE spent_step;
DROP TABLE known_device;
ALTER TABLE keyed_spent_step RENAME TO spent_step;
ALTER TABLE keyed_known_device RENAME TO known_device;

CREATE INDEX known_device_expires ON known_device (expires_at);
