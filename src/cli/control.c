#include "cli/control.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/base.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/operator.h"
#include "cli/own_call.h"
#include "http/json_read.h"

#include "base/banned.h"

#define FRAME_HEAD 5
#define PAUSE_MS   100 /* of taking commands, where the system has no room for one */

struct control {
	const struct settings *settings;
	struct store *store;
	const struct keyring *keys;
	int listening, stopping[2]; /* a pipe: written to end the thread */
	struct sockaddr_un place;
	pthread_t thread;
};

static bool place_of(const struct settings *settings, struct sockaddr_un *out)
{
	int length;

	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	length = snprintf(out->sun_path, sizeof(out->sun_path), "%s/" CONTROL_FILE, settings->data);
	return length > 0 && (size_t)length < sizeof(out->sun_path);
}

/* A connection, and what ends waiting for it: -1 on the command's side. */
struct line {
	int socket, stopping;
};

/* False: the time is over, or the server ends. */
static bool wait_for(const struct line *line, short events, int64_t until_ms)
{
	struct pollfd polled[] = { { line->socket, events, 0 }, { line->stopping, POLLIN, 0 } };
	int64_t left = until_ms - clock_monotonic_ms();
	int ready;

	do
		ready = poll(polled, COUNT(polled), left > 0 ? (int)left : 0);
	while (ready < 0 && errno == EINTR);
	return ready > 0 && !polled[1].revents;
}

static int64_t patience(void)
{
	return clock_monotonic_ms() + CONTROL_SILENT_S * 1000;
}

static bool send_all(const struct line *line, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length) {
		ssize_t sent = send(line->socket, at, length, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (sent < 0 && (errno == EINTR || (errno == EAGAIN && wait_for(line, POLLOUT, patience()))))
			continue;
		if (sent <= 0)
			return false;
		at += sent;
		length -= (size_t)sent;
	}
	return true;
}

static bool send_frame(const struct line *socket, char kind, const void *bytes, size_t length)
{
	const unsigned char head[FRAME_HEAD] = { (unsigned char)kind, (unsigned char)(length >> 24), (unsigned char)(length >> 16),
		(unsigned char)(length >> 8), (unsigned char)length };

	return send_all(socket, head, sizeof(head)) && send_all(socket, bytes, length);
}

/* Until the other side ends, or more came than a request may have. One deadline for all of it: nobody drips. */
static bool read_request(const struct line *line, struct buf *out)
{
	int64_t until_ms = patience();
	char part[4096];
	ssize_t got = -1;

	while (got && out->length <= CONTROL_REQUEST_BYTES && wait_for(line, POLLIN, until_ms)) {
		got = recv(line->socket, part, sizeof(part), MSG_DONTWAIT);
		if (got > 0)
			buf_add(out, part, (size_t)got);
		else if (got < 0 && errno != EINTR && errno != EAGAIN)
			return false;
	}
	return got == 0 && !buf_check(out);
}

static void release(json_t **json)
{
	json_decref(*json);
}

/* The words of a request; they live as long as `json`. False: it is none. */
static bool read_words(const json_t *json, char **words)
{
	size_t count = json_array_size(json);

	if (!json_is_array(json) || count < 2 || count > OPERATOR_WORDS_MAX * 2)
		return false;
	for (size_t i = 0; i < count; i++) {
		const json_t *word = json_array_get(json, i);

		if (!json_is_string(word))
			return false;
		memcpy(&words[i], &(const char *){ json_string_value(word) }, sizeof(words[i]));
	}
	words[count] = NULL;
	return true;
}

static bool flush_frame(struct operation *operation)
{
	bool whole = !operation->untold && !operation->out.failed && !operation->call.arena->failed;

	operation->untold = !whole || (operation->out.length && !send_frame(operation->to, 'o', operation->out.bytes, operation->out.length));
	buf_reset(&operation->out);
	return !operation->untold;
}

static void log_done(const char *group, const char *name, const struct operation *operation, int status)
{
	struct log_field fields[3 + OPERATOR_ABOUT_MAX] = { LOG_TEXT("command", group), LOG_TEXT("what", name) };
	size_t count = 2;

	for (size_t i = 0; i < operation->abouts; i++)
		fields[count++] = operation->about[i];
	fields[count++] = LOG_INT("status", status);
	log_write(LOG_INFO, "operator", fields, count);
}

/* The status; -1 where the other side could not be told what came of it. */
static int run_words(const struct control *control, struct line *socket, char *const *words)
{
	SCOPED(arena_done) struct arena arena = { 0 };
	SCOPED(operation_done) struct operation operation = { .flush = flush_frame, .to = socket };
	const struct operator_command *command = operator_find(words[0], words[1]);
	int status = EXIT_WRONG;
	bool told;

	operation.call = own_call(control->settings, control->store, control->keys, &arena);
	if (!command)
		buf_text(&operation.line, "this server does not know the command");
	else if (!(status = operation_read(&operation, command, words + 2, NULL)))
		status = command->run(&operation);
	told = flush_frame(&operation) && !operation.line.failed &&
	       (!operation.line.length || send_frame(socket, 'e', operation.line.bytes, operation.line.length));
	log_done(words[0], command ? words[1] : "unknown", &operation, status);
	return told ? status : -1;
}

/* What could not be read, or told, ends without a status: the command says that we broke off. */
static void answer(const struct control *control, struct line *socket)
{
	SCOPED(buf_done) struct buf request = { 0 };
	SCOPED(release) json_t *json = NULL;
	char *words[OPERATOR_WORDS_MAX * 2 + 1] = { NULL };
	int status = -1;

	if (read_request(socket, &request) && !json_read(buf_string(&request), request.length, 0, &json) && read_words(json, words))
		status = run_words(control, socket, words);
	else
		log_warn("operator_unread", LOG_INT("bytes", (int64_t)request.length));
	if (status >= 0)
		(void)send_frame(socket, 'x', &(unsigned char){ (unsigned char)status }, 1);
}

