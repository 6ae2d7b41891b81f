-- Organisations: who belongs to them, what they guard, whom they invite, what they demand.

CREATE TABLE organization (
	id                BLOB NOT NULL PRIMARY KEY,
	name              TEXT NOT NULL,
	csv_download      INTEGER NOT NULL DEFAULT 0,     -- enum csv_download
	csv_max_age_s     INTEGER NOT NULL DEFAULT 300,   -- how old the second step may be, where that is asked for
	created_at        INTEGER NOT NULL,
	version           INTEGER NOT NULL DEFAULT 0      -- locked by raising it, where rows are locked
) STRICT;

-- email and name_key are copies of the account's, kept in step with it, so that members sort and search by an index.
CREATE TABLE membership (
	organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
	account_id      BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	role            INTEGER NOT NULL,              -- enum role
	email           TEXT NOT NULL,
	name_key        TEXT NOT NULL,                 -- the name without letter case
	joined_at       INTEGER NOT NULL,
	last_seen_at    INTEGER NOT NULL,              -- of anything that belongs to the organisation, to the minute
	PRIMARY KEY (organization_id, account_id)
) STRICT;
CREATE UNIQUE INDEX membership_owner ON membership (organization_id) WHERE role = 3; -- one owner, whatever races
CREATE INDEX membership_account ON membership (account_id);
CREATE UNIQUE INDEX membership_email ON membership (organization_id, email);
CREATE INDEX membership_name ON membership (organization_id, name_key, account_id);
CREATE INDEX membership_seen ON membership (organization_id, last_seen_at, account_id);

-- The organisations that a session has touched: its sign-in stands in their logs, once.
CREATE TABLE session_organization (
	session_id      BLOB NOT NULL REFERENCES session (id) ON DELETE CASCADE,
	organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
	PRIMARY KEY (session_id, organization_id)
) STRICT;
CREATE INDEX session_organization_organization ON session_organization (organization_id);

-- An application that is guarded.
CREATE TABLE service (
	id              BLOB NOT NULL PRIMARY KEY,
	organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
	name            TEXT NOT NULL,
	assertion       INTEGER NOT NULL DEFAULT 0,    -- wants Remote-Assertion
	created_at      INTEGER NOT NULL,
	UNIQUE (organization_id, name)
) STRICT;

-- The names that it answers to, with the port where that is not the default; one service of the installation each.
CREATE TABLE service_host (
	host       TEXT NOT NULL PRIMARY KEY,          -- lower case
	service_id BLOB NOT NULL REFERENCES service (id) ON DELETE CASCADE
) STRICT;
CREATE INDEX service_host_service ON service_host (service_id);

