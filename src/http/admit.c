#include "http/admit.h"

#include "base/banned.h"

enum err admit(const struct server *server, struct job *job)
{
	const struct server_options *options = &server->options;
	struct peer peer;
	enum err err;
	bool json;

	if (!options->places || !router_hashes(options->router, &job->request, &json))
		return OK;
	peer_find(&peer, &job->from, &job->request, options->settings);
	err = hash_place_take(options->places, &peer, &job->place);
	return json ? err : OK;
}