static bool is_ours(int socket)
{
	struct ucred peer;
	socklen_t length = sizeof(peer);

	return !getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length) && (peer.uid == 0 || peer.uid == geteuid());
}

/* Not to be asked again at once, which would spin: what waits makes the socket readable all the time. */
static void rest(const struct control *control)
{
	struct pollfd stopping = { control->stopping[0], POLLIN, 0 };

	if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
		(void)poll(&stopping, 1, PAUSE_MS);
}

static void take_one(const struct control *control)
{
	int socket = accept4(control->listening, NULL, NULL, SOCK_CLOEXEC);

	if (socket < 0) {
		rest(control);
		return;
	}
	if (is_ours(socket))
		answer(control, &(struct line){ socket, control->stopping[0] });
	close(socket);
}

static void *run(void *argument)
{
	struct control *control = argument;
	struct pollfd polled[] = { { control->listening, POLLIN, 0 }, { control->stopping[0], POLLIN, 0 } };

	while (poll(polled, COUNT(polled), -1) >= 0 || errno == EINTR) {
		if (polled[1].revents)
			break;
		if (polled[0].revents)
			take_one(control);
	}
	return NULL;
}

/* The folder is ours alone, so that a socket that stands there was left by one of us that was killed. */
static enum err open_socket(struct control *control, const char **why)
{
	struct stat found;

	if (!place_of(control->settings, &control->place)) {
		*why = "the path of the data folder is too long for a Unix socket";
		return ERR_IO;
	}
	control->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (!lstat(control->place.sun_path, &found) && S_ISSOCK(found.st_mode))
		(void)unlink(control->place.sun_path);
	if (control->listening < 0 || bind(control->listening, (struct sockaddr *)&control->place, sizeof(control->place)) ||
	    chmod(control->place.sun_path, 0600) || listen(control->listening, 16)) {
		*why = "the socket cannot be made; see what stands in its place";
		if (control->listening >= 0)
			close(control->listening);
		control->listening = -1; /* what is not ours stays */
		return ERR_IO;
	}
	return OK;
}

static void control_free(struct control *control)
{
	if (control->listening >= 0) {
		close(control->listening);
		(void)unlink(control->place.sun_path);
	}
	for (size_t i = 0; i < COUNT(control->stopping); i++)
		if (control->stopping[i] >= 0)
			close(control->stopping[i]);
	free(control);
}

enum err control_start(const struct settings *settings, struct store *store, const struct keyring *keys, struct control **out,
                       const char **why)
{
	struct control *control = calloc(1, sizeof(*control));
	enum err err;

	if (!control)
		return ERR_MEMORY;
	*control = (struct control){ settings, store, keys, -1, { -1, -1 }, { 0 }, 0 };
	err = open_socket(control, why);
	if (!err && (pipe2(control->stopping, O_CLOEXEC) || pthread_create(&control->thread, NULL, run, control))) {
		*why = "its thread cannot be started";
		err = ERR_IO;
	}
	if (err) {
		control_free(control);
		return err;
	}
	*out = control;
	return OK;
}

void control_stop(struct control *control)
{
	if (!control)
		return;
	while (write(control->stopping[1], "", 1) < 0 && errno == EINTR)
		;
	(void)shutdown(control->listening, SHUT_RDWR);
	pthread_join(control->thread, NULL);
	control_free(control);
}

static bool receive(int socket, void *out, size_t length)
{
	char *at = out;

	while (length) {
		ssize_t got = recv(socket, at, length, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		length -= (size_t)got;
	}
	return true;
}

/* ERR_INVALID: a word is no UTF-8. */
static enum err send_words(int socket, const char *const *words)
{
	SCOPED(release) json_t *json = json_array();
	char *text;
	bool sent;

	for (; json && *words; words++)
		if (json_array_append_new(json, json_string(*words)))
			return ERR_INVALID;
	text = json ? json_dumps(json, JSON_COMPACT) : NULL;
	sent = text && send_all(&(struct line){ socket, -1 }, text, strlen(text)) && !shutdown(socket, SHUT_WR);
	free(text);
	return sent ? OK : ERR_IO;
}

/* Copies frames until the end. */
static enum err copy_answer(int socket, int *status)
{
	unsigned char head[FRAME_HEAD], part[4096];

	while (receive(socket, head, sizeof(head))) {
		size_t length = (size_t)head[1] << 24 | (size_t)head[2] << 16 | (size_t)head[3] << 8 | head[4];

		if (head[0] == 'x' && length == 1 && receive(socket, part, 1)) {
			*status = part[0];
			return OK;
		}
		if (head[0] == 'e')
			fputs("twostep: ", stderr);
		while (length) {
			size_t now = length < sizeof(part) ? length : sizeof(part);

			if (!receive(socket, part, now))
				return ERR_IO;
			fwrite(part, 1, now, head[0] == 'e' ? stderr : stdout);
			length -= now;
		}
		if (head[0] == 'e')
			fputc('\n', stderr);
	}
	return ERR_IO;
}

enum err control_ask(const struct settings *settings, const char *const *words, int *status)
{
	struct sockaddr_un place;
	int there = place_of(settings, &place) ? socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) : -1;
	enum err err = ERR_NOT_FOUND;

	if (there >= 0 && !connect(there, (struct sockaddr *)&place, sizeof(place)))
		if (!(err = send_words(there, words)))
			err = copy_answer(there, status);
	if (there >= 0)
		close(there);
	return err;
}
