#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "accounts/password_policy.h"
#include "base/text.h"

static const struct settings nist = { .name = "twostep", .password_min = 15, .password_policy = POLICY_NIST };
static const struct settings classic = { .name = "twostep", .password_min = 8, .password_policy = POLICY_CLASSIC };
static const struct settings short_ones = { .name = "twostep", .password_min = 8, .password_policy = POLICY_NIST };

static bool no_memory;
static const char *no_memory_to_fold; /* this text */

enum err __real_text_nfc(const char *text, char *out, size_t room);
enum err __wrap_text_nfc(const char *text, char *out, size_t room);

enum err __real_text_fold(const char *text, char *out, size_t room);
enum err __wrap_text_fold(const char *text, char *out, size_t room);

enum err __wrap_text_fold(const char *text, char *out, size_t room)
{
	return no_memory_to_fold && !strcmp(text, no_memory_to_fold) ? ERR_MEMORY : __real_text_fold(text, out, room);
}

enum err __wrap_text_nfc(const char *text, char *out, size_t room)
{
	return no_memory ? ERR_MEMORY : __real_text_nfc(text, out, room);
}

static enum err judge(const struct settings *settings, const char *typed, const char *name, const char *email)
{
	struct password password;
	enum err err = password_read(typed, &password);

	return err ? err : password_allowed(settings, &password, name, email);
}

static void judges_passwords(void **state)
{
	static const struct {
		const struct settings *settings;
		const char *typed, *name;
		enum err err;
	} cases[] = {
		{ &nist, "Correct-Horse7-Staple", "Kim", OK },
		{ &nist, "a walk by the Han river at dusk", "Kim", OK },
		{ &nist, "고양이가 창문 너머로 바다를 본다", "Kim", OK },
		{ &nist, "", "Kim", ERR_PASSWORD_SHORT },
		{ &nist, "Short-Horse7-X", "Kim", ERR_PASSWORD_SHORT },
		{ &nist, "가나다라마바사아자차카타파하", "Kim", ERR_PASSWORD_SHORT }, /* 14 characters, 42 bytes */
		{ &nist, "passwordpassword", "Kim", ERR_PASSWORD_COMMON },
		{ &nist, "qwertyqwerty1234", "Kim", ERR_PASSWORD_COMMON },
		{ &nist, "비밀번호비밀번호비밀번호12345", "Kim", ERR_PASSWORD_COMMON },
		{ &nist, "dkssudgktpdy123456789", "Kim", ERR_PASSWORD_COMMON },
		{ &nist, "twostep-twostep-2026", "Kim", ERR_PASSWORD_PERSONAL },
		{ &nist, "minjunminjun20261", "Minjun Kim", ERR_PASSWORD_PERSONAL },
		{ &nist, "someone@example.com1", "Kim", ERR_PASSWORD_PERSONAL },
		{ &nist, "li wei bo an xu", "Li Wei Bo An Xu", ERR_PASSWORD_PERSONAL },
		{ &nist, "Kim Sora Kim Sora", "Kim Sora", ERR_PASSWORD_PERSONAL },
		{ &nist, "kimsora kimsora", "Kim Sora", ERR_PASSWORD_PERSONAL },
		{ &nist, "KimSora KimSora 1", "Kim Sora", ERR_PASSWORD_PERSONAL },
		{ &nist, "kim.sora-kim_sora-2026", "Kim Sora", ERR_PASSWORD_PERSONAL },
		{ &nist, "k-i-m-s-o-r-a 2026!", "Kim Sora", ERR_PASSWORD_PERSONAL },
		{ &nist, "kimsora walks by the Han river", "Kim Sora", OK },
		{ &nist, "p-a-s-s-w-o-r-d 12345", "Kim", ERR_PASSWORD_COMMON },
		{ &nist, "aaaaaaaaaaaaaaaaaa", "Kim", ERR_PASSWORD_GUESSABLE },
		{ &nist, "123456789012345678", "Kim", ERR_PASSWORD_GUESSABLE },
		{ &nist, "abcabcabcabcabcabc", "Kim", ERR_PASSWORD_GUESSABLE },
		{ &short_ones, "xk7#Qmw9", "Kim", OK },
		{ &short_ones, "monkey12", "Kim", ERR_PASSWORD_GUESSABLE },
		{ &classic, "xk7#Qmw9", "Kim", OK },
		{ &classic, "xk7aQmw9z", "Kim", ERR_PASSWORD_KINDS },
		{ &classic, "xk7#qmw9z", "Kim", ERR_PASSWORD_KINDS },
		{ &classic, "xkA#Qmwyz", "Kim", ERR_PASSWORD_KINDS },
		{ &classic, "xk#Q1234mwu", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk#Q9876mwu", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#QaBcDmw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Q....mw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Q가가가가mw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#QéÉéÉmw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#QДдДдmw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Qабвгmw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Qгвбаmw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Qㄱㄴㄷㄹmw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Q하파타카mw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Q１２３４mw", "Kim", ERR_PASSWORD_RUN },
		{ &classic, "xk7#Q가가가éÉéㄱㄴㄷ", "Kim", OK },
		{ &classic, "xk7#Q‐‑‒–mw", "Kim", OK }, /* neighbours, and neither letters nor numbers */
		{ &classic, "xk7#Qkimw9z", "Kim", ERR_PASSWORD_PERSONAL },
		{ &classic, "xk7#Qsomeone9z", "Kim", ERR_PASSWORD_PERSONAL },
		{ &short_ones, "남궁민수영희1!", "남궁민수영희", ERR_PASSWORD_PERSONAL },
		{ &short_ones, "한국한국123!", "\u1112\u1161\u11ab\u1100\u116e\u11a8", ERR_PASSWORD_PERSONAL },
		{ &short_ones, "e\u0301lodielle1", "\u00c9lodielle", ERR_PASSWORD_PERSONAL },
		{ &short_ones, "\u00c9LODIELLE1", "e\u0301lodielle", ERR_PASSWORD_PERSONAL },
		{ &classic, "xk7#Q\u00e9lo9z", "E\u0301lo", ERR_PASSWORD_PERSONAL },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum err err = judge(cases[i].settings, cases[i].typed, cases[i].name, "someone@example.com");
		if (err != cases[i].err)
			fail_msg("%s: %s, not %s", cases[i].typed, err_name(err), err_name(cases[i].err));
	}
}

/* The part before the @, however its pieces are set apart. */
static void knows_the_address_by_its_local_part(void **state)
{
	static const char *const typed[] = { "jo.lee.jo.lee.77", "joleejoleejolee", "Jo Lee Jo Lee 2026" };
	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++) {
		enum err err = judge(&nist, typed[i], "Kim", "jo.lee@example.com");
		if (err != ERR_PASSWORD_PERSONAL)
			fail_msg("%s: %s", typed[i], err_name(err));
	}
}