-- The operator's word on who may claim a host.
CREATE TABLE allowed_host (
	host            TEXT NOT NULL PRIMARY KEY,
	organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
	allowed_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX allowed_host_organization ON allowed_host (organization_id);

CREATE TABLE service_rule (
	service_id            BLOB NOT NULL REFERENCES service (id) ON DELETE CASCADE,
	place                 INTEGER NOT NULL,
	path                  TEXT NOT NULL,
	methods               TEXT NOT NULL,           -- with commas between; "": all
	second_step_max_age_s INTEGER NOT NULL,
	PRIMARY KEY (service_id, place)
) STRICT;

-- What members hold; owner and managers hold everything and stand nowhere here.
CREATE TABLE service_role (
	service_id      BLOB NOT NULL REFERENCES service (id) ON DELETE CASCADE,
	account_id      BLOB NOT NULL,
	organization_id BLOB NOT NULL,
	role            INTEGER NOT NULL,              -- enum service_role
	PRIMARY KEY (service_id, account_id),
	FOREIGN KEY (organization_id, account_id) REFERENCES membership (organization_id, account_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX service_role_member ON service_role (organization_id, account_id);

CREATE TABLE invitation (
	id              BLOB NOT NULL PRIMARY KEY,
	organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
	email           TEXT NOT NULL,
	role            INTEGER NOT NULL,
	digest          BLOB NOT NULL UNIQUE,          -- of code and address
	invited_by      BLOB NOT NULL,                 -- account
	inviter         TEXT NOT NULL,                 -- its address then
	created_at      INTEGER NOT NULL,
	expires_at      INTEGER NOT NULL,
	UNIQUE (organization_id, email)
) STRICT;
CREATE INDEX invitation_email ON invitation (email);
CREATE INDEX invitation_expires ON invitation (expires_at);

CREATE TABLE invitation_role (
	invitation_id BLOB NOT NULL REFERENCES invitation (id) ON DELETE CASCADE,
	service_id    BLOB NOT NULL REFERENCES service (id) ON DELETE CASCADE,
	role          INTEGER NOT NULL,
	PRIMARY KEY (invitation_id, service_id)
) STRICT;
CREATE INDEX invitation_role_service ON invitation_role (service_id);

-- Who demands two-step of all members, and since when. No row: nobody ever did.
CREATE TABLE mandate (
	organization_id BLOB NOT NULL PRIMARY KEY REFERENCES organization (id) ON DELETE CASCADE,
	required        INTEGER NOT NULL,
	from_at         INTEGER NOT NULL,              -- in force from then on; later than now: grace
	session_idle_s  INTEGER NOT NULL,              -- sessions under it end when unused for so long
	set_at          INTEGER NOT NULL,
	set_by          TEXT NOT NULL,                 -- address of who switched it
	version         INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Mails about it that are still to be written, worked off in parts; after: the member that was written to last.
CREATE TABLE mandate_notice (
	organization_id BLOB NOT NULL REFERENCES organization (id) ON DELETE CASCADE,
	kind            INTEGER NOT NULL,              -- enum mandate_notice
	due_at          INTEGER NOT NULL,
	after           BLOB,
	PRIMARY KEY (organization_id, kind)
) STRICT;
CREATE INDEX mandate_notice_due ON mandate_notice (due_at);

-- A move to another address: the code goes to the new one.
CREATE TABLE email_change (
	session_id BLOB NOT NULL PRIMARY KEY REFERENCES session (id) ON DELETE CASCADE,
	id         BLOB NOT NULL UNIQUE,
	account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	email      TEXT NOT NULL,                      -- the new one
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX email_change_account ON email_change (account_id);
CREATE INDEX email_change_expires ON email_change (expires_at);

-- The way back, mailed to the old address.
CREATE TABLE email_undo (
	token      BLOB NOT NULL PRIMARY KEY,
	account_id BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
	email      TEXT NOT NULL,                      -- the old one
	expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX email_undo_account ON email_undo (account_id);
CREATE INDEX email_undo_email ON email_undo (email);
CREATE INDEX email_undo_expires ON email_undo (expires_at);

-- An account that is closed is deleted.
ALTER TABLE account DROP COLUMN closed_at;
ALTER TABLE account ADD COLUMN signed_in_at INTEGER; -- last; NULL: never

-- An hour's wrong passwords are one event: when the last was written.
ALTER TABLE failure ADD COLUMN noted_at INTEGER NOT NULL DEFAULT 0;

-- In which organisation; NULL: in none, a matter of the account alone. actor and target say it in words, as they were then.
ALTER TABLE audit_event ADD COLUMN organization_id BLOB;
ALTER TABLE audit_event ADD COLUMN actor TEXT NOT NULL DEFAULT '';
ALTER TABLE audit_event ADD COLUMN target TEXT NOT NULL DEFAULT '';
CREATE INDEX audit_event_organization ON audit_event (organization_id, at, number) WHERE organization_id IS NOT NULL;
CREATE INDEX audit_event_organization_actor ON audit_event (organization_id, actor_id, at, number) WHERE organization_id IS NOT NULL;
CREATE INDEX audit_event_organization_target ON audit_event (organization_id, account_id, at, number) WHERE organization_id IS NOT NULL;
CREATE INDEX audit_event_organization_action ON audit_event (organization_id, action, at, number) WHERE organization_id IS NOT NULL;
