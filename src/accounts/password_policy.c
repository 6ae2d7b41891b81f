#include "accounts/password_policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <uchar.h>
#include <zxcvbn.h>

#include "base/text.h"

#include "base/banned.h"

#define SCORE_3_BITS   26.6 /* zxcvbn score 3 begins at 10^8 guesses: log2(10^8) */
#define GUESS_BYTES    100  /* what zxcvbn is given: its time grows with the square, and so much is decided by then */
#define GUESS_ROOM     (512 * 1024) /* bytes that zxcvbn may take meanwhile: 290 KiB were the most */
#define WORDS_MAX      64
#define WORD_TEXT      128
#define WORD_MIN       4    /* characters of a personal word that counts: design.md section 6 */
#define WORD_MIN_CLASSIC 3
#define LETTERS_LEFT   4    /* fewer letters of one's own beside such words are a decoration, not a password */
#define RUN            4    /* classic: abcd, 4321, aaaa, ㄱㄴㄷㄹ */
#define FOLDED_BYTES   (3 * PASSWORD_BYTES_MAX) /* U+0390 folds to three times its bytes */

/*
 * What Koreans and everybody choose first, beside the lists inside zxcvbn: words, and the same words typed on an English
 * keyboard. Lower case.
 */
static const char *const common_words[] = {
	"비밀번호", "패스워드", "암호", "안녕하세요", "안녕", "사랑해", "사랑합니다", "대한민국", "한국", "서울", "관리자", "로그인",
	"아이디", "가나다라", "김치", "행복하세요", "감사합니다", "화이팅", "파이팅", "우리집", "엄마", "아빠", "천사", "하하하",
	"qlalfqjsgh", "votmdnjem", "dkssudgktpdy", "dkssud", "tkfkdgo", "tkfkdgkqslek", "eogksalsrnr", "gksrnr", "tjdnf",
	"rhksflwk", "fhrmdls", "dkdlel", "rksekfk", "rlacl", "godqhr", "gkgkgk", "ghkdlxld", "dnflwlq", "cjstk",
	"password", "passwort", "qwerty", "qwertyuiop", "asdfgh", "asdfghjkl", "zxcvbn", "letmein", "welcome", "administrator",
	"changeme", "iloveyou", "login", "admin", "secret", "abcdefgh", "1q2w3e4r", "1qaz2wsx",
};

/* What follows on what where code points do not tell: double consonants, and other vowels, stand between. */
static const char32_t *const alphabets[] = { U"ㄱㄴㄷㄹㅁㅂㅅㅇㅈㅊㅋㅌㅍㅎ", U"ㅏㅑㅓㅕㅗㅛㅜㅠㅡㅣ", U"가나다라마바사아자차카타파하" };

/* Without letter case, in NFC: names come as they were typed, decomposed too. */
struct folded {
	char text[FOLDED_BYTES + 1];
};

struct words {
	char text[WORDS_MAX][WORD_TEXT];
	size_t count;
};

void password_wipe(struct password *password)
{
	wipe(password, sizeof(*password));
}

enum err password_read(const char *typed, struct password *out)
{
	struct password read = { "" };
	enum err err;

	if (!text_is_utf8(typed, strlen(typed)))
		return ERR_INVALID;
	if (!(err = text_nfc(typed, read.text, sizeof(read.text))))
		*out = read;
	password_wipe(&read);
	return err == ERR_INVALID ? ERR_PASSWORD_LONG : err;
}

static bool is_word_byte(char c)
{
	return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static void folded_wipe(struct folded *folded)
{
	wipe(folded, sizeof(*folded));
}

/* The words of a folded text, of `least` characters and more. A Hangul syllable weighs as two letters. */
static void add_words(struct words *words, const char *text, size_t least)
{
	while (*text && words->count < WORDS_MAX) {
		size_t length = 0;
		char *word = words->text[words->count];
		while (*text && !is_word_byte(*text))
			text++;
		while (is_word_byte(text[length]))
			length++;
		if (length && length < WORD_TEXT) {
			memcpy(word, text, length);
			word[length] = '\0';
			size_t characters = text_characters(word);
			words->count += characters + (length - characters) / 2 >= least;
		}
		text += length;
	}
}

/* Drops what separates words: "kim sora", "kim.sora" and "kimsora" are one then. */
static void squeeze(char *text)
{
	char *to = text;

	for (; *text; text++)
		if (is_word_byte(*text))
			*to++ = *text;
	*to = '\0';
}

/* So many bytes of a folded text as one word, however short its parts are; of addresses and names that fit. */
static void add_whole(struct words *words, const char *text, size_t length)
{
	char *word;

	if (words->count == WORDS_MAX || length >= WORD_TEXT)
		return;
	word = words->text[words->count];
	memcpy(word, text, length);
	word[length] = '\0';
	squeeze(word);
	words->count += strlen(word) >= WORD_MIN;
}

static bool has_word(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strstr(text, words[i]))
			return true;
	return false;
}

/* Blanks every place where the word stands. */
static bool blank_word(char *text, const char *word)
{
	bool found = false;

	for (char *p = text; *word && (p = strstr(p, word)); found = true)
		memset(p, ' ', strlen(word));
	return found;
}

/* Letters of one's own: digits, punctuation and what was blanked are decoration. */
static size_t letters(const char *text)
{
	size_t count = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		count += isalpha(c) || (c >= 0x80 && (c & 0xC0) != 0x80);
	}
	return count;
}

