/*
 * Whether a reading fits. Trying them one by one would take for ever, so all are tried at once: from slash to slash we keep, for each
 * number of the pattern's segments that a reading may have matched so far, how many segments lie on top of them, to be taken away
 * by "..". Fewer are always better than more, so the fewest are enough. Time: segments of the path times segments of the pattern.
 */
#include "organizations/readings.h"

#include "base/base.h"

#include "base/banned.h"

#define KEY_SEGMENTS_MAX (READINGS_KEY_BYTES_MAX / 2) /* "/a/a": none is empty, as patterns are written */
#define NEVER            UINT16_MAX /* each byte 0xff */

/* Segments lying on top, by how many of the pattern's are matched; NEVER: no reading has come so far. */
struct depths {
	uint16_t n[KEY_SEGMENTS_MAX + 1];
};

struct walk {
	const struct pattern *pattern;
	struct view segment[KEY_SEGMENTS_MAX];
	size_t segments;
	struct depths start; /* where the segment begins that is looked at */
	struct depths plain; /* before the segment that began at any soft slash since the last hard one: it may go on still */
	struct depths cut;   /* behind a segment whose parameters may go on still */
	struct depths ended; /* behind a segment that is over at the next end */
};

static void forget(const struct walk *walk, struct depths *depths)
{
	memset(depths->n, 0xff, (walk->segments + 1) * sizeof(depths->n[0]));
}

static void reach(struct depths *depths, size_t k, uint16_t depth)
{
	if (depth < depths->n[k])
		depths->n[k] = depth;
}

static bool is_slash(char c)
{
	return c == '/' || c == READINGS_SOFT_SLASH;
}

/* Behind a '?' or '#' that was decoded a server may look no further. */
static bool is_end(char c)
{
	return c == '\0' || c == '?' || c == '#';
}

/* Parameters (";v=1"), or the stream of a file (NTFS: "::$DATA", ":$i30:..."). */
static bool is_cut(const char *at)
{
	return at[0] == ';' || (at[0] == ':' && (at[1] == ':' || at[1] == '$'));
}

static const char *find_end(const char *at)
{
	while (!is_slash(*at) && !is_end(*at))
		at++;
	return at;
}

/* Where a reading stands whose segment ends at `at`, be it that dots and blanks follow, which Windows drops. NULL: it does not end. */
static struct depths *behind(struct walk *walk, const char *at)
{
	while (*at == '.' || *at == ' ')
		at++;
	if (is_slash(*at) || is_end(*at))
		return &walk->ended;
	return is_cut(at) ? &walk->cut : NULL;
}

/* Nothing, or dots: two or more take a segment away, to some servers; to others they are gone without a trace. */
static void try_dots(struct walk *walk, const char *at)
{
	struct depths *to = behind(walk, at);
	size_t dots = 0;

	for (; *at == '.' || *at == ' '; at++)
		dots += *at == '.';
	for (size_t k = 0; to && k <= walk->segments; k++) {
		uint16_t depth = walk->start.n[k];

		reach(to, k, dots > 1 && depth && depth != NEVER ? (uint16_t)(depth - 1) : depth);
	}
}

/* A file that runs and is told the rest of the path. */
static bool is_script(const char *at, size_t length)
{
	static const char *const endings[] = { ".php", ".cgi", ".fcgi" };

	for (size_t i = 0; i < COUNT(endings); i++) {
		size_t bytes = strlen(endings[i]);

		if (length > bytes && !memcmp(at + length - bytes, endings[i], bytes))
			return true;
	}
	return false;
}

/* A segment that some servers take off: a script, or the host of "//host/path". */
static void try_without(struct walk *walk, const char *at, bool host)
{
	const char *end = at;
	struct depths *to;

	while (*end != ';' && !is_slash(*end) && !is_end(*end))
		end++;
	if (!(host || is_script(at, (size_t)(end - at))) || !(to = behind(walk, end)))
		return;
	for (size_t k = 0; k <= walk->segments; k++)
		reach(to, k, walk->start.n[k]);
}

/* True where nothing more is needed. */
static bool try_match(struct walk *walk, const char *at)
{
	for (size_t k = 0; k < walk->segments; k++) {
		const struct view *segment = &walk->segment[k];
		struct depths *to;

		if (walk->start.n[k] || strncmp(at, segment->bytes, segment->length) != 0)
			continue;
		if (walk->pattern->begins && k + 1 == walk->segments)
			return true;
		if ((to = behind(walk, at + segment->length)))
			reach(to, k + 1, 0);
	}
	return false;
}

/* At a slash or an end. True where a reading fits that comes to here. */
static bool step(struct walk *walk, char c)
{
	for (size_t k = 0; k <= walk->segments; k++) {
		uint16_t depth = walk->ended.n[k], plain = walk->plain.n[k];

		if (walk->cut.n[k] < depth)
			depth = walk->cut.n[k];
		if (plain != NEVER && plain + 1 < depth)
			depth = (uint16_t)(plain + 1);
		walk->start.n[k] = depth;
	}
	forget(walk, &walk->ended);
	if (c == '/') {
		forget(walk, &walk->plain);
		forget(walk, &walk->cut);
	}
	return !walk->start.n[walk->segments] && (walk->pattern->below || is_end(c));
}

static void begin(struct walk *walk, const struct pattern *pattern)
{
	const char *end = pattern->key + pattern->key_bytes;

	walk->pattern = pattern;
	walk->segments = 0;
	for (const char *at = pattern->key; at < end;) {
		const char *from = at + 1, *slash = memchr(from, '/', (size_t)(end - from));

		at = slash ? slash : end;
		walk->segment[walk->segments++] = (struct view){ from, (size_t)(at - from) };
	}
	forget(walk, &walk->start);
	forget(walk, &walk->plain);
	forget(walk, &walk->cut);
	forget(walk, &walk->ended);
	walk->start.n[0] = 0;
}

/* text begins with a slash. */
static bool fits_text(const char *text, const struct pattern *pattern)
{
	struct walk walk;
	bool empty = true; /* nothing but slashes so far */
	char c;

	begin(&walk, pattern);
	if (!walk.segments && pattern->below)
		return true;
	for (const char *at = text + 1;; at++) {
		for (size_t k = 0; k <= walk.segments; k++)
			reach(&walk.plain, k, walk.start.n[k]);
		try_dots(&walk, at);
		try_without(&walk, at, empty && at > text + 1);
		if (try_match(&walk, at) || !walk.cut.n[walk.segments]) /* all matched: some drop whatever is behind a ';' */
			return true;
		empty = empty && is_slash(*at);
		do {
			at = find_end(at);
			c = *at;
			if (step(&walk, c))
				return true;
		} while (c && !is_slash(c) && at++);
		if (!c)
			return false;
	}
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static bool fits_plain(struct view path, const struct pattern *pattern)
{
	size_t length = pattern->key_bytes;

	if (path.length < length)
		return false;
	for (size_t i = 0; i < length; i++)
		if (lower(path.bytes[i]) != pattern->key[i])
			return false;
	return pattern->begins || path.length == length || (path.bytes[length] == '/' && (pattern->below || path.length == length + 1));
}

bool readings_fit(const struct readings *readings, const struct pattern *pattern)
{
	if (readings->plain.length)
		return fits_plain(readings->plain, pattern);
	for (size_t i = 0; i < readings->texts; i++)
		if (fits_text(readings->text[i], pattern))
			return true;
	return false;
}
