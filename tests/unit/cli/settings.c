#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/log.h"
#include "cli/settings.h"
#include "cli/settings_file.h"

#define WORDS 12

/* One reading: flags, environment, and a file at a path of its own where `file` is not NULL. */
struct reading {
	const char *flags[WORDS], *environment[WORDS], *file;
	struct arena arena;
	struct settings settings;
	struct settings_given given;
	struct setting_wrong wrong;
	enum err err;
};

static const char file_path[] = "settings-test.conf";
static char config_flag[] = "--config=settings-test.conf"; /* `given` points into it */

static void read_all(struct reading *reading)
{
	char *flags[WORDS + 2] = { 0 }, *environment[WORDS + 1] = { 0 };
	size_t count = 0;

	if (reading->file) {
		FILE *file = fopen(file_path, "w");

		assert_non_null(file);
		fputs(reading->file, file);
		fclose(file);
		flags[count++] = config_flag;
	}
	for (size_t i = 0; i < WORDS && reading->flags[i]; i++)
		flags[count++] = (char *)(uintptr_t)reading->flags[i];
	for (size_t i = 0; i < WORDS && reading->environment[i]; i++)
		environment[i] = (char *)(uintptr_t)reading->environment[i];
	reading->err = settings_read(&reading->arena, flags, environment, &reading->settings, &reading->given, &reading->wrong);
	if (!reading->err)
		reading->err = settings_read_mail(&reading->arena, &reading->settings, &reading->given, &reading->wrong);
	if (reading->file)
		unlink(file_path);
}

static void done(struct reading *reading)
{
	arena_done(&reading->arena);
}

static void has_the_defaults_of_the_contract(void **state)
{
	SCOPED(done) struct reading r = { 0 };
	(void)state;

	read_all(&r);
	assert_string_equal(r.wrong.line, "");
	assert_int_equal(r.err, OK);
	assert_string_equal(r.settings.listen, "127.0.0.1:8080");
	assert_string_equal(r.settings.public_url, "http://localhost:8080");
	assert_string_equal(r.settings.public_host, "localhost:8080");
	assert_true(r.settings.public_loopback);
	assert_false(r.settings.https);
	assert_string_equal(r.settings.name, "twostep");
	assert_string_equal(r.settings.data, "./data");
	assert_string_equal(r.settings.database, "./data/twostep.db");
	assert_string_equal(r.settings.mail, "file:./data/outbox");
	assert_string_equal(r.settings.mail_from, "twostep@localhost");
	assert_string_equal(r.settings.keyring, "./data/keyring");
	assert_int_equal(r.settings.locale, LOCALE_EN);
	assert_int_equal(r.settings.password_policy, POLICY_NIST);
	assert_int_equal(r.settings.password_min, 15);
	assert_int_equal(r.settings.members_max, 0);
	assert_int_equal(r.settings.audit_days, 400);
	assert_int_equal(r.settings.organizations, ORGANIZATIONS_SIGNED_IN);
	assert_null(r.settings.contact);
	assert_int_equal(r.settings.signup, SIGNUP_OPEN);
	assert_int_equal(r.settings.trusted_proxies_count, 0);
	assert_false(r.settings.trust_unix);
	assert_int_equal(r.settings.log_level, LOG_INFO);
	assert_false(r.settings.log_json);
}

/* Flag over environment over file over default, each seen to win. */
static void a_flag_wins_over_environment_over_file(void **state)
{
	static const struct {
		const char *flag, *environment, *file, *name;
	} cases[] = {
		{ "--name=flag", "TWOSTEP_NAME=environment", "name = file", "flag" },
		{ NULL, "TWOSTEP_NAME=environment", "name = file", "environment" },
		{ NULL, "TWOSTEP_NAME=", "name = file", "file" },
		{ NULL, NULL, "name = \"from a file\" # comment\n", "from a file" },
		{ NULL, NULL, "# nothing\n", "twostep" },
		{ NULL, NULL, "", "twostep" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .flags = { cases[i].flag }, .environment = { cases[i].environment }, .file = cases[i].file };

		read_all(&r);
		if (r.err || strcmp(r.settings.name, cases[i].name))
			fail_msg("case %zu: %d %s: %s", i, r.err, r.wrong.line, r.err ? "" : r.settings.name);
	}
}

