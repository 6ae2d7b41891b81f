#include "mail/curl.h"

#include <dlfcn.h>

#include "base/base.h"

#include "base/banned.h"

#define FUNCTION(member, symbol) { offsetof(struct curl_functions, member), symbol }

/* POSIX lets dlsym's pointer be read as a function's; C alone does not, hence the copy. */
static bool find_all(void *library, struct curl_functions *out)
{
	static const struct {
		size_t offset;
		const char *symbol;
	} wanted[] = {
		FUNCTION(global_init, "curl_global_init"), FUNCTION(easy_init, "curl_easy_init"),
		FUNCTION(setopt, "curl_easy_setopt"), FUNCTION(perform, "curl_easy_perform"),
		FUNCTION(getinfo, "curl_easy_getinfo"), FUNCTION(cleanup, "curl_easy_cleanup"),
		FUNCTION(strerror, "curl_easy_strerror"), FUNCTION(slist_append, "curl_slist_append"),
		FUNCTION(slist_free_all, "curl_slist_free_all"),
	};

	for (size_t i = 0; i < COUNT(wanted); i++) {
		void *found = dlsym(library, wanted[i].symbol);
		if (!found)
			return false;
		memcpy((char *)out + wanted[i].offset, &found, sizeof(found));
	}
	return true;
}

enum err curl_load(struct curl_functions *out, const char **why)
{
	void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);

	*why = "libcurl.so.4 cannot be loaded: install libcurl4";
	if (!library)
		return ERR_IO;
	*why = "libcurl.so.4 is not the libcurl that was expected";
	if (!find_all(library, out) || out->global_init(CURL_GLOBAL_DEFAULT))
		return ERR_IO;
	return OK;
}
