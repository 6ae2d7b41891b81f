#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/log.h"
#include "mail/curl.h"
#include "mail/delivery.h"
#include "mail/said.h"

#include "base/banned.h"

#define CONNECT_S  10L /* name, connection, greeting */
#define ATTEMPT_S  60  /* everything up to the end of the text */
#define ANSWER_S  300  /* to the text: docs/decisions/0006 */
#define QUIT_MS  2000  /* for the server's good-bye, which changes nothing any more */

/* How far the dialogue came: a refusal means this recipient or mail from RCPT on, the server or its settings before. */
enum stage { STAGE_HELLO, STAGE_MAIL, STAGE_RCPT, STAGE_DATA, STAGE_TEXT };
static const char *const stage_names[] = { "connect", "MAIL", "RCPT", "DATA", "text" };

struct smtp {
	struct curl_functions curl;
	const struct settings *settings;
	const atomic_bool *stop;
	const char *ca_file; /* SSL_CERT_FILE; NULL: the system's */
	char url[1024];
	CURL *easy;          /* NULL between batches */

	/* the attempt at hand */
	const struct mail *mail;
	size_t taken;        /* bytes of it */
	enum stage stage;
	int reply;           /* the server's last; 0: none since we last said something */
	int64_t until_ms;    /* monotonic; the present stage may last so long */
	bool late;           /* it did not end by then */
	bool told;           /* the log has that the answer to the text is waited for */
	bool quotable;       /* what we said last has no password in it, which an answer may repeat */
	struct said said;    /* the answer to that */
	char shown[SAID_TEXT + 32];
	int64_t quit_at_ms;  /* we said good-bye; 0: not yet */
};

static size_t give(char *to, size_t size, size_t count, void *argument)
{
	struct smtp *smtp = argument;
	size_t left = smtp->mail->length - smtp->taken;
	size_t length = size * count < left ? size * count : left;

	if (!length && smtp->stage < STAGE_TEXT) { /* all of it is on its way, and the server has the word */
		smtp->stage = STAGE_TEXT;
		smtp->reply = 0;
		smtp->said = (struct said){ .length = 0 };
		smtp->until_ms = clock_monotonic_ms() + ANSWER_S * 1000;
	}
	memcpy(to, smtp->mail->message + smtp->taken, length);
	smtp->taken += length;
	return length;
}

static size_t ignore(char *bytes UNUSED, size_t size, size_t count, void *argument UNUSED)
{
	return size * count;
}

/* Without a word from us nobody would know for minutes why no mail comes. */
static void tell_slow(struct smtp *smtp, int64_t now_ms)
{
	if (smtp->told || smtp->stage < STAGE_TEXT || smtp->reply || smtp->until_ms - now_ms > (ANSWER_S - MAIL_SLOW_S) * 1000)
		return;
	smtp->told = true;
	log_warn("mail_waits", LOG_TEXT("why", "the server took a mail and does not say what becomes of it"),
	         LOG_TEXT("stage", stage_names[smtp->stage]), LOG_INT("waited_s", MAIL_SLOW_S), LOG_INT("longest_s", ANSWER_S));
}

/* Called about once a second, also while nothing moves. */
static int check_time(void *argument, curl_off_t a UNUSED, curl_off_t b UNUSED, curl_off_t c UNUSED, curl_off_t d UNUSED)
{
	struct smtp *smtp = argument;
	int64_t now_ms = clock_monotonic_ms();

	tell_slow(smtp, now_ms);
	if (smtp->quit_at_ms)
		return now_ms - smtp->quit_at_ms > QUIT_MS || atomic_load(smtp->stop);
	if (now_ms > smtp->until_ms && (smtp->stage < STAGE_TEXT || !smtp->reply)) /* once answered, the text is never called late */
		smtp->late = true;
	return smtp->late || atomic_load(smtp->stop);
}

static bool begins(const char *bytes, size_t length, const char *word)
{
	return length >= strlen(word) && !memcmp(bytes, word, strlen(word));
}

/* All that we say but the sign-in: the lines of that have the password, in whatever form. */
static bool is_quotable(const char *sent, size_t length)
{
	static const char *const words[] = { "EHLO ", "HELO ", "STARTTLS", "MAIL FROM:", "RCPT TO:", "DATA\r\n" };

	for (size_t i = 0; i < COUNT(words); i++)
		if (begins(sent, length, words[i]))
			return true;
	return false;
}

static void watch_command(struct smtp *smtp, const char *sent, size_t length)
{
	static const char *const words[] = { [STAGE_MAIL] = "MAIL FROM:", [STAGE_RCPT] = "RCPT TO:", [STAGE_DATA] = "DATA\r\n" };

	smtp->reply = 0;
	smtp->said = (struct said){ .length = 0 };
	smtp->quotable = is_quotable(sent, length);
	for (enum stage stage = STAGE_MAIL; stage <= STAGE_DATA; stage++)
		if (begins(sent, length, words[stage]))
			smtp->stage = stage;
}