/* What is right, and what becomes of it: read by a flag and shown as the member that it fills. */
static void reads_what_is_right(void **state)
{
	static const struct {
		const char *flags[3];
		size_t offset;
		const char *text;
	} cases[] = {
#define CASE(member, text, ...) { { __VA_ARGS__ }, offsetof(struct settings, member), text }
		CASE(listen, "0.0.0.0:0", "--listen", "0.0.0.0:0"),
		CASE(listen, "[::1]:65535", "--listen=[::1]:65535"),
		CASE(listen, "unix:/run/twostep.sock", "--listen=unix:/run/twostep.sock"),
		CASE(public_url, "https://login.example.com", "--public-url=HTTPS://Login.Example.Com/", "--allow-file-mail"),
		CASE(public_url, "https://login.example.com", "--public-url=https://login.example.com:443", "--allow-file-mail"),
		CASE(public_host, "login.example.com:8443", "--public-url=https://login.example.com:8443", "--allow-file-mail=yes"),
		CASE(public_url, "http://localhost", "--public-url=http://localhost:80/"),
		CASE(public_url, "http://[::1]:8080", "--public-url=http://[::1]:8080"),
		CASE(public_url, "http://[::1]:8080", "--public-url=http://[0:0:0:0:0:0:0:1]:8080"),
		CASE(public_host, "[2001:db8::ab]", "--public-url=http://[2001:0DB8:0:0::00AB]:80/"),
		CASE(name, "\xec\xbd\x98\xec\x86\x94 1", "--name", "\xec\xbd\x98\xec\x86\x94 1"),
		CASE(data, "/srv/x", "--data=/srv/x//"),
		CASE(database, "/srv/x/twostep.db", "--data=/srv/x"),
		CASE(keyring, "/srv/x/keyring", "--data=/srv/x"),
		CASE(mail, "file:/srv/x/outbox", "--data=/srv/x"),
		CASE(database, "a=b.db", "--database=sqlite:a=b.db"),
		CASE(mail, "smtp://mail.example.com:587", "--mail=smtp://mail.example.com:587/", "--mail-from=a@b.example"),
		CASE(mail, "smtps://a%40b@[::1]", "--mail=smtps://a%40b@[::1]", "--mail-from=a@b.example"),
		CASE(mail_user, "a@b", "--mail=smtps://a%40b@[::1]", "--mail-from=a@b.example"),
		CASE(user, "twostep", "--user", "twostep"),
		CASE(contact, "ask 1234", "--contact=ask 1234"),
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .flags = { cases[i].flags[0], cases[i].flags[1], cases[i].flags[2] } };
		const char *text;

		read_all(&r);
		text = r.err ? r.wrong.line : *(const char **)((char *)&r.settings + cases[i].offset);
		if (!text || strcmp(text, cases[i].text))
			fail_msg("%s: %s", cases[i].flags[0], text ? text : "nothing");
	}
}

static void knows_loopback_names(void **state)
{
	static const struct {
		const char *url;
		bool loopback;
	} cases[] = {
		{ "http://localhost", true },     { "http://app.localhost:81", true }, { "http://127.9.9.9", true },
		{ "http://[::1]", true },         { "http://notlocalhost", false },    { "http://localhost.example.com", false },
		{ "http://128.0.0.1", false },    { "http://[::2]", false },           { "http://127.0.0.1.example.com", false },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .flags = { "--public-url", cases[i].url } };

		read_all(&r);
		if (r.err || r.settings.public_loopback != cases[i].loopback)
			fail_msg("%s: %s", cases[i].url, r.wrong.line);
	}
}

