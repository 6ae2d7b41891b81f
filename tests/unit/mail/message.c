/* message: what leaves is ASCII in short lines, nobody can add a header, and a person can read it back. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/base.h"
#include "mail/message.h"

#define LINE_MAX_BYTES 78
#define LONG_ADDRESS "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@" \
	"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb.example"

static const struct message plain = {
	.sender = "twostep", .from = "login@example.com", .to = "kim@example.com", .subject = "Hello", .locale = LOCALE_EN,
	.at_s = 1792891547, .text = "Hello\n\n123456\n", .html = "<p>Hello</p>\n",
};

static const char *write_and_show(const struct message *message, struct buf *out, struct buf *shown)
{
	buf_reset(out);
	buf_reset(shown);
	if (message_write(out, message) || message_show(shown, buf_string(out)))
		fail_msg("%s: could not be written or shown", message->subject);
	return buf_string(shown);
}

static void lines_are_short_and_ascii(const char *name, const char *bytes)
{
	while (*bytes) {
		size_t length = strcspn(bytes, "\r\n");
		for (size_t i = 0; i < length; i++)
			if (bytes[i] < ' ' || bytes[i] > '~')
				fail_msg("%s: byte %d in %.*s", name, bytes[i], (int)length, bytes);
		if (strncmp(bytes + length, "\r\n", 2))
			fail_msg("%s: ends otherwise than by CRLF: %.*s", name, (int)length, bytes);
		if (length && bytes[length - 1] == ' ')
			fail_msg("%s: a space at the end of %.*s", name, (int)length, bytes);
		if (length > LINE_MAX_BYTES && !strstr(bytes, LONG_ADDRESS))
			fail_msg("%s: %zu bytes in %.*s", name, length, (int)length, bytes);
		bytes += length + 2;
	}
}

static void whatever_stands_in_it_comes_back(void **state)
{
	static const char *const texts[] = {
		"Hello", "=?UTF-8?Q?not_a_word?=", "a = b, \"quoted\" \\ and (comments) <x@y>", "_underscores_ and spaces",
		"2단계 인증이 켜졌습니다", "가입 인증 코드가 아주 긴 제품 이름과 함께 여러 줄로 접혀야 하는 제목입니다: 디파이너리 콘솔",
		"A long subject in English that has to be folded because it is longer than one line may be, says the RFC",
		"🔐 keys",
	};
	SCOPED(buf_done) struct buf out = { 0 }, shown = { 0 }, expected = { 0 };
	(void)state;

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct message message = plain;
		message.subject = message.sender = texts[i];
		message.to = LONG_ADDRESS;
		buf_reset(&expected);
		buf_printf(&expected, "To: <" LONG_ADDRESS ">\nSubject: %s\n\nHello\n\n123456\n", texts[i]);
		const char *got = write_and_show(&message, &out, &shown);
		if (!strstr(got, buf_string(&expected)))
			fail_msg("%s: reads back as\n%s", texts[i], got);
		lines_are_short_and_ascii(texts[i], buf_string(&out));
	}
}

/* 74 bytes: they fit on a line, but not behind "To: ". */
static void a_long_address_gets_a_line(void **state)
{
	SCOPED(buf_done) struct buf out = { 0 };
	struct message message = plain;
	(void)state;

	message.to = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@example.com";
	assert_int_equal(message_write(&out, &message), OK);
	lines_are_short_and_ascii(message.to, buf_string(&out));
}

static void bodies_come_back(void **state)
{
	static const char *const texts[] = {
		"ends with a space \n", "\n\nbegins empty\n", ".\n..\n.a\n", "tab\tin it\n", "a=b=3D\n", "From here on\n",
		"ends without a line end",
		"가나다라마바사아자차카타파하 가나다라마바사아자차카타파하 가나다라마바사아자차카타파하 가나다라마바사아자차카타파하\n",
		"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n",
		"--=_ looks like a boundary\n",
	};
	SCOPED(buf_done) struct buf out = { 0 }, shown = { 0 };
	(void)state;

	for (size_t i = 0; i < COUNT(texts); i++) {
		struct message message = plain;
		message.text = texts[i];
		const char *got = strstr(write_and_show(&message, &out, &shown), "\n\n") + 2;
		size_t length = strlen(texts[i]);
		bool tab = strchr(texts[i], '\t');
		if (strlen(got) < length || (!tab && strncmp(got, texts[i], length)) || (tab && !strchr(got, '?')))
			fail_msg("%s: reads back as\n%s", texts[i], got);
		lines_are_short_and_ascii(texts[i], buf_string(&out));
	}
}

