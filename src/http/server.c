#include "http/server.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "http/loop.h"
#include "http/reply.h"
#include "http/request_id.h"
#include "http/work.h"

#include "base/banned.h"

#define FILES_RESERVED 256 /* open files that are no connections: database, logs, mail */

/* ---- a request thread's part ---- */

/* A 429 says by which limit too: the operator of a place whose people are kept waiting asks whose tries did it. */
static void log_access(const struct job *job, const struct call *call)
{
	const struct view *method = &job->request.method_text, *path = &job->request.path;
	int status = reply_status(call->out);

	if (!log_wants(LOG_INFO))
		return;
	const struct log_field fields[] = {
		LOG_TEXT("id", job->id), LOG_TEXT("method", arena_copy(call->arena, method->bytes, method->length)),
		LOG_TEXT("path", arena_copy(call->arena, path->bytes, path->length)), LOG_INT("status", status),
		LOG_INT("ms", clock_monotonic_ms() - job->began_ms), LOG_TEXT("address", call->peer.address),
		LOG_TEXT("limit", call->held_off.by),
	};
	log_write(LOG_INFO, "request", fields, COUNT(fields) - (status != err_status(ERR_TOO_MANY)));
}

static void write_head(const struct server *server, struct job *job, int64_t now_s)
{
	char date[DATE_TEXT];
	struct reply reply = { .date = date_text(now_s, date), .id = job->id, .https = server->options.settings->https };

	job->keep_alive = job->keep_alive && !atomic_load(&server->stopping);
	if (job->answer.stream && !job->request.minor)
		job->keep_alive = false;
	reply.chunked = job->request.minor > 0;
	reply.keep_alive = job->keep_alive;
	reply_head(&job->head, &job->answer, &reply);
}

/* RFC 9112 section 7.1. */
static void add_chunk(struct buf *out, const struct buf *piece)
{
	char size[24];

	if (!piece->length)
		return;
	snprintf(size, sizeof(size), "%zx\r\n", piece->length);
	buf_text(out, size);
	buf_add(out, piece->bytes, piece->length);
	buf_text(out, "\r\n");
}

/* The next piece into the body, framed; an end that could not be told is no end. */
static void make_piece(struct job *job, struct arena *arena)
{
	SCOPED(buf_done) struct buf piece = { 0 };
	struct stream *stream = job->answer.stream;
	bool chunked = job->request.minor > 0;
	enum err err = stream->more(stream, clock_now_s(), arena, &piece);

	buf_reset(&job->answer.body);
	if (chunked)
		add_chunk(&job->answer.body, &piece);
	else
		buf_add(&job->answer.body, piece.bytes ? piece.bytes : "", piece.length);
	if (chunked && err == ERR_NOT_FOUND)
		buf_text(&job->answer.body, "0\r\n\r\n");
	if ((err && err != ERR_NOT_FOUND) || piece.failed || job->answer.body.failed)
		job->progress = PROGRESS_CUT;
	else
		job->progress = err ? PROGRESS_WHOLE : PROGRESS_MORE;
}

/*
 * Whole before its head, with its length: where nothing but the end of the connection tells the end of the answer, a Unix socket
 * has no reset that tells a cut one from it.
 */
static void collect_stream(struct call *call)
{
	struct answer *out = call->out;
	enum err err;

	do {
		SCOPED(arena_done) struct arena arena = { 0 };

		err = out->stream->more(out->stream, clock_now_s(), &arena, &out->body);
	} while (!err && !out->body.failed);
	answer_drop_stream(out);
	if (err != ERR_NOT_FOUND || out->body.failed) {
		answer_reset(out);
		reply_problem(out, call->locale, ERR_STORE);
	}
}

/* The head is written; what it promised begins. */
static void begin_stream(struct job *job, struct arena *arena)
{
	if (!job->answer.stream)
		return;
	if (job->request.method == HEAD || !reply_has_body(&job->answer))
		answer_drop_stream(&job->answer);
	else
		make_piece(job, arena);
}

static void answer_request(const struct server *server, struct job *job, struct arena *arena)
{
	const struct server_options *options = &server->options;
	struct call call = {
		.request = &job->request,
		.browser = call_browser(arena, &job->request),
		.refused = job->refused,
		.now_s = clock_now_s(),
		.locale = call_language(&job->request, options->settings->locale),
		.settings = options->settings,
		.store = options->store,
		.keys = options->keys,
		.hashes = options->hashes,
		.place = job->place,
		.signer = options->signer,
		.gate = options->gate,
		.arena = arena,
		.out = &job->answer,
	};

	job->place.of = NULL; /* the call's */
	memcpy(call.id, job->id, sizeof(call.id));
	peer_find(&call.peer, &job->from, &job->request, options->settings);
	router_answer(options->router, &call);
	if (job->answer.stream && !job->request.minor && job->from.is_unix && job->request.method != HEAD)
		collect_stream(&call);
	write_head(server, job, call.now_s);
	log_access(job, &call);
	begin_stream(job, arena);
}

