/* Hosts: what is read reads as itself, whatever stood around it, and holds nothing that a header or a URL would take for more. */
#include "fuzz.h"
#include "organizations/hostname.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	char *typed = arena_copy(&arena, (const char *)bytes, length), read[HOSTNAME_TEXT], again[HOSTNAME_TEXT], claimed[HOSTNAME_TEXT];

	for (int https = 0; typed && https < 2; https++) {
		if (hostname_read(typed, https, read))
			continue;
		must(*read && strlen(read) < sizeof(read));
		must(strspn(read, "abcdefghijklmnopqrstuvwxyz0123456789-.:[]") == strlen(read));
		must(!hostname_read(read, https, again) && !strcmp(read, again) && hostname_same(read, again));
		must(hostname_claim(typed, https, claimed) || (!strcmp(claimed, read) && !hostname_read(read, !https, again) && !strcmp(read, again)));
	}
	return 0;
}