/* Where mail may go in the clear: a name that begins as an address does is none. */
static void knows_mail_servers_of_this_machine(void **state)
{
	static const struct {
		const char *mail;
		bool loopback;
	} cases[] = {
		{ "smtp://localhost", true },      { "smtp://LOCALHOST:25", true },       { "smtp://kim@mail.localhost:587/", true },
		{ "smtp://127.0.0.1:25", true },   { "smtps://kim@127.9.9.9", true },     { "smtp://[::1]:25", true },
		{ "smtp://127.example.com", false }, { "smtp://127.0.0.1.example.com:25", false }, { "smtp://localhost.example.com", false },
		{ "smtp://kim@127.1:25", false },  { "smtp://0.0.0.0", false },           { "smtp://[::2]", false },
		{ "smtp://notlocalhost", false },  { "smtp://127.0.0.1@mail.example.com", false },
		{ "smtp://localhost@mail.example.com", false }, { "file:127.0.0.1", false },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .flags = { "--mail", cases[i].mail, "--mail-from=a@b.example" } };

		read_all(&r);
		if (r.err || r.settings.mail_loopback != cases[i].loopback)
			fail_msg("%s: %s", cases[i].mail, r.wrong.line);
	}
}

static void knows_where_everybody_is_trusted(void **state)
{
	static const struct {
		const char *networks;
		bool everybody;
	} cases[] = {
		{ "0.0.0.0/0", true },      { "::/0", true },          { "::ffff:0:0/96", true },    { "::/64", true },  { "10.0.0.0/8,::/0", true },
		{ "127.0.0.1", false },     { "128.0.0.0/1", false },  { "::fffe:0:0/96", false },   { "fd00::/8", false },
		{ "::ffff:0:0/97", false }, { "unix", false },         { "::/97", false },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .flags = { "--trusted-proxies", cases[i].networks } };

		read_all(&r);
		if (r.err || settings_trust_everybody(&r.settings) != cases[i].everybody)
			fail_msg("%s: %s", cases[i].networks, r.wrong.line);
	}
}

static void reads_networks(void **state)
{
	SCOPED(done) struct reading r = { .flags = { "--trusted-proxies=10.0.0.0/8, unix , 192.0.2.7,fd00::/8,::1 " } };
	static const struct cidr wanted[] = {
		{ { [10] = 0xff, [11] = 0xff, [12] = 10 }, 104 },
		{ { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 7 }, 128 },
		{ { [0] = 0xfd }, 8 },
		{ { [15] = 1 }, 128 },
	};
	(void)state;

	read_all(&r);
	assert_string_equal(r.wrong.line, "");
	assert_true(r.settings.trust_unix);
	assert_int_equal(r.settings.trusted_proxies_count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_memory_equal(r.settings.trusted_proxies[i].address, wanted[i].address, 16);
		assert_int_equal(r.settings.trusted_proxies[i].prefix_bits, wanted[i].prefix_bits);
	}
}

static void reads_domains_of_sign_up(void **state)
{
	SCOPED(done) struct reading r = { .flags = { "--signup", "domain:Example.com, b.example" } };
	(void)state;

	read_all(&r);
	assert_int_equal(r.err, OK);
	assert_int_equal(r.settings.signup, SIGNUP_DOMAINS);
	assert_string_equal(r.settings.signup_domains[0], "example.com");
	assert_string_equal(r.settings.signup_domains[1], "b.example");
	assert_null(r.settings.signup_domains[2]);
}

