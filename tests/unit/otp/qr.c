/* The QR code: drawn from the SVG as a browser would, and read back by zbarimg where that is installed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "otp/otpauth.h"

#define SIDE_MAX     200 /* modules with the quiet zone: version 40 has 185 */
#define MODULE_DOTS    4

struct picture {
	int side;
	bool dark[SIDE_MAX][SIDE_MAX];
};

/* A stroke of the pen, which must stay on the sheet. */
static void draw(struct picture *picture, int x, int y, int length)
{
	assert_true(y >= 0 && y < picture->side && x >= 0 && length > 0 && x + length <= picture->side);
	for (int i = 0; i < length; i++) {
		assert_false(picture->dark[y][x + i]);
		picture->dark[y][x + i] = true;
	}
}

/* The path's own words: M x y.5, m dx 0, h length. Anything else fails the test. */
static void draw_path(struct picture *picture, const char *path)
{
	int x = 0, y = 0, by, taken;

	while (*path != '"') {
		if (sscanf(path, "M%d %d.5%n", &x, &y, &taken) == 2) {
			path += taken;
		} else if (sscanf(path, "m%d 0%n", &by, &taken) == 1) {
			x += by;
			path += taken;
		} else if (sscanf(path, "h%d%n", &by, &taken) == 1) {
			draw(picture, x, y, by);
			x += by;
			path += taken;
		} else {
			fail_msg("path goes on with %.20s", path);
		}
	}
	assert_string_equal(path, "\"/></svg>");
}

static void draw_svg(struct picture *picture, const char *svg)
{
	int other[3], head = 0;

	memset(picture, 0, sizeof(*picture));
	assert_int_equal(sscanf(svg,
	        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	        "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path stroke=\"#000\" d=\"%n",
	        &picture->side, &other[0], &other[1], &other[2], &head), 4);
	assert_true(head > 0 && picture->side <= SIDE_MAX);
	for (size_t i = 0; i < COUNT(other); i++)
		assert_int_equal(other[i], picture->side);
	draw_path(picture, svg + head);
}

static void write_pbm(const struct picture *picture, FILE *file)
{
	int dots = picture->side * MODULE_DOTS;

	fprintf(file, "P1\n%d %d\n", dots, dots);
	for (int y = 0; y < dots; y++) {
		for (int x = 0; x < dots; x++)
			fputc(picture->dark[y / MODULE_DOTS][x / MODULE_DOTS] ? '1' : '0', file);
		fputc('\n', file);
	}
}

/* What zbarimg reads, without the line's end. */
static void scan(const struct picture *picture, char *text, size_t room)
{
	char path[] = "/tmp/twostep-qr-XXXXXX", command[100];
	int file = mkstemp(path), status;
	FILE *pbm = fdopen(file, "w"), *zbar;
	size_t length;

	assert_non_null(pbm);
	write_pbm(picture, pbm);
	fclose(pbm);
	snprintf(command, sizeof(command), "zbarimg --quiet --raw -Sdisable -Sqrcode.enable %s 2>/dev/null", path);
	assert_non_null(zbar = popen(command, "r"));
	length = fread(text, 1, room - 1, zbar);
	text[length && text[length - 1] == '\n' ? length - 1 : length] = '\0';
	status = pclose(zbar);
	unlink(path);
	assert_int_equal(status, 0);
}

static void is_read_back(void **state)
{
	static const struct { const char *issuer, *email; } cases[] = {
		{ "twostep", "kim@example.com" },
		{ "회사 이름", "a.very.long.address.of.somebody+with-a-tag@department.of.long.names.example.com" },
	};
	(void)state;
	if (system("command -v zbarimg >/dev/null"))
		skip();
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf uri = { 0 }, svg = { 0 };
		struct totp_secret secret;
		struct picture picture;
		char text[1024];
		assert_int_equal(totp_secret_new(&secret), OK);
		otpauth_uri(&uri, cases[i].issuer, cases[i].email, &secret);
		assert_int_equal(otpauth_qr_svg(&svg, buf_string(&uri)), OK);
		draw_svg(&picture, buf_string(&svg));
		scan(&picture, text, sizeof(text));
		assert_string_equal(text, buf_string(&uri));
	}
}

/* Four white modules all around, and the three corners that every code has. */
static void has_quiet_zone_and_finders(void **state)
{
	static const struct { int x, y; } corners[] = { { 0, 0 }, { 1, 0 }, { 0, 1 } };
	SCOPED(buf_done) struct buf svg = { 0 };
	struct picture picture;

	(void)state;
	assert_int_equal(otpauth_qr_svg(&svg, "otpauth://totp/x"), OK);
	draw_svg(&picture, buf_string(&svg));
	for (int i = 0; i < picture.side; i++)
		for (int edge = 0; edge < 4; edge++)
			assert_false(picture.dark[edge][i] || picture.dark[i][edge] || picture.dark[picture.side - 1 - edge][i] ||
			             picture.dark[i][picture.side - 1 - edge]);
	for (size_t c = 0; c < COUNT(corners); c++)
		for (int i = 0; i < 7; i++) {
			int x = corners[c].x ? picture.side - 4 - 7 : 4, y = corners[c].y ? picture.side - 4 - 7 : 4;
			assert_true(picture.dark[y][x + i] && picture.dark[y + 6][x + i] && picture.dark[y + i][x] && picture.dark[y + i][x + 6]);
		}
}

static void takes_what_a_code_can_hold(void **state)
{
	static const struct { size_t length; enum err err; } cases[] = {
		{ 1, OK }, { 2331, OK }, { 2332, ERR_INVALID }, { 5000, ERR_INVALID }, { 0, ERR_INVALID }, /* version 40 at M */
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		SCOPED(buf_done) struct buf svg = { 0 };
		char text[5001] = "";
		memset(text, 'a', cases[i].length);
		if (otpauth_qr_svg(&svg, text) != cases[i].err)
			fail_msg("%zu bytes", cases[i].length);
	}
}

static void says_where_there_is_no_room(void **state)
{
	SCOPED(buf_done) struct buf svg = { .limit = 100 };

	(void)state;
	assert_int_equal(otpauth_qr_svg(&svg, "otpauth://totp/x"), ERR_MEMORY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_read_back),
		cmocka_unit_test(has_quiet_zone_and_finders),
		cmocka_unit_test(takes_what_a_code_can_hold),
		cmocka_unit_test(says_where_there_is_no_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
