#include "gate/facts.h"

#include <sodium.h>
#include <stdlib.h>

#include "base/banned.h"

#define PAIR_BYTES (ID_BYTES + 1)

uint64_t host_hash(const char *host)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a: hosts are chosen by those whom the operator allowed them */

	for (; *host; host++)
		hash = (hash ^ (uint8_t)*host) * UINT64_C(0x100000001b3);
	return hash;
}

uint64_t host_mark(const char *host)
{
	uint8_t digest[crypto_hash_sha256_BYTES];
	uint64_t mark;

	crypto_hash_sha256(digest, (const unsigned char *)host, strlen(host));
	memcpy(&mark, digest, sizeof(mark));
	return mark ? mark : 1;
}

static int find_pair(const uint8_t *pairs, int count, const struct id *id, int *role)
{
	int low = 0, high = count;

	while (low < high) {
		int middle = (low + high) / 2;
		const uint8_t *pair = pairs + (size_t)middle * PAIR_BYTES;
		int order = memcmp(pair, id->bytes, ID_BYTES);

		if (!order) {
			*role = pair[ID_BYTES];
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return -1;
}

int person_organization(const struct person *person, const struct id *id, enum role *role)
{
	int found = ROLE_NONE, at = find_pair(person->data, person->organizations, id, &found);

	*role = (enum role)found;
	return at;
}

int person_service(const struct person *person, const struct id *id, enum service_role *role)
{
	const uint8_t *services = person->data + person->organizations * PAIR_BYTES;
	int found = SERVICE_ROLE_NONE, at = find_pair(services, person->services, id, &found);

	*role = (enum service_role)found;
	return at;
}

static const uint8_t *texts_of(const struct person *person)
{
	return person->data + (person->organizations + person->services) * PAIR_BYTES;
}

struct view person_email(const struct person *person)
{
	return (struct view){ (const char *)texts_of(person), person->email_bytes };
}

struct view person_name(const struct person *person)
{
	return (struct view){ (const char *)texts_of(person) + person->email_bytes, person->name_bytes };
}

void person_free(struct person *person)
{
	free(person);
}

void pass_free(struct pass *pass)
{
	free(pass);
}

void site_free(struct site *site)
{
	if (!site)
		return;
	arena_done(&site->arena);
	free(site);
}