/* Each wrong setting: the line begins with the setting as it was given, and names what it got. */
static void refuses_what_is_wrong(void **state)
{
	static const struct {
		const char *flags[3];
		const char *line; /* what it must begin with */
	} cases[] = {
		{ { "--listen", "8080" }, "--listen: got \"8080\"; takes ADDR:PORT" },
		{ { "--listen=localhost:80" }, "--listen: got " },
		{ { "--listen=127.0.0.1:65536" }, "--listen: got " },
		{ { "--listen=127.0.0.1:" }, "--listen: got " },
		{ { "--listen=127.0.0.1:+1" }, "--listen: got " },
		{ { "--listen=127.0.0.1:080 " }, "--listen: got " },
		{ { "--listen=::1:80" }, "--listen: got " },
		{ { "--listen=[::1]80" }, "--listen: got " },
		{ { "--listen=[127.0.0.1]:80" }, "--listen: got " },
		{ { "--listen=127.1:80" }, "--listen: got " },
		{ { "--listen=unix:" }, "--listen: got \"unix:\"; takes" },
		{ { "--listen" }, "--listen: got nothing; takes ADDR:PORT" },
		{ { "--listen=" }, "--listen: got nothing; takes ADDR:PORT" },
		{ { "--public-url=ftp://x" }, "--public-url: got \"ftp://x\"; takes http" },
		{ { "--public-url=http://" }, "--public-url: got " },
		{ { "--public-url=http://a/b" }, "--public-url: got \"http://a/b\", which has a path" },
		{ { "--public-url=http://a?b" }, "--public-url: got \"http://a?b\", which has a path" },
		{ { "--public-url=http://u:p@a" }, "--public-url: got \"http://u:***@a\", which names a user; takes" },
		{ { "--public-url=http://a b" }, "--public-url: got " },
		{ { "--public-url=http://a:0" }, "--public-url: got " },
		{ { "--public-url=http://a:99999" }, "--public-url: got " },
		{ { "--public-url=http://[::1" }, "--public-url: got " },
		{ { "--public-url=http://[::ffff:127.0.0.1]" }, "--public-url: got \"http://[::ffff:127.0.0.1]\", which is IPv4 inside IPv6" },
		{ { "--public-url=http://[::ffff:7f00:1]" }, "--public-url: got \"http://[::ffff:7f00:1]\", which is IPv4 inside IPv6" },
		{ { "--public-url=http://a..b" }, "--public-url: got " },
		{ { "--public-url=http://127.1:8080" }, "--public-url: got \"http://127.1:8080\", which is no host as browsers write them; takes" },
		{ { "--public-url=http://0X7F.1" }, "--public-url: got \"http://0X7F.1\", which is no host as browsers write them; takes" },
		{ { "--public-url=http://1.2.3.400" }, "--public-url: got \"http://1.2.3.400\", which is no host as browsers write them; takes" },
		{ { "--public-url=http://a.08" }, "--public-url: got \"http://a.08\", which is no host as browsers write them; takes" },
		{ { "--public-url=http://a-.example" }, "--public-url: got \"http://a-.example\", which is no host as browsers write them; takes" },
		{ { "--public-url=http://\xc3\xa9.example" }, "--public-url: got " },
		{ { "--public-url=https://a.example" }, "--mail: got \"file:./data/outbox\" (the default), which reaches nobody" },
		{ { "--name=a\nb" }, "--name: got \"a\\x0ab\"; takes 1 to 64" },
		{ { "--name=a:b" }, "--name: got " },
		{ { "--name= " }, "--name: got " },
		{ { "--name=\xff" }, "--name: got \"\xff\", which is not UTF-8; takes" },
		{ { "--name=1234567890123456789012345678901234567890123456789012345678901234x" }, "--name: got " },
		{ { "--database=postgresql://a/b" }, "--database: got \"postgresql://a/b\", which this version cannot use; takes sqlite:PATH" },
		{ { "--database=postgresql://u:secret@a/b" }, "--database: got \"postgresql://u:***@a/b\"" },
		{ { "--database=x.db" }, "--database: got \"x.db\"; takes sqlite:PATH" },
		{ { "--database=sqlite:" }, "--database: got " },
		{ { "--database=sqlite::memory:" }, "--database: got " },
		{ { "--mail=file:" }, "--mail: got " },
		{ { "--mail=smtp://" }, "--mail: got " },
		{ { "--mail=smtp://a/b" }, "--mail: got " },
		{ { "--mail=smtp://@a" }, "--mail: got " },
		{ { "--mail=smtp://u%0d%0a@a" }, "--mail: got " },
		{ { "--mail=smtp://u%4@a" }, "--mail: got " },
		{ { "--mail=smtp://u:secret@a", "--mail-from=a@b.example" }, "--mail: got \"smtp://u:***@a\", a password that everybody" },
		{ { "--mail=smtp://u:secret" }, "--mail: got \"smtp://u:***\"; takes" },
		{ { "--mail=smtp://u:12345678" }, "--mail: got \"smtp://u:***\"; takes" },
		{ { "--mail=smtp://u:65536" }, "--mail: got \"smtp://u:***\"; takes" },
		{ { "--mail=smtp://u:pa@ss:secret" }, "--mail: got \"smtp://u:***\", a password" },
		{ { "--mail=ftp://u:secret@[::1]:25" }, "--mail: got \"ftp://u:***@[::1]:25\"; takes" },
		{ { "--mail=ftp://u:se@cret@mail.example:25" }, "--mail: got \"ftp://u:***@mail.example:25\"; takes" },
		{ { "--mail=smtp://u:25secret" }, "--mail: got \"smtp://u:***\"; takes" },
		{ { "--mail=u:secret" }, "--mail: got \"u:***\"; takes" },
		{ { "--mail=http://a:25" }, "--mail: got \"http://a:25\"; takes" },
		{ { "--mail=http://a:" }, "--mail: got \"http://a:\"; takes" },
		{ { "--mail=http://a" }, "--mail: got \"http://a\"; takes" },
		{ { "--public-url=https://a:443/b" }, "--public-url: got \"https://a:443/b\", which has a path" },
		{ { "--mail=smtp://a" }, "--mail-from: got \"twostep@localhost\" (the default), which no mail server" },
		{ { "--mail=smtp://a", "--mail-from=TWOSTEP@localhost" }, "--mail-from: got " },
		{ { "--mail-from=Kim <a@b.example>" }, "--mail-from: got " },
		{ { "--mail-from=@b.example" }, "--mail-from: got " },
		{ { "--mail-from=a@" }, "--mail-from: got " },
		{ { "--mail-from=a@b@c" }, "--mail-from: got " },
		{ { "--mail-password-file=/nowhere", "--mail=smtp://a", "--mail-from=a@b.example" },
		  "--mail-password-file: got \"/nowhere\", without a user" },
		{ { "--mail-password-file=/nowhere", "--mail=smtp://u@a", "--mail-from=a@b.example" },
		  "--mail-password-file: got \"/nowhere\", which cannot be read" },
		{ { "--mail-password-file=/dev/null", "--mail=smtp://u@a", "--mail-from=a@b.example" },
		  "--mail-password-file: got \"/dev/null\", whose first line is empty" },
		{ { "--mail-password-file=/nowhere" }, "--mail-password-file: got \"/nowhere\", which cannot be read" },
		{ { "--allow-file-mail=perhaps" }, "--allow-file-mail: got \"perhaps\"; takes yes or no" },
		{ { "--locale=de" }, "--locale: got \"de\"; takes en or ko" },
		{ { "--password-policy=none" }, "--password-policy: got " },
		{ { "--password-min=7" }, "--password-min: got \"7\"; takes a whole number from 8 to 128" },
		{ { "--password-min=129" }, "--password-min: got " },
		{ { "--password-min=-9" }, "--password-min: got " },
		{ { "--password-min=15x" }, "--password-min: got " },
		{ { "--password-min=99999999999999999999" }, "--password-min: got " },
		{ { "--members-max=1000001" }, "--members-max: got " },
		{ { "--audit-days=0" }, "--audit-days: got \"0\"; takes a whole number from 1 to 36500" },
		{ { "--audit-days=36501" }, "--audit-days: got " },
		{ { "--organizations=all" }, "--organizations: got " },
		{ { "--signup=closed" }, "--signup: got " },
		{ { "--signup=domain:" }, "--signup: got " },
		{ { "--signup=domain:a.example,," }, "--signup: got " },
		{ { "--signup=domain:@a.example" }, "--signup: got " },
		{ { "--trusted-proxies=10.0.0.1/8" }, "--trusted-proxies: got \"10.0.0.1/8\", which has bits set" },
		{ { "--trusted-proxies=10.0.0.0/33" }, "--trusted-proxies: got " },
		{ { "--trusted-proxies=fd00::/129" }, "--trusted-proxies: got " },
		{ { "--trusted-proxies=10.0.0.0/8," }, "--trusted-proxies: got " },
		{ { "--trusted-proxies=10.0.0.0/8, ,::1" }, "--trusted-proxies: got " },
		{ { "--trusted-proxies=10.0.0.0 /8" }, "--trusted-proxies: got " },
		{ { "--trusted-proxies=10.0.0.0/" }, "--trusted-proxies: got " },
		{ { "--trusted-proxies=proxy.example.com" }, "--trusted-proxies: got " },
		{ { "--log-level=trace" }, "--log-level: got " },
		{ { "--log-format=xml" }, "--log-format: got " },
		{ { "--metrics-listen=127.0.0.1:9000" }, "--metrics-listen=127.0.0.1:9000: no such flag" },
		{ { "--nonsense" }, "--nonsense: no such flag; twostep serve --help" },
		{ { "--nonsense\n\x1b[31m" }, "--nonsense\\x0a\\x1b[31m: no such flag" },
		{ { "--list=1" }, "--list=1: no such flag" },
		{ { "--" }, "--: no such flag" },
		{ { "stray" }, "stray: a word that belongs to no flag" },
		{ { "--allow-file-mail", "no" }, "no: a word that belongs to no flag" },
		{ { "--locale=en", "--locale=ko" }, "--locale: given twice" },
		{ { "--config=/nowhere/at.all" }, "--config: got \"/nowhere/at.all\", which does not exist; takes" },
		{ { "--config=/" }, "--config: got \"/\", which cannot be read; takes" },
		{ { "--config=" }, "--config: got nothing; takes" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .flags = { cases[i].flags[0], cases[i].flags[1], cases[i].flags[2] } };

		read_all(&r);
		if (r.err != ERR_INVALID || strncmp(r.wrong.line, cases[i].line, strlen(cases[i].line)) ||
		    strpbrk(r.wrong.line, "\r\n\x1b") || strstr(r.wrong.line, "secret"))
			fail_msg("%s: err %d: %s", cases[i].flags[0], r.err, r.wrong.line);
	}
}

