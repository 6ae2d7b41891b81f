/*
 * curl: libcurl's functions, loaded when a setting asks for SMTP: it brings some 29 shared objects, and the default start
 * shall not pay for them. Types and numbers come from its headers at build time.
 */
#ifndef TWOSTEP_MAIL_CURL_H
#define TWOSTEP_MAIL_CURL_H

#include <curl/curl.h>

#include "base/err.h"

struct curl_functions {
	CURLcode (*global_init)(long flags);
	CURL *(*easy_init)(void);
	CURLcode (*setopt)(CURL *easy, CURLoption option, ...);
	CURLcode (*perform)(CURL *easy);
	CURLcode (*getinfo)(CURL *easy, CURLINFO info, ...);
	void (*cleanup)(CURL *easy);
	const char *(*strerror)(CURLcode code);
	struct curl_slist *(*slist_append)(struct curl_slist *list, const char *text);
	void (*slist_free_all)(struct curl_slist *list);
};

/* Loads and initialises it, for the rest of the process's life. ERR_IO: *why for the operator. Before any thread starts. */
MUST_USE enum err curl_load(struct curl_functions *out, const char **why);

#endif