static void watch_reply(struct smtp *smtp, const char *line, size_t length)
{
	int reply = 0;

	for (size_t i = 0; i < 3; i++)
		if (i >= length || line[i] < '0' || line[i] > '9')
			return;
		else
			reply = reply * 10 + (line[i] - '0');
	smtp->reply = reply;
	said_line(&smtp->said, line, length);
}

/* Sees where the dialogue is, up to our good-bye. Keeps nothing else but answers: passwords pass here. */
static int watch(CURL *easy UNUSED, curl_infotype type, char *bytes, size_t length, void *argument)
{
	struct smtp *smtp = argument;

	if (smtp->quit_at_ms)
		return 0;
	if (type == CURLINFO_HEADER_OUT && begins(bytes, length, "QUIT\r\n"))
		smtp->quit_at_ms = clock_monotonic_ms();
	else if (type == CURLINFO_HEADER_OUT)
		watch_command(smtp, bytes, length);
	else if (type == CURLINFO_HEADER_IN)
		watch_reply(smtp, bytes, length);
	return 0;
}

/* scheme://host:port/name: the name is said in EHLO; without one of our own libcurl says the machine's. */
static bool make_url(struct smtp *smtp, const char *scheme)
{
	const struct settings *settings = smtp->settings;
	const char *host = settings->mail + strlen(scheme), *at = strrchr(host, '@');
	int host_length, name_length, length;

	host = at ? at + 1 : host;
	host_length = (int)strcspn(host, "/");
	name_length = settings->public_loopback || settings->public_host[0] == '[' ? 0 : (int)strcspn(settings->public_host, ":");
	length = snprintf(smtp->url, sizeof(smtp->url), "%s%.*s/%.*s", scheme, host_length, host, name_length,
	        settings->public_host);
	return length > 0 && (size_t)length < sizeof(smtp->url);
}

static enum err smtp_open(const struct settings *settings, const char *scheme, const atomic_bool *stop, void **way,
                          const char **why)
{
	struct smtp *smtp = calloc(1, sizeof(*smtp));
	enum err err;

	if (!smtp)
		return ERR_MEMORY;
	smtp->settings = settings;
	smtp->stop = stop;
	smtp->ca_file = getenv("SSL_CERT_FILE");
	*why = "the address of the mail server is too long";
	err = make_url(smtp, scheme) ? curl_load(&smtp->curl, why) : ERR_IO;
	if (err)
		free(smtp);
	else
		*way = smtp;
	return err;
}

static enum err open_smtp(const struct settings *settings, const atomic_bool *stop, void **way, const char **why)
{
	return smtp_open(settings, smtp_delivery.scheme, stop, way, why);
}

static enum err open_smtps(const struct settings *settings, const atomic_bool *stop, void **way, const char **why)
{
	return smtp_open(settings, smtps_delivery.scheme, stop, way, why);
}

/* Certificate and name are checked on loopback too, where TLS is spoken; without TLS nothing leaves the machine. */
static CURLcode set_numbers(const struct smtp *smtp)
{
	const struct {
		CURLoption option;
		long value;
	} numbers[] = {
		{ CURLOPT_UPLOAD, 1L }, { CURLOPT_NOSIGNAL, 1L }, { CURLOPT_NOPROGRESS, 0L }, { CURLOPT_VERBOSE, 1L },
		{ CURLOPT_CONNECTTIMEOUT, CONNECT_S }, { CURLOPT_SERVER_RESPONSE_TIMEOUT, ANSWER_S + 10L }, /* ours come before */
		{ CURLOPT_USE_SSL, smtp->settings->mail_loopback ? (long)CURLUSESSL_TRY : (long)CURLUSESSL_ALL },
		{ CURLOPT_SSL_VERIFYPEER, 1L }, { CURLOPT_SSL_VERIFYHOST, 2L },
		{ CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2 },
		{ CURLOPT_QUICK_EXIT, 1L }, /* a name server that does not answer must not hold us at the end */
	};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; !code && i < COUNT(numbers); i++)
		code = smtp->curl.setopt(smtp->easy, numbers[i].option, numbers[i].value);
	return code;
}

/* An empty proxy: variables of the environment do not lead mail elsewhere. */
static CURLcode set_texts(const struct smtp *smtp)
{
	const struct {
		CURLoption option;
		const char *value;
	} texts[] = {
		{ CURLOPT_URL, smtp->url }, { CURLOPT_PROTOCOLS_STR, "smtp,smtps" }, { CURLOPT_PROXY, "" },
		{ CURLOPT_MAIL_FROM, smtp->settings->mail_from },
		{ CURLOPT_USERNAME, smtp->settings->mail_user }, { CURLOPT_PASSWORD, smtp->settings->mail_password },
		{ CURLOPT_CAINFO, smtp->ca_file },
	};
	CURLcode code = CURLE_OK;

	for (size_t i = 0; !code && i < COUNT(texts); i++)
		if (texts[i].value)
			code = smtp->curl.setopt(smtp->easy, texts[i].option, texts[i].value);
	return code;
}

