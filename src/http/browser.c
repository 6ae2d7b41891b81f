/*
 * What a person calls their browser, from what it calls itself. A hint for people, nothing is decided by it.
 */
#include <stdio.h>

#include "base/base.h"
#include "http/call.h"

#include "base/banned.h"

#define UNKNOWN "Unknown browser"
#define ON      " on "

struct sign {
	const char *word, *name;
};

/* The first that is found: nearly all call themselves Mozilla, Chrome and Safari, too. */
static const struct sign browsers[] = {
	{ "EdgiOS/", "Edge" },
	{ "EdgA/", "Edge" },
	{ "Edg/", "Edge" },
	{ "OPR/", "Opera" },
	{ "OPT/", "Opera" },
	{ "SamsungBrowser/", "Samsung Internet" },
	{ "Whale/", "Whale" },
	{ "KAKAOTALK", "KakaoTalk" },
	{ "NAVER(", "NAVER" },
	{ "YaBrowser/", "Yandex" },
	{ "Vivaldi/", "Vivaldi" },
	{ "UCBrowser/", "UC Browser" },
	{ "DuckDuckGo/", "DuckDuckGo" },
	{ "FxiOS/", "Firefox" },
	{ "Firefox/", "Firefox" },
	{ "CriOS/", "Chrome" },
	{ "Chromium/", "Chromium" },
	{ "Chrome/", "Chrome" },
	{ "Safari/", "Safari" },
};

/* Programs: where they run is of no use to anybody. */
static const struct sign programs[] = {
	{ "curl/", "curl" },
	{ "Wget/", "Wget" },
	{ "python", "Python" },
	{ "Python", "Python" },
	{ "aiohttp/", "Python" },
	{ "Go-http-client/", "Go" },
	{ "okhttp/", "OkHttp" },
	{ "Java/", "Java" },
	{ "Apache-HttpClient/", "Java" },
	{ "node", "Node.js" },
	{ "axios/", "Node.js" },
	{ "undici", "Node.js" },
	{ "PostmanRuntime/", "Postman" },
	{ "insomnia/", "Insomnia" },
	{ "HTTPie/", "HTTPie" },
	{ "PowerShell/", "PowerShell" },
	{ "Ruby", "Ruby" },
	{ "libwww-perl/", "Perl" },
};

static const struct sign systems[] = {
	{ "iPad", "iPadOS" },     { "iPhone", "iOS" },    { "iPod", "iOS" },         { "Android", "Android" },
	{ "CrOS", "ChromeOS" },   { "Windows", "Windows" }, { "Macintosh", "macOS" }, { "Mac OS X", "macOS" },
	{ "FreeBSD", "FreeBSD" }, { "OpenBSD", "OpenBSD" }, { "Linux", "Linux" },     { "X11", "Linux" },
};

static const char *find(const struct sign *signs, size_t count, struct view text)
{
	for (size_t i = 0; i < count; i++)
		if (memmem(text.bytes, text.length, signs[i].word, strlen(signs[i].word)))
			return signs[i].name;
	return NULL;
}

const char *call_browser(struct arena *arena, const struct request *request)
{
	const struct view *agent = request_header(request, "User-Agent", NULL);
	const char *browser = agent ? find(browsers, COUNT(browsers), *agent) : NULL, *runs_on, *text;

	if (agent && !browser && (text = find(programs, COUNT(programs), *agent)))
		return text;
	if (!browser)
		browser = UNKNOWN;
	runs_on = agent ? find(systems, COUNT(systems), *agent) : NULL;
	text = runs_on ? arena_printf(arena, "%s" ON "%s", browser, runs_on) : NULL;
	return text ? text : browser;
}

void browser_say(struct buf *out, enum locale locale, const char *browser)
{
	const char *on = strstr(browser, ON);
	char name[BROWSER_TEXT];

	snprintf(name, sizeof(name), "%.*s", on ? (int)(on - browser) : BROWSER_TEXT, browser);
	const char *said = strcmp(name, UNKNOWN) != 0 ? name : lang_text(locale, MSG_BROWSER_UNKNOWN);
	const struct lang_arg args[] = { { "browser", said }, { "system", on ? on + sizeof(ON) - 1 : "" } };

	if (on)
		lang_fill(out, locale, MSG_BROWSER_ON, args, COUNT(args));
	else
		buf_text(out, said);
}