static void names_the_variable(void **state)
{
	static const struct {
		const char *variable, *line;
	} cases[] = {
		{ "TWOSTEP_PASSWORD_MIN=3", "TWOSTEP_PASSWORD_MIN: got \"3\"; takes a whole number from 8 to 128" },
		{ "TWOSTEP_LISTEN=x", "TWOSTEP_LISTEN: got \"x\"; takes ADDR:PORT" },
		{ "TWOSTEP_MAIL_PRINT=yes", "TWOSTEP_MAIL_PRINT: got \"yes\"; takes 1 or 0" },
		{ "TWOSTEP_MAIL=smtp://u:secret%@a", "TWOSTEP_MAIL: got \"smtp://u:***@a\"; takes file:DIR" },
		{ "TWOSTEP_MAIL=u:secret@a:587", "TWOSTEP_MAIL: got \"u:***@a:587\"; takes file:DIR" },
		{ "TWOSTEP_MAIL=smtp:u:secret@a", "TWOSTEP_MAIL: got \"smtp:***@a\"; takes file:DIR" },
		{ "TWOSTEP_MAIL=u:secret://b:secret@a", "TWOSTEP_MAIL: got \"u:***@a\"; takes file:DIR" },
		{ "TWOSTEP_MAIL=u@a", "TWOSTEP_MAIL: got \"u@a\"; takes file:DIR" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .environment = { cases[i].variable } };

		read_all(&r);
		if (r.err != ERR_INVALID || strncmp(r.wrong.line, cases[i].line, strlen(cases[i].line)) || strstr(r.wrong.line, "secret"))
			fail_msg("%s: err %d: %s", cases[i].variable, r.err, r.wrong.line);
	}
}

