#include "base/err.h"

#include "base/base.h"

#include "base/banned.h"

static const struct {
	const char *name, *word;
	int status;
	enum msg message;
} errors[ERR_COUNT] = {
#define ERR(name, status, word) [ERR_##name] = { #name, word, status, MSG_ERROR_##name },
#include "base/err.def"
#undef ERR
};

/* A value that is none of the list must not read as a yes on any surface. */
static size_t known(enum err err)
{
	return err > OK && err < ERR_COUNT ? (size_t)err : ERR_CRYPTO;
}

int err_status(enum err err)
{
	return err == OK ? 200 : errors[known(err)].status;
}

const char *err_word(enum err err)
{
	return err == OK ? "ok" : errors[known(err)].word;
}

const char *err_name(enum err err)
{
	return err == OK ? "OK" : errors[known(err)].name;
}

enum msg err_message(enum err err)
{
	return errors[known(err)].message;
}
