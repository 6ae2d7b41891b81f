-- Sessions that nobody used for long are found without a look at each of them, every minute.
CREATE INDEX session_seen ON session (last_seen_at);
