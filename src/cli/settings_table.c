#include "cli/settings_values.h"

#include "base/banned.h"

#define MEMBER(member) offsetof(struct settings, member)

const struct setting settings_table[SETTING_COUNT] = {
	[SETTING_CONFIG] = {
		"--config", NULL, NULL, "FILE", NULL,
		"a file with settings, a line each: listen = \"127.0.0.1:8080\"",
		"the path of a file that can be read, of at most 64 KiB", read_nothing, 0 },
	[SETTING_LISTEN] = {
		"--listen", "TWOSTEP_LISTEN", "listen", "ADDR:PORT", "127.0.0.1:8080",
		"where it serves; also unix:PATH; a socket from systemd goes first",
		"ADDR:PORT with a numeric IPv4 address or an IPv6 address in brackets and a port from 0 to 65535, or unix:PATH",
		read_listen, MEMBER(listen) },
	[SETTING_PUBLIC_URL] = {
		"--public-url", "TWOSTEP_PUBLIC_URL", "public-url", "URL", "http://localhost:8080",
		"the address that people type: decides cookie names, links, origins",
		"http://HOST[:PORT] or https://HOST[:PORT] without path, query or user", read_public_url, MEMBER(public_url) },
	[SETTING_NAME] = {
		"--name", "TWOSTEP_NAME", "name", "NAME", "twostep",
		"the product name shown in pages, mails and the authenticator app",
		"1 to 64 characters without control characters and without a colon", read_name, MEMBER(name) },
	[SETTING_USER] = {
		"--user", "TWOSTEP_USER", "user", "NAME", NULL,
		"whom root changes to, for good, once the port is open",
		"a user of this machine other than root", read_user, MEMBER(user) },
	[SETTING_DATA] = {
		"--data", "TWOSTEP_DATA", "data", "DIR", "./data",
		"folder of database, keyring and file mail; made with mode 0700",
		"a folder that only its owner can enter (mode 0700) and that no other twostep uses", read_folder, MEMBER(data) },
	[SETTING_DATABASE] = {
		"--database", "TWOSTEP_DATABASE", "database", "URL", "sqlite:DIR/twostep.db",
		"the database", "sqlite:PATH", read_database, MEMBER(database) },
	[SETTING_MAIL] = {
		"--mail", "TWOSTEP_MAIL", "mail", "URL", "file:DIR/outbox",
		"where mail goes; or smtp://USER:PASSWORD@HOST:PORT, smtps://…",
		"file:DIR, or smtp:// or smtps:// with [USER[:PASSWORD]@]HOST[:PORT]; a password never in a flag", read_mail, MEMBER(mail) },
	[SETTING_MAIL_PASSWORD_FILE] = {
		"--mail-password-file", "TWOSTEP_MAIL_PASSWORD_FILE", "mail-password-file", "FILE", NULL,
		"the password for the user of --mail, on the first line of a file",
		"a file (mode 0600) whose first line is the password, of 1 to 1024 bytes, where --mail has a user and no password",
		read_mail_password_file, 0 },
	[SETTING_MAIL_FROM] = {
		"--mail-from", "TWOSTEP_MAIL_FROM", "mail-from", "ADDR", "twostep@localhost",
		"sender of all mails; smtp wants one of your own",
		"a plain e-mail address such as login@example.com, with smtp another one than the default", read_mail_from, MEMBER(mail_from) },
	[SETTING_ALLOW_FILE_MAIL] = {
		"--allow-file-mail", "TWOSTEP_ALLOW_FILE_MAIL", "allow-file-mail", NULL, "no",
		"lets mail go to files where the public URL is https", "yes or no (also true, false, 1, 0)", read_switch,
		MEMBER(allow_file_mail) },
	[SETTING_MAIL_PRINT] = {
		NULL, "TWOSTEP_MAIL_PRINT", NULL, NULL, NULL,
		"1: print file mail on standard output, as on a terminal", "1 or 0", read_print, MEMBER(mail_print) },
	[SETTING_KEYRING] = {
		"--keyring", "TWOSTEP_KEYRING", "keyring", "FILE", "DIR/keyring",
		"the keys that seal secrets; made at the first start with mode 0600",
		"the keyring that this database was begun with, readable by its owner alone (mode 0600)", read_path, MEMBER(keyring) },
	[SETTING_LOCALE] = {
		"--locale", "TWOSTEP_LOCALE", "locale", "TAG", "en",
		"language where a person has said none: en, ko", "en or ko", read_locale, MEMBER(locale) },
	[SETTING_PASSWORD_POLICY] = {
		"--password-policy", "TWOSTEP_PASSWORD_POLICY", "password-policy", "NAME", "nist",
		"nist: length, block-lists, strength; classic: also kinds and runs", "nist or classic",
		read_password_policy, MEMBER(password_policy) },
	[SETTING_PASSWORD_MIN] = {
		"--password-min", "TWOSTEP_PASSWORD_MIN", "password-min", "N", "15",
		"shortest password in characters, at least 8", "a whole number from 8 to 128", read_password_min, MEMBER(password_min) },
	[SETTING_MEMBERS_MAX] = {
		"--members-max", "TWOSTEP_MEMBERS_MAX", "members-max", "N", "0",
		"members and invitations an organisation may have; 0: no limit",
		"a whole number from 0 to 1000000", read_members_max, MEMBER(members_max) },
	[SETTING_AUDIT_DAYS] = {
		"--audit-days", "TWOSTEP_AUDIT_DAYS", "audit-days", "N", "400",
		"days that what was done stays in the audit logs", "a whole number from 1 to 36500",
		read_audit_days, MEMBER(audit_days) },
	[SETTING_ORGANIZATIONS] = {
		"--organizations", "TWOSTEP_ORGANIZATIONS", "organizations", "MODE", "signed-in",
		"who may create organisations: signed-in, or operator (by command only)", "signed-in or operator",
		read_organizations, MEMBER(organizations) },
	[SETTING_CONTACT] = {
		"--contact", "TWOSTEP_CONTACT", "contact", "TEXT", NULL,
		"whom people are told to ask", "1 to 200 characters without control characters", read_contact, MEMBER(contact) },
	[SETTING_SIGNUP] = {
		"--signup", "TWOSTEP_SIGNUP", "signup", "MODE", "open",
		"who may sign up: open, invitation, or domain:example.com,…",
		"open, invitation, or domain: and host names with commas between", read_signup, MEMBER(signup) },
	[SETTING_TRUSTED_PROXIES] = {
		"--trusted-proxies", "TWOSTEP_TRUSTED_PROXIES", "trusted-proxies", "CIDR,…", NULL,
		"whose X-Forwarded-* headers are believed; unix: peers on a Unix socket",
		"addresses or networks such as 10.0.0.0/8 and fd00::/8 with commas between, and unix",
		read_trusted_proxies, MEMBER(trusted_proxies) },
	[SETTING_LOG_LEVEL] = {
		"--log-level", "TWOSTEP_LOG_LEVEL", "log-level", "LEVEL", "info",
		"error, warn, info or debug", "error, warn, info or debug", read_log_level, MEMBER(log_level) },
	[SETTING_LOG_FORMAT] = {
		"--log-format", "TWOSTEP_LOG_FORMAT", "log-format", "FORMAT", "text",
		"text or json, on standard error", "text or json", read_log_format, MEMBER(log_json) },
};