static void answer(void *with, struct job *job, struct arena *arena)
{
	if (job->streaming)
		make_piece(job, arena);
	else
		answer_request(with, job, arena);
	loop_answered(job->loop, job);
}

/* ---- life ---- */

static unsigned cores(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) ? 1 : CPU_COUNT(&set);

	return count > 0 ? (unsigned)count : 1;
}

/* As many as the limit on open files allows, raised as far as it goes. */
static unsigned connections_allowed(unsigned wanted)
{
	struct rlimit files;
	rlim_t reserved, allowed;

	if (getrlimit(RLIMIT_NOFILE, &files))
		return wanted;
	files.rlim_cur = files.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &files) && getrlimit(RLIMIT_NOFILE, &files))
		return wanted;
	reserved = files.rlim_cur / 2 < FILES_RESERVED ? files.rlim_cur / 2 : FILES_RESERVED;
	allowed = files.rlim_cur - reserved;
	return allowed < wanted ? (unsigned)allowed : wanted;
}

static void set_deadlines(struct server *server)
{
	const struct server_deadlines *of = &server->options.deadlines;

	server->longest_ms[WAITING_IDLE] = of->idle_ms ? of->idle_ms : SERVER_IDLE_S * 1000;
	server->longest_ms[WAITING_HEAD] = of->head_ms ? of->head_ms : SERVER_HEAD_S * 1000;
	server->longest_ms[WAITING_BODY] = of->body_ms ? of->body_ms : SERVER_BODY_S * 1000;
	server->longest_ms[WAITING_WRITE] = of->write_ms ? of->write_ms : SERVER_WRITE_S * 1000;
	server->longest_ms[WAITING_LINGER] = of->linger_ms ? of->linger_ms : SERVER_LINGER_S * 1000;
	server->drain_ms = of->drain_ms ? of->drain_ms : SERVER_DRAIN_S * 1000;
}

unsigned server_loops(const struct server_options *options)
{
	return options->loops ? options->loops : cores();
}

static size_t share_of_held(unsigned loops)
{
	size_t share = SERVER_HELD_BYTES / loops;

	return share > SERVER_HELD_BYTES_MIN ? share : SERVER_HELD_BYTES_MIN;
}

static void set_defaults(struct server *server, const struct server_options *options)
{
	struct server_options *of = &server->options;

	*of = *options;
	of->loops = server_loops(options);
	of->request_threads = of->request_threads ? of->request_threads : SERVER_REQUEST_THREADS;
	of->queue = of->queue ? of->queue : SERVER_QUEUE;
	of->held_bytes = of->held_bytes ? of->held_bytes : share_of_held(of->loops);
	of->connections = connections_allowed(of->connections ? of->connections : SERVER_CONNECTIONS);
	set_deadlines(server);
}

static enum err make_loops(struct server *server)
{
	enum err err = OK;

	if (!(server->loops = calloc(server->options.loops, sizeof(*server->loops))))
		return ERR_MEMORY;
	for (; server->loop_count < server->options.loops && !err; server->loop_count++)
		err = loop_init(&server->loops[server->loop_count], server, server->loop_count);
	return err;
}

static enum err begin_listening(struct server *server, const char **why)
{
	struct listener *open = server->options.listener;

	if (!open)
		return listen_open(server->options.settings->listen, &server->listener, why);
	server->listener = *open;
	*open = LISTENER_NONE;
	return OK;
}

enum err server_new(const struct server_options *options, struct server **out, const char **why)
{
	struct server *server = calloc(1, sizeof(*server));
	enum err err;

	*why = "no memory";
	if (!server)
		return ERR_MEMORY;
	server->listener = LISTENER_NONE;
	set_defaults(server, options);
	if ((err = request_id_seed()) || (err = make_loops(server)) ||
	    (err = work_init(&server->work, server->options.request_threads, server->options.queue, answer, server)) ||
	    (err = begin_listening(server, why))) {
		server_free(server);
		return err;
	}
	*out = server;
	return OK;
}

enum err server_start(struct server *server)
{
	enum err err = OK;

	for (; server->loops_started < server->loop_count; server->loops_started++) {
		atomic_fetch_add(&server->accepting, 1);
		if ((err = loop_start(&server->loops[server->loops_started]))) {
			atomic_fetch_sub(&server->accepting, 1);
			break;
		}
	}
	return err;
}

void server_stop(struct server *server)
{
	struct job *rest;

	atomic_store(&server->stopping, true);
	for (unsigned i = 0; i < server->loops_started; i++)
		loop_wake(&server->loops[i]);
	for (unsigned i = 0; i < server->loops_started; i++)
		pthread_join(server->loops[i].thread, NULL);
	server->loops_started = 0;
	for (rest = work_done(&server->work); rest;) {
		struct job *next = rest->next;
		loop_answered(rest->loop, rest);
		rest = next;
	}
	listen_close(&server->listener);
}

void server_free(struct server *server)
{
	if (!server)
		return;
	server_stop(server);
	for (unsigned i = 0; i < server->loop_count; i++)
		loop_done(&server->loops[i]);
	free(server->loops);
	free(server);
}

const char *server_where(const struct server *server)
{
	return server->listener.where;
}
