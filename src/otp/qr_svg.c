#include "otp/otpauth.h"

#include <errno.h>
#include <qrencode.h>

#include "base/banned.h"

#define QUIET_MODULES 4 /* ISO/IEC 18004: white all around, without which scanners do not find the code */
#define DARK          1 /* the lowest bit of a module */

/* The code says the secret: it is wiped as the secret is. */
static void qr_wipe(QRcode **qr)
{
	if (!*qr)
		return;
	wipe((*qr)->data, (size_t)(*qr)->width * (size_t)(*qr)->width);
	QRcode_free(*qr);
}

/* A row as strokes of one module's height: "M4 4.5h7m1 0h3". */
static void write_row(struct buf *out, const uint8_t *modules, int width, int y)
{
	int at = 0; /* where the pen is */

	for (int x = 0, end; x < width; x = end) {
		for (end = x + 1; end < width && (modules[end] & DARK) == (modules[x] & DARK); end++)
			;
		if (!(modules[x] & DARK))
			continue;
		if (!at)
			buf_printf(out, "M%d %d.5h%d", x + QUIET_MODULES, y + QUIET_MODULES, end - x);
		else
			buf_printf(out, "m%d 0h%d", x - at, end - x);
		at = end;
	}
}

enum err otpauth_qr_svg(struct buf *out, const char *text)
{
	SCOPED(qr_wipe) QRcode *qr = QRcode_encodeData((int)strnlen(text, 4096), (const uint8_t *)text, 0, QR_ECLEVEL_M);
	int side;

	if (!qr)
		return errno == ENOMEM ? ERR_MEMORY : ERR_INVALID; /* longer than the largest code takes */

	side = qr->width + 2 * QUIET_MODULES;
	buf_printf(out,
	           "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	           "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/><path stroke=\"#000\" d=\"",
	           side, side, side, side);
	for (int y = 0; y < qr->width; y++)
		write_row(out, qr->data + (ptrdiff_t)y * qr->width, qr->width, y);
	buf_text(out, "\"/></svg>");
	return buf_check(out);
}