static CURLcode set_calls(struct smtp *smtp)
{
	CURLcode (*setopt)(CURL *, CURLoption, ...) = smtp->curl.setopt;
	CURL *easy = smtp->easy;
	CURLcode code;

	if ((code = setopt(easy, CURLOPT_READFUNCTION, give)) || (code = setopt(easy, CURLOPT_READDATA, smtp)) ||
	    (code = setopt(easy, CURLOPT_WRITEFUNCTION, ignore)) || (code = setopt(easy, CURLOPT_HEADERFUNCTION, ignore)) ||
	    (code = setopt(easy, CURLOPT_XFERINFOFUNCTION, check_time)) || (code = setopt(easy, CURLOPT_XFERINFODATA, smtp)) ||
	    (code = setopt(easy, CURLOPT_DEBUGFUNCTION, watch)) || (code = setopt(easy, CURLOPT_DEBUGDATA, smtp)))
		return code;
	return CURLE_OK;
}

/* One handle a batch: its mails share a connection. */
static CURLcode begin(struct smtp *smtp)
{
	CURLcode code;

	if (smtp->easy)
		return CURLE_OK;
	if (!(smtp->easy = smtp->curl.easy_init()))
		return CURLE_OUT_OF_MEMORY;
	if ((code = set_numbers(smtp)) || (code = set_texts(smtp)) || (code = set_calls(smtp))) {
		smtp->curl.cleanup(smtp->easy);
		smtp->easy = NULL;
	}
	return code;
}

static CURLcode attempt(struct smtp *smtp, const struct mail *mail)
{
	struct curl_slist *to = smtp->curl.slist_append(NULL, mail->to);
	CURLcode code = to ? begin(smtp) : CURLE_OUT_OF_MEMORY;

	smtp->mail = mail;
	smtp->taken = 0;
	smtp->stage = STAGE_HELLO;
	smtp->reply = 0;
	smtp->until_ms = clock_monotonic_ms() + ATTEMPT_S * 1000;
	smtp->late = false;
	smtp->told = false;
	smtp->quotable = true;
	smtp->said = (struct said){ .length = 0 };
	smtp->quit_at_ms = 0;
	if (!code && !(code = smtp->curl.setopt(smtp->easy, CURLOPT_MAIL_RCPT, to)) &&
	    !(code = smtp->curl.setopt(smtp->easy, CURLOPT_FORBID_REUSE, (long)mail->last))) {
		code = smtp->curl.perform(smtp->easy);
		(void)smtp->curl.setopt(smtp->easy, CURLOPT_MAIL_RCPT, NULL);
	}
	smtp->curl.slist_free_all(to);
	return code && smtp->late ? CURLE_OPERATION_TIMEDOUT : code;
}

/* 530 (sign in first) and 421 (going down) are about the server, whenever they come. */
static enum delivered judge(CURLcode code, enum stage stage, int reply)
{
	if (code == CURLE_OK)
		return DELIVERED;
	if (code == CURLE_ABORTED_BY_CALLBACK)
		return DELIVERED_STOPPED;
	if (stage < STAGE_RCPT || reply == 421 || reply == 530)
		return DELIVERED_NOT;
	if (code == CURLE_OPERATION_TIMEDOUT && stage == STAGE_TEXT)
		return DELIVERED_LATER;
	if (reply >= 500)
		return DELIVERED_REFUSED;
	return reply >= 400 ? DELIVERED_LATER : DELIVERED_NOT;
}

/* libcurl's words for what a server refused are about the connection, which is well. */
static const char *why_not(struct smtp *smtp, CURLcode code)
{
	char text[SAID_TEXT];

	if (smtp->reply < 400 || !smtp->quotable)
		return smtp->curl.strerror(code);
	said_show(&smtp->said, smtp->mail->to, smtp->mail->message, text);
	snprintf(smtp->shown, sizeof(smtp->shown), "%s%s", *text ? "the server says: " : "the server refused", text);
	return smtp->shown;
}

static enum delivered smtp_send(void *way, const struct mail *mail, struct delivery_trouble *trouble)
{
	struct smtp *smtp = way;
	CURLcode code = attempt(smtp, mail);

	*trouble = (struct delivery_trouble){ why_not(smtp, code), stage_names[smtp->stage], smtp->reply };
	return judge(code, smtp->stage, smtp->reply);
}

/*
 * After the last of a batch the connection has been closed already. Where a stop or a fault came before it, nobody says
 * good-bye: libcurl would wait for the answer, two minutes long.
 */
static void smtp_rest(void *way)
{
	struct smtp *smtp = way;
	curl_socket_t open = CURL_SOCKET_BAD;

	if (!smtp->easy)
		return;
	if (!smtp->curl.getinfo(smtp->easy, CURLINFO_ACTIVESOCKET, &open) && open != CURL_SOCKET_BAD)
		(void)shutdown(open, SHUT_RDWR);
	smtp->curl.cleanup(smtp->easy);
	smtp->easy = NULL;
}

static void smtp_close(void *way)
{
	smtp_rest(way);
	free(way);
}

const struct delivery smtp_delivery = { "smtp://", open_smtp, smtp_send, smtp_rest, smtp_close, false };
const struct delivery smtps_delivery = { "smtps://", open_smtps, smtp_send, smtp_rest, smtp_close, false };
