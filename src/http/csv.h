/*
 * csv: rows as RFC 4180 writes them, safe for spreadsheet programs.
 */
#ifndef TWOSTEP_HTTP_CSV_H
#define TWOSTEP_HTTP_CSV_H

#include <stdbool.h>

#include "base/buf.h"

/*
 * A cell and what follows it: a comma, or with `last` the end of the row (CRLF). One that begins with = + - @ TAB or CR would be
 * taken for a formula: it gets an apostrophe in front, and quotes. NULL is empty.
 */
void csv_cell(struct buf *out, const char *text, bool last);

#endif