static void takes_a_mail_password_from_environment_and_file(void **state)
{
	SCOPED(done) struct reading environment = { .environment = { "TWOSTEP_MAIL=smtp://kim:p%40ss:w@h", "TWOSTEP_MAIL_FROM=a@b.example" } };
	SCOPED(done) struct reading file = { .file = "mail = \"smtp://kim:p%40ss:w@h:25\"\nmail-from = \"a@b.example\"\n" };
	(void)state;

	read_all(&environment);
	assert_string_equal(environment.wrong.line, "");
	assert_string_equal(environment.settings.mail, "smtp://kim@h");
	assert_string_equal(environment.settings.mail_user, "kim");
	assert_string_equal(environment.settings.mail_password, "p@ss:w");
	read_all(&file);
	assert_string_equal(file.wrong.line, "");
	assert_string_equal(file.settings.mail, "smtp://kim@h:25");
	assert_string_equal(file.settings.mail_password, "p@ss:w");
}

/* Every key by its own name, with quotes and without. */
static void reads_a_file(void **state)
{
	SCOPED(done) struct reading r = { .file = "# twostep\n"
		                                  "listen = 127.0.0.1:9000\n"
		                                  "public-url = 'http://localhost:9000'\n"
		                                  "name = \"A \\\"B\\\"\"\n"
		                                  "password-min = 20 // x\n"
		                                  "contact = \"a # b \\\" // c \\\\ \\${HOME}\" # \"d \\x\n"
		                                  "data = /srv//x # it's\n"
		                                  "allow-file-mail = true\n"
		                                  "trusted-proxies = \"10.0.0.0/8,unix\"\n"
		                                  "log-format = json" };
	(void)state;

	read_all(&r);
	assert_string_equal(r.wrong.line, "");
	assert_string_equal(r.settings.listen, "127.0.0.1:9000");
	assert_string_equal(r.settings.public_url, "http://localhost:9000");
	assert_string_equal(r.settings.name, "A \"B\"");
	assert_int_equal(r.settings.password_min, 20);
	assert_string_equal(r.settings.contact, "a # b \" // c \\ ${HOME}");
	assert_string_equal(r.settings.data, "/srv//x");
	assert_true(r.settings.allow_file_mail);
	assert_true(r.settings.trust_unix);
	assert_true(r.settings.log_json);
}

