#include "mail/sheet.h"

#include "base/base.h"
#include "http/answer.h"

#include "base/banned.h"

#define FONT "font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans KR','Malgun Gothic',sans-serif"

/* The reader's own background stays: what a mail program darkens by itself must not become dark on dark. */
void sheet_begin(struct sheet *sheet, enum locale locale, const char *title)
{
	buf_text(&sheet->html, "<!doctype html>\n<html lang=\"");
	html_attribute(&sheet->html, locale_tag(locale));
	buf_text(&sheet->html,
	        "\">\n<head>\n<meta charset=\"utf-8\">\n"
	        "<meta name=\"viewport\" content=\"width=device-width\">\n"
	        "<meta name=\"color-scheme\" content=\"light dark\">\n"
	        "<meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>");
	html_text(&sheet->html, title);
	buf_text(&sheet->html,
	        "</title>\n</head>\n<body style=\"margin:0;padding:24px;" FONT ";font-size:16px;line-height:1.5\">\n"
	        "<div style=\"max-width:560px;margin:0 auto;word-break:keep-all;overflow-wrap:anywhere\">\n"
	        "<h1 style=\"margin:0 0 16px;font-size:20px;line-height:1.3\">");
	html_text(&sheet->html, title);
	buf_text(&sheet->html, "</h1>\n");
}

void sheet_words(struct sheet *sheet, const char *words)
{
	buf_text(&sheet->text, words);
	buf_text(&sheet->text, "\n\n");
	buf_text(&sheet->html, "<p style=\"margin:0 0 16px\">");
	html_text(&sheet->html, words);
	buf_text(&sheet->html, "</p>\n");
}

void sheet_code(struct sheet *sheet, const char *code)
{
	buf_text(&sheet->text, code);
	buf_text(&sheet->text, "\n\n");
	buf_text(&sheet->html,
	        "<p style=\"margin:0 0 16px;font-family:ui-monospace,Menlo,Consolas,monospace;"
	        "font-size:28px;font-weight:700;letter-spacing:2px\">");
	html_text(&sheet->html, code);
	buf_text(&sheet->html, "</p>\n");
}

static void add_link(struct sheet *sheet, const char *style, const char *label, const char *url)
{
	buf_text(&sheet->text, label);
	buf_text(&sheet->text, ":\n");
	buf_text(&sheet->text, url);
	buf_text(&sheet->text, "\n\n");
	buf_text(&sheet->html, "<p style=\"margin:0 0 16px\"><a href=\"");
	html_url(&sheet->html, url);
	buf_text(&sheet->html, "\"");
	buf_text(&sheet->html, style);
	buf_text(&sheet->html, ">");
	html_text(&sheet->html, label);
	buf_text(&sheet->html, "</a></p>\n");
}

void sheet_button(struct sheet *sheet, const char *label, const char *url)
{
	add_link(sheet,
	        " style=\"display:inline-block;padding:12px 24px;border-radius:8px;background:#1d4fb8;"
	        "color:#ffffff;text-decoration:none;font-weight:600\"",
	        label, url);
}

void sheet_link(struct sheet *sheet, const char *label, const char *url)
{
	add_link(sheet, "", label, url);
}

void sheet_facts(struct sheet *sheet, const struct sheet_fact *facts, size_t count)
{
	buf_text(&sheet->html, "<p style=\"margin:0 0 16px;padding-left:12px;border-left:3px solid #8a94a6\">");
	for (size_t i = 0; i < count; i++) {
		buf_text(&sheet->text, facts[i].label);
		buf_text(&sheet->text, ": ");
		buf_text(&sheet->text, facts[i].value);
		buf_text(&sheet->text, "\n");
		buf_text(&sheet->html, i ? "<br>\n" : "");
		html_text(&sheet->html, facts[i].label);
		buf_text(&sheet->html, ": ");
		html_text(&sheet->html, facts[i].value);
	}
	buf_text(&sheet->text, "\n");
	buf_text(&sheet->html, "</p>\n");
}

/* Two hyphens and a space: what mail programs know as the line above a signature. */
void sheet_end(struct sheet *sheet, const char *sign_off)
{
	buf_text(&sheet->text, "-- \n");
	buf_text(&sheet->text, sign_off);
	buf_text(&sheet->text, "\n");
	buf_text(&sheet->html, "<p style=\"margin:24px 0 0;font-size:13px\">");
	html_text(&sheet->html, sign_off);
	buf_text(&sheet->html, "</p>\n</div>\n</body>\n</html>\n");
}

enum err sheet_check(const struct sheet *sheet)
{
	enum err err = buf_check(&sheet->text);

	return err ? err : buf_check(&sheet->html);
}

void sheet_done(struct sheet *sheet)
{
	buf_done(&sheet->text);
	buf_done(&sheet->html);
}