/* Is there next to nothing beside such words, however they are set apart? */
static enum err check_words(const struct folded *password, const struct words *personal)
{
	struct folded left = *password;
	bool is_personal = false, is_common = false;
	size_t rest;

	squeeze(left.text);
	for (size_t i = 0; i < personal->count; i++)
		is_personal |= blank_word(left.text, personal->text[i]);
	for (size_t i = 0; i < COUNT(common_words); i++)
		is_common |= blank_word(left.text, common_words[i]);
	rest = letters(left.text);
	folded_wipe(&left);

	if (rest >= LETTERS_LEFT || (!is_personal && !is_common))
		return OK;
	return is_personal ? ERR_PASSWORD_PERSONAL : ERR_PASSWORD_COMMON;
}

/* zxcvbn does not look whether it got its memory. That there is enough a moment before is all that we can see to. */
static bool has_memory(void)
{
	void *volatile memory = malloc(GUESS_ROOM); /* else the compiler takes it for granted, too */
	bool enough = memory != NULL;

	free(memory);
	return enough;
}

/* zxcvbn, told of the personal and the common words; it sees the first GUESS_BYTES. */
static enum err check_guessable(const char *text, const struct words *personal)
{
	const char *dictionary[WORDS_MAX + COUNT(common_words) + 1];
	char head[GUESS_BYTES + 1];
	size_t count = 0;
	double bits;

	for (size_t i = 0; i < personal->count; i++)
		dictionary[count++] = personal->text[i];
	for (size_t i = 0; i < COUNT(common_words); i++)
		dictionary[count++] = common_words[i];
	dictionary[count] = NULL;
	if (!has_memory())
		return ERR_MEMORY;

	snprintf(head, sizeof(head), "%s", text);
	bits = ZxcvbnMatch(head, dictionary, NULL);
	wipe(head, sizeof(head));
	return bits >= SCORE_3_BITS ? OK : ERR_PASSWORD_GUESSABLE;
}

static enum err check_kinds(const char *text)
{
	bool lower = false, upper = false, digit = false, special = false;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		lower |= islower(c) != 0;
		upper |= isupper(c) != 0;
		digit |= isdigit(c) != 0;
		special |= !isalnum(c) && c < 0x80;
	}
	return lower && upper && digit && special ? OK : ERR_PASSWORD_KINDS;
}

static bool counts_on(uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < COUNT(alphabets); i++)
		for (const char32_t *at = alphabets[i]; at[1]; at++)
			if (at[0] == from && at[1] == to)
				return true;
	return to == from + 1 && text_is_alphanumeric(from) && text_is_alphanumeric(to);
}

/* RUN characters that climb, fall or repeat by one each time, letters without case. */
static enum err check_runs(const char *folded)
{
	size_t length = strlen(folded), taken;
	int same = 1, up = 1, down = 1;
	uint32_t before = 0, now;

	for (; (taken = text_next(folded, length, &now)); folded += taken, length -= taken, before = now) {
		same = now == before ? same + 1 : 1;
		up = counts_on(before, now) ? up + 1 : 1;
		down = counts_on(now, before) ? down + 1 : 1;
		if (same == RUN || up == RUN || down == RUN)
			return ERR_PASSWORD_RUN;
	}
	return OK;
}

/* Neither name nor address inside, both folded. */
static enum err check_inside(const struct folded *password, const char *name, const char *email)
{
	struct words inside = { .count = 0 };
	const char *list[WORDS_MAX];

	add_words(&inside, name, WORD_MIN_CLASSIC);
	for (const char *at = strchr(email, '@'); at; at = NULL) {
		char local[WORD_TEXT];
		snprintf(local, sizeof(local), "%.*s", (int)(at - email), email);
		add_words(&inside, local, WORD_MIN_CLASSIC);
	}
	for (size_t i = 0; i < inside.count; i++)
		list[i] = inside.text[i];
	return has_word(password->text, list, inside.count) ? ERR_PASSWORD_PERSONAL : OK;
}

enum err password_allowed(const struct settings *settings, const struct password *password, const char *name, const char *email)
{
	SCOPED(folded_wipe) struct folded secret = { "" };
	struct folded own_name, own_email, product;
	struct words personal = { .count = 0 };
	enum err err;

	if (text_characters(password->text) < settings->password_min)
		return ERR_PASSWORD_SHORT;
	if ((err = text_fold(password->text, secret.text, sizeof(secret.text))) ||
	    (err = text_fold(name, own_name.text, sizeof(own_name.text))) ||
	    (err = text_fold(email, own_email.text, sizeof(own_email.text))) ||
	    (err = text_fold(settings->name, product.text, sizeof(product.text))))
		return err;
	add_whole(&personal, own_name.text, strlen(own_name.text));
	add_whole(&personal, own_email.text, strlen(own_email.text));
	add_whole(&personal, own_email.text, strcspn(own_email.text, "@"));
	add_words(&personal, product.text, WORD_MIN);
	add_words(&personal, own_name.text, WORD_MIN);
	add_words(&personal, own_email.text, WORD_MIN);
	if ((err = check_words(&secret, &personal)) || (err = check_guessable(password->text, &personal)))
		return err;
	if (settings->password_policy != POLICY_CLASSIC)
		return OK;
	if ((err = check_inside(&secret, own_name.text, own_email.text)) || (err = check_kinds(password->text)))
		return err;
	return check_runs(secret.text);
}