static void refuses_a_wrong_file(void **state)
{
	static const struct {
		const char *file, *line;
	} cases[] = {
		{ "listen = 1\n", "listen in settings-test.conf line 1: got \"1\"; takes ADDR:PORT" },
		{ "\n\npassword-min = \"3\"\n", "password-min in settings-test.conf line 3: got \"3\"; takes" },
		{ "\nlisten-on = \"x\"\n", "--config: settings-test.conf line 2: no such option 'listen-on'; takes" },
		{ "# a\n\n# b\nlocale = ko # 'c\n\npassword-min = 3 # d\n", "password-min in settings-test.conf line 6: got \"3\"" },
		{ "// a\n/* b\n # c */\nnam = \"#\"\n", "--config: settings-test.conf line 4: no such option 'nam'" },
		{ "name = a\nlocale = ko\nname = b\n", "--config: settings-test.conf line 3: name is given twice, on line 1 too" },
		{ "name = \"a\n", "--config: settings-test.conf line " },
		{ "name\n", "--config: settings-test.conf line " },
		{ "name = \n", "--config: settings-test.conf line " },
		{ "name = {a, b}\n", "--config: settings-test.conf line " },
		{ "= b\n", "--config: settings-test.conf line " },
		{ "config = x\n", "--config: settings-test.conf line 1: no such option 'config'" },
		{ "name = \"\"\n", "name in settings-test.conf line 1: got nothing; takes" },
		{ "name = \xff\n", "--config: got \"settings-test.conf\", which is not UTF-8" },
		{ "\nname = \"ACME\\login\"\n", "--config: settings-test.conf line 2: a backslash in double quotes" },
		{ "name = \"a\\\\\"\ndata = \"C:\\temp\"\n", "--config: settings-test.conf line 2: a backslash" },
		{ "data = \"\n\\x1b[31m\"\n", "--config: settings-test.conf line 2: a backslash" },
		{ "name = \"a\\\nb\"\n", "--config: settings-test.conf line 1: a backslash" },
		{ "include(\"/etc/passwd\")\n", "--config: settings-test.conf line 1: no such option 'include'" },
		{ "mail = \"smtp://kim:secret@h/x\"\n", "mail in settings-test.conf line 1: got \"smtp://kim:***@h/x\"; takes" },
		{ "mail = smtp://kim:secret#word@h\n", "mail in settings-test.conf line 1: got \"smtp://kim:***\"; takes" },
		{ "mail = smtp://kim@b.example:secret#word@h\n", "mail in settings-test.conf line 1: got \"smtp://kim@b.example:***\"; takes" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .file = cases[i].file };

		read_all(&r);
		if (r.err != ERR_INVALID || strncmp(r.wrong.line, cases[i].line, strlen(cases[i].line)) ||
		    strpbrk(r.wrong.line, "\r\n") || strstr(r.wrong.line, "secret"))
			fail_msg("%s: err %d: %s", cases[i].file, r.err, r.wrong.line);
	}
}

