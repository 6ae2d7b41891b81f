#include "http/csv.h"

#include <string.h>

#include "base/banned.h"

static bool is_formula(const char *text)
{
	return *text && strchr("=+-@\t\r", *text);
}

void csv_cell(struct buf *out, const char *text, bool last)
{
	const char *value = text ? text : "";
	bool formula = is_formula(value), quoted = formula || strpbrk(value, ",\"\r\n;") || *value == ' ';

	buf_text(out, quoted ? "\"" : "");
	buf_text(out, formula ? "'" : "");
	for (; *value; value++) {
		if (*value == '"')
			buf_text(out, "\"");
		buf_add(out, value, 1);
	}
	buf_text(out, quoted ? "\"" : "");
	buf_text(out, last ? "\r\n" : ",");
}