static void nfc_and_nfd_are_one_password(void **state)
{
	struct password composed, decomposed;
	(void)state;
	assert_int_equal(password_read("\xED\x95\x9C", &composed), OK);                         /* U+D55C */
	assert_int_equal(password_read("\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", &decomposed), OK); /* U+1112 U+1161 U+11AB */
	assert_string_equal(composed.text, decomposed.text);
}

static void never_cuts(void **state)
{
	char typed[PASSWORD_BYTES_MAX + 2];
	struct password password;
	(void)state;
	memset(typed, 'x', sizeof(typed));
	typed[PASSWORD_BYTES_MAX] = '\0';
	assert_int_equal(password_read(typed, &password), OK);
	assert_int_equal(strlen(password.text), PASSWORD_BYTES_MAX);
	typed[PASSWORD_BYTES_MAX] = 'x';
	typed[PASSWORD_BYTES_MAX + 1] = '\0';
	assert_int_equal(password_read(typed, &password), ERR_PASSWORD_LONG);
	assert_int_equal(password_read("\xC3\x28", &password), ERR_INVALID);
}

/* Neither read as something else nor called too long: nobody's right password is told to be wrong. */
static void tells_that_memory_ended(void **state)
{
	struct password password = { "before" };
	(void)state;
	no_memory = true;
	assert_int_equal(password_read("\xED\x95\x9C", &password), ERR_MEMORY);
	no_memory = false;
	assert_string_equal(password.text, "before");
}

/* A name that could not be read is not taken for one that is not inside. */
static void tells_that_it_could_not_compare(void **state)
{
	static const char *const texts[] = { "xk7#Qmw9", "Kim", "someone@example.com", "twostep" };
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		no_memory_to_fold = texts[i];
		enum err err = judge(&classic, "xk7#Qmw9", "Kim", "someone@example.com");
		no_memory_to_fold = NULL;
		if (err != ERR_MEMORY)
			fail_msg("%s: %s", texts[i], err_name(err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(judges_passwords),
		cmocka_unit_test(knows_the_address_by_its_local_part),
		cmocka_unit_test(nfc_and_nfd_are_one_password),
		cmocka_unit_test(never_cuts),
		cmocka_unit_test(tells_that_memory_ended),
		cmocka_unit_test(tells_that_it_could_not_compare),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
