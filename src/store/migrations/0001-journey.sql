-- The two-step journey. Keys are 128-bit random ids; times are seconds since 1970; tokens are kept as SHA-256 alone.
-- Written in SQLite's words; another engine's driver translates three of them: BLOB, INTEGER and STRICT.

CREATE TABLE meta (
	name  TEXT NOT NULL PRIMARY KEY,
	value BLOB NOT NULL
) STRICT;

CREATE TABLE account (
	id                  BLOB NOT NULL PRIMARY KEY,
	email               TEXT NOT NULL UNIQUE,      -- lower case, trimmed
	name                TEXT NOT NULL,
	locale              TEXT NOT NULL,
	password            BLOB NOT NULL,             -- the Argon2id string, sealed for this account
	password_at         INTEGER NOT NULL,
	password_version    INTEGER NOT NULL DEFAULT 0, -- raised by each change: half sign-ins of an older one are void
	setup_required_at   INTEGER,                   -- second step was reset: set up before anything else
	step_cleared_at     INTEGER,                   -- a password reset last cleared the counter of wrong second steps
	created_at          INTEGER NOT NULL,
	closed_at           INTEGER,
	version             INTEGER NOT NULL DEFAULT 0 -- locked by raising it, where rows are locked
) STRICT;

-- A try to sign up: its own code, its own password. One for an address that has an account looks the same and never ends well.
CREATE TABLE signup (
	id             BLOB NOT NULL PRIMARY KEY,
	token          BLOB NOT NULL UNIQUE,
	email          TEXT NOT NULL,
	name           TEXT NOT NULL,
	locale         TEXT NOT NULL,
	password       BLOB NOT NULL,                  -- sealed for this try's id
	expires_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX signup_email ON signup (email);
CREATE INDEX signup_expires ON signup (expires_at);

-- One code for a purpose and a subject (a try, a set-up, an account); a newer one takes its place.
CREATE TABLE email_code (
	purpose    INTEGER NOT NULL,
	subject    BLOB NOT NULL,
	digest     BLOB NOT NULL,
	wrong      INTEGER NOT NULL DEFAULT 0,
	expires_at INTEGER NOT NULL,
	PRIMARY KEY (purpose, subject)
) STRICT;
CREATE INDEX email_code_expires ON email_code (expires_at);

CREATE TABLE totp (
	id         BLOB NOT NULL PRIMARY KEY,          -- the enrolment
	account_id BLOB NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,
	secret     BLOB NOT NULL,                      -- sealed for account and enrolment
	enabled_at INTEGER NOT NULL
) STRICT;

-- Steps spent by an enrolment, on any surface. The newest 32 by insertion (place) are kept.
CREATE TABLE spent_step (
	totp_id BLOB NOT NULL REFERENCES totp (id) ON DELETE CASCADE,
	step    INTEGER NOT NULL,
	place   INTEGER NOT NULL,
	PRIMARY KEY (totp_id, step)
) STRICT;

CREATE TABLE recovery_set (
	id         BLOB NOT NULL PRIMARY KEY,
	account_id BLOB NOT NULL UNIQUE REFERENCES account (id) ON DELETE CASCADE,
	issued_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE recovery_code (
	set_id  BLOB NOT NULL REFERENCES recovery_set (id) ON DELETE CASCADE,
	digest  BLOB NOT NULL,
	used_at INTEGER,                               -- spent; kept, so that its owner is told so
	PRIMARY KEY (set_id, digest)
) STRICT;

CREATE TABLE session (
	id             BLOB NOT NULL PRIMARY KEY,
	token          BLOB NOT NULL UNIQUE,
	account_id     BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	enrolment      BLOB REFERENCES totp (id) ON DELETE CASCADE, -- the one its second step used: it dies with it
	bearer         INTEGER NOT NULL,
	methods        INTEGER NOT NULL,               -- bits of enum method_used
	remembered     INTEGER NOT NULL,               -- a remembered device spared the second step
	signed_in_at   INTEGER NOT NULL,
	confirmed_at   INTEGER NOT NULL,               -- the password was last given
	second_step_at INTEGER,                        -- the second step was last given
	last_seen_at   INTEGER NOT NULL,
	ends_at        INTEGER NOT NULL,               -- whatever happens
	browser        TEXT NOT NULL,
	address        TEXT NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_enrolment ON session (enrolment);
CREATE INDEX session_ends ON session (ends_at);

-- The password was right, the second step is owed. Opens nothing.
CREATE TABLE login (
	token      BLOB NOT NULL PRIMARY KEY,
	account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	bearer     INTEGER NOT NULL,
	version    INTEGER NOT NULL,                   -- account.password_version when the password was right
	wrong      INTEGER NOT NULL DEFAULT 0,
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX login_account ON login (account_id);
CREATE INDEX login_expires ON login (expires_at);

CREATE TABLE remembered_device (
	id           BLOB NOT NULL PRIMARY KEY,
	token        BLOB NOT NULL UNIQUE,
	account_id   BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	enrolment    BLOB NOT NULL REFERENCES totp (id) ON DELETE CASCADE,
	browser      TEXT NOT NULL,
	address      TEXT NOT NULL,
	created_at   INTEGER NOT NULL,
	last_used_at INTEGER NOT NULL,
	expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX remembered_device_account ON remembered_device (account_id);
CREATE INDEX remembered_device_enrolment ON remembered_device (enrolment);
CREATE INDEX remembered_device_expires ON remembered_device (expires_at);

-- A browser that has signed in to this account before: keeps the owner's door open while strangers guess.
CREATE TABLE known_device (
	token      BLOB NOT NULL PRIMARY KEY,
	account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX known_device_account ON known_device (account_id);
CREATE INDEX known_device_expires ON known_device (expires_at);

-- A set-up under way, or a new phone. Nothing of the account changes before it is complete.
CREATE TABLE setup (
	id         BLOB NOT NULL PRIMARY KEY,          -- becomes the enrolment
	session_id BLOB NOT NULL UNIQUE REFERENCES session (id) ON DELETE CASCADE,
	account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	replaces   INTEGER NOT NULL,                   -- a new phone
	state      INTEGER NOT NULL,                   -- enum setup_state
	secret     BLOB,                               -- sealed
	step       INTEGER,                            -- of the code typed: spent
	codes      BLOB,                               -- sealed, so that reload and back show them to this session
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX setup_account ON setup (account_id);
CREATE INDEX setup_expires ON setup (expires_at);

-- New recovery codes shown, the old ones hold until they are said to be saved.
CREATE TABLE reissue (
	session_id BLOB NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
	set_id     BLOB NOT NULL,                      -- the set that they will be
	account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	codes      BLOB NOT NULL,                      -- sealed
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX reissue_account ON reissue (account_id);
CREATE INDEX reissue_expires ON reissue (expires_at);

-- Counters of failures: kind, whose (account id, or digest of an address without one), network. Charged before the verdict.
CREATE TABLE failure (
	kind          INTEGER NOT NULL,
	subject       BLOB NOT NULL,
	network       BLOB NOT NULL,
	count         INTEGER NOT NULL,
	blocked_until INTEGER NOT NULL,
	changed_at    INTEGER NOT NULL,
	PRIMARY KEY (kind, subject, network)
) STRICT;
CREATE INDEX failure_changed ON failure (kind, changed_at);

-- Mails that an address got, for the limits of contract 2.1. address: a digest.
CREATE TABLE mail_sent (
	id      BLOB NOT NULL PRIMARY KEY,
	purpose INTEGER NOT NULL,
	address BLOB NOT NULL,
	network BLOB NOT NULL,
	known   INTEGER NOT NULL,                      -- asked for by a known device: its own three a day
	at      INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_sent_address ON mail_sent (purpose, address, at);
CREATE INDEX mail_sent_at ON mail_sent (at);

CREATE TABLE mail_queue (
	id         BLOB NOT NULL PRIMARY KEY,
	recipient  TEXT NOT NULL,
	message    BLOB NOT NULL,                      -- RFC 5322, sealed: it may carry a code
	tries      INTEGER NOT NULL DEFAULT 0,
	next_at    INTEGER NOT NULL,
	expires_at INTEGER,                            -- of its code; NULL: keep trying for three days
	created_at INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_queue_next ON mail_queue (next_at);

CREATE TABLE audit_event (
	number     INTEGER NOT NULL PRIMARY KEY,
	at         INTEGER NOT NULL,
	actor_id   BLOB,                               -- account; NULL: nobody signed in
	action     TEXT NOT NULL,
	account_id BLOB,                               -- whom it concerns
	address    TEXT NOT NULL,
	browser    TEXT NOT NULL,
	details    TEXT NOT NULL
) STRICT;
CREATE INDEX audit_event_account ON audit_event (account_id, number);
CREATE INDEX audit_event_at ON audit_event (at);