/* Somebody meant a setting and wrote another word: it is told, not obeyed. */
static void notices_unknown_variables(void **state)
{
	static const struct {
		const char *assignment;
		bool unknown;
	} cases[] = {
		{ "HOME=/", false }, { "TWOSTEP_LISTN=1", true }, { "TWOSTEP_NAME=x", false }, { "TWOSTEP_NAME", false }, { "TWOSTEP_NAM=E", true },
		{ "TWOSTEP_=", true }, { "TWO_STEP_NAME=x", false }, { "MY_TWOSTEP_X=", false },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (settings_unknown_variable(cases[i].assignment) != cases[i].unknown)
			fail_msg("%s", cases[i].assignment);
}

/* No memory, at any of its asks: an error, never half a setting. */
static void survives_a_full_arena(void **state)
{
	static const char *const flags[] = { "--signup=domain:a.example", "--trusted-proxies=10.0.0.0/8", "--mail=smtp://u@h",
		                             "--mail-from=a@b.example", "--public-url=https://a.example" };
	enum err err = ERR_MEMORY;
	(void)state;

	for (size_t limit = 16; err; limit += 16) {
		SCOPED(done) struct reading r = { .arena = { .limit_bytes = limit } };

		memcpy(r.flags, flags, sizeof(flags));
		read_all(&r);
		if ((err = r.err) && (err != ERR_MEMORY || strcmp(r.wrong.line, "out of memory")))
			fail_msg("with %zu bytes: err %d: %s", limit, r.err, r.wrong.line);
	}
}

static void knows_where_networks_cannot_be_told_apart(void **state)
{
	static const struct {
		const char *flags[3];
		bool blind;
	} cases[] = {
		{ { "--public-url=http://localhost:8080" }, false },
		{ { "--public-url=http://a.example" }, true },
		{ { "--public-url=http://a.example", "--listen=[::1]:1" }, true },
		{ { "--public-url=http://a.example", "--listen=0.0.0.0:1" }, false },
		{ { "--public-url=http://a.example", "--trusted-proxies=127.0.0.1" }, false },
		{ { "--public-url=http://a.example", "--listen=unix:/x", "--trusted-proxies=127.0.0.1" }, true },
		{ { "--public-url=http://a.example", "--listen=unix:/x", "--trusted-proxies=unix" }, false },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(done) struct reading r = { .flags = { cases[i].flags[0], cases[i].flags[1], cases[i].flags[2] } };

		read_all(&r);
		if (r.err || settings_networks_blind(&r.settings) != cases[i].blind)
			fail_msg("case %zu: %s", i, r.wrong.line);
	}
}

/* The table is whole: each line has its words, names are made from one another. */
static void the_table_is_whole(void **state)
{
	(void)state;

	for (size_t i = 0; i < SETTING_COUNT; i++) {
		const struct setting *setting = &settings_table[i];

		if (!setting->read || !setting->meaning || !setting->takes || !(setting->flag || setting->environment))
			fail_msg("line %zu lacks something", i);
		if (setting->flag && setting->key && strcmp(setting->flag + 2, setting->key))
			fail_msg("%s is called %s in the file", setting->flag, setting->key);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_the_defaults_of_the_contract),
		cmocka_unit_test(a_flag_wins_over_environment_over_file),
		cmocka_unit_test(reads_what_is_right),
		cmocka_unit_test(knows_loopback_names),
		cmocka_unit_test(knows_mail_servers_of_this_machine),
		cmocka_unit_test(knows_where_everybody_is_trusted),
		cmocka_unit_test(reads_networks),
		cmocka_unit_test(reads_domains_of_sign_up),
		cmocka_unit_test(refuses_what_is_wrong),
		cmocka_unit_test(names_the_variable),
		cmocka_unit_test(takes_a_mail_password_from_environment_and_file),
		cmocka_unit_test(reads_a_file),
		cmocka_unit_test(refuses_a_wrong_file),
		cmocka_unit_test(notices_unknown_variables),
		cmocka_unit_test(survives_a_full_arena),
		cmocka_unit_test(knows_where_networks_cannot_be_told_apart),
		cmocka_unit_test(the_table_is_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
