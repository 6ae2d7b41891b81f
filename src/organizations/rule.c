#include "organizations/rule.h"

#include <ctype.h>
#include <stdio.h>

#include "accounts/password_try.h"
#include "base/text.h"

#include "base/banned.h"

static const struct {
	enum method method;
	const char *name;
} methods[RULE_METHODS] = { { GET, "GET" },     { HEAD, "HEAD" },     { POST, "POST" },      { PUT, "PUT" },
	                    { PATCH, "PATCH" }, { DELETE, "DELETE" }, { OPTIONS, "OPTIONS" } };

static unsigned method_find(struct view name)
{
	for (size_t i = 0; i < COUNT(methods); i++)
		if (view_same(name, methods[i].name))
			return (unsigned)methods[i].method;
	return 0;
}

/* Text that begins with '/', with a star at its end at most, and nothing that a path has to encode or that ends one. */
static bool is_pattern(const char *path)
{
	size_t length = strlen(path);
	const char *star = strchr(path, '*');

	return path[0] == '/' && length <= RULE_PATH_BYTES_MAX && (!star || star == path + length - 1) && !strpbrk(path, "?#%\\;") &&
	       !strstr(path, "//") && !strstr(path, "/.") && !text_has_controls(path) && !strchr(path, ' ');
}

static enum err make_pattern(struct arena *arena, struct rule *rule)
{
	char key[READINGS_KEY_TEXT];
	size_t length = strlen(rule->path), key_bytes;
	bool star = rule->path[length - 1] == '*', folder;
	enum err err = readings_key((struct view){ rule->path, length - star }, key);

	if (err)
		return err;
	key_bytes = strlen(key);
	folder = key[key_bytes - 1] == '/';
	while (key_bytes && key[key_bytes - 1] == '/')
		key_bytes--;
	rule->pattern = (struct pattern){ arena_copy(arena, key, key_bytes), key_bytes, .below = star && folder, .begins = star && !folder };
	return rule->pattern.key ? OK : ERR_MEMORY;
}

static enum err read_methods(struct call *call, const struct texts *asked, unsigned *out)
{
	unsigned found = 0;

	for (size_t i = 0; i < asked->count; i++) {
		unsigned one = method_find((struct view){ asked->text[i], strlen(asked->text[i]) });

		if (!one)
			return blame(call, "rules.methods", ERR_INVALID);
		found |= one;
	}
	*out = found;
	return OK;
}

enum err rule_read(struct call *call, const struct rule_asked *asked, struct rule *out)
{
	struct rule rule = { .path = asked->path, .second_step_max_age_s = asked->second_step_max_age_s.value };
	enum err err;

	if (!is_pattern(asked->path))
		return blame(call, "rules.path", ERR_INVALID);
	if (!asked->second_step_max_age_s.given || rule.second_step_max_age_s < 1 || rule.second_step_max_age_s > RULE_MAX_AGE_S)
		return blame(call, "rules.second_step_max_age_s", ERR_INVALID);
	if ((err = read_methods(call, &asked->methods, &rule.methods)) || (err = make_pattern(call->arena, &rule)))
		return err;
	*out = rule;
	return OK;
}

enum err rule_load(struct arena *arena, const char *path, const char *text, int64_t max_age_s, struct rule *out)
{
	struct rule rule = { .path = arena_text(arena, path), .second_step_max_age_s = max_age_s };
	enum err err;

	if (!rule.path)
		return ERR_MEMORY;
	if (!is_pattern(path) || max_age_s < 1)
		return ERR_STORE;
	while (*text) {
		size_t length = strcspn(text, ",");
		unsigned one = method_find((struct view){ text, length });

		if (!one)
			return ERR_STORE;
		rule.methods |= one;
		text += length + (text[length] == ',');
	}
	if ((err = make_pattern(arena, &rule)))
		return err;
	*out = rule;
	return OK;
}

size_t rule_method_names(const struct rule *rule, const char *out[static RULE_METHODS])
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(methods); i++)
		if (rule->methods & (unsigned)methods[i].method)
			out[count++] = methods[i].name;
	return count;
}

const char *rule_methods_text(const struct rule *rule, char out[static RULE_METHODS_TEXT])
{
	const char *names[RULE_METHODS];
	size_t count = rule_method_names(rule, names), length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		length += (size_t)snprintf(out + length, RULE_METHODS_TEXT - length, "%s%s", i ? "," : "", names[i]);
	return out;
}

/* RFC 9110 section 5.6.2. Some servers take "get" for GET and "TRACE" for anything, so that one that we do not know is no free pass. */
bool rule_is_method(struct view name)
{
	static const char more[] = "!#$%&'*+-.^_`|~";

	for (size_t i = 0; i < name.length; i++)
		if (!isalnum((unsigned char)name.bytes[i]) && !memchr(more, name.bytes[i], sizeof(more) - 1))
			return false;
	return name.length && name.length <= RULE_METHOD_BYTES_MAX;
}

/* A handler of GET answers HEAD, and some answer the reverse. 0: a method that we do not know. */
static bool fits_method(const struct rule *rule, unsigned method)
{
	unsigned both = (unsigned)GET | (unsigned)HEAD;

	return !method || !rule->methods || (rule->methods & (method & both ? both : method));
}

enum err rules_need(const struct rule *rules, size_t count, struct view method, struct view path, bool *fits, int64_t *max_age_s)
{
	struct readings readings;
	unsigned known = method_find(method);
	int64_t strictest = 0;
	enum err err = rule_is_method(method) ? readings_take(path, &readings) : ERR_INVALID;

	if (err)
		return err;
	for (size_t i = 0; i < count; i++) {
		const struct rule *rule = &rules[i];
		bool stricter = !strictest || rule->second_step_max_age_s < strictest;
		bool fit = (fits || stricter) && fits_method(rule, known) && readings_fit(&readings, &rule->pattern);

		if (fits)
			fits[i] = fit;
		if (fit && stricter)
			strictest = rule->second_step_max_age_s;
	}
	*max_age_s = strictest;
	return OK;
}