static void a_code_stands_alone_on_its_line(void **state)
{
	SCOPED(buf_done) struct buf out = { 0 };
	(void)state;

	assert_int_equal(message_write(&out, &plain), OK);
	assert_non_null(strstr(buf_string(&out), "\r\n123456\r\n"));
	assert_memory_equal(buf_string(&out), "Date: Sun, 25 Oct 2026 01:25:47 +0000\r\n", 39);
	assert_non_null(strstr(buf_string(&out), "\r\nAuto-Submitted: auto-generated\r\n"));
	assert_non_null(strstr(buf_string(&out), "@example.com>\r\nMIME-Version: 1.0\r\n"));
}

static void nobody_adds_a_header(void **state)
{
	static const struct {
		const char *sender, *from, *to, *subject;
	} cases[] = {
		{ "a\r\nBcc: x@example.com", NULL, NULL, NULL }, { "a\nb", NULL, NULL, NULL }, { "\x7f", NULL, NULL, NULL },
		{ "\xff", NULL, NULL, NULL }, { "a\xe2\x80\xa8" "b", NULL, NULL, NULL },
		{ NULL, "a@example.com\r\nX: y", NULL, NULL }, { NULL, "example.com", NULL, NULL },
		{ NULL, NULL, "a@b.example>\r\nX: y", NULL }, { NULL, NULL, "a@b.example,c@d.example", NULL },
		{ NULL, NULL, "a b@c.example", NULL }, { NULL, NULL, "ä@c.example", NULL }, { NULL, NULL, "<a@c.example>", NULL },
		{ NULL, NULL, "@c.example", NULL }, { NULL, NULL, "a@", NULL },
		{ NULL, NULL, NULL, "a\r\n\r\nbody" }, { NULL, NULL, NULL, "a\rb" }, { NULL, NULL, NULL, "a\x01" "b" },
		{ NULL, NULL, NULL, "가\n나" },
	};
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf out = { 0 };
		struct message message = plain;
		message.sender = cases[i].sender ? cases[i].sender : plain.sender;
		message.from = cases[i].from ? cases[i].from : plain.from;
		message.to = cases[i].to ? cases[i].to : plain.to;
		message.subject = cases[i].subject ? cases[i].subject : plain.subject;
		enum err err = message_write(&out, &message);
		if (err != ERR_INVALID)
			fail_msg("case %zu: err %d", i, (int)err);
	}
}

static void a_terminal_obeys_nobody(void **state)
{
	SCOPED(buf_done) struct buf out = { 0 }, shown = { 0 };
	struct message message = plain;
	(void)state;

	message.text = "\x1b]0;title\x07\x7f\r\n";
	const char *got = write_and_show(&message, &out, &shown);
	assert_null(strchr(got, '\x1b'));
	assert_non_null(strstr(got, "?]0;title??"));
}

static void what_is_no_mail_of_ours_is_not_shown(void **state)
{
	static const char *const cases[] = {
		"", "\r\n\r\n", "\r\nFrom: a\r\nTo: b\r\nSubject: c\r\n\r\n", "\r\nFrom: a\r\nTo: b\r\n\r\nSubject: c\r\n\r\nx\r\n--=_",
		"\r\nFrom: =?UTF-8?Q?\r\nTo: =\r\nSubject: =?UTF-8?Q?=", "\r\nFrom:\r\n",
	};
	SCOPED(buf_done) struct buf shown = { 0 };
	(void)state;

	for (size_t i = 0; i < COUNT(cases); i++)
		if (message_show(&shown, cases[i]) != ERR_INVALID)
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_stands_in_it_comes_back), cmocka_unit_test(a_long_address_gets_a_line),
		cmocka_unit_test(bodies_come_back),
		cmocka_unit_test(a_code_stands_alone_on_its_line), cmocka_unit_test(nobody_adds_a_header),
		cmocka_unit_test(a_terminal_obeys_nobody), cmocka_unit_test(what_is_no_mail_of_ours_is_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
