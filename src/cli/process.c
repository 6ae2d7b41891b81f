#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/process.h"

#include "base/banned.h"

#define MEMORY_ARENAS 2 /* glibc would make eight a core: megabytes that lie idle */

static bool on_terminal; /* when it began: one that has hung up is none any more */

/* Opened the wrong way round: to write what nobody can read stays an error. The lowest number that is free is the one that is taken. */
enum err process_keep_streams(void)
{
	for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
		if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", stream == STDIN_FILENO ? O_WRONLY : O_RDONLY) != stream)
			return ERR_IO;
	return OK;
}

enum err process_harden(void)
{
	const struct rlimit no_core = { 0, 0 };
	struct rlimit files;

	umask(077);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow (ulimit -f) is an error of write, not the end */
	if (setrlimit(RLIMIT_CORE, &no_core) || prctl(PR_SET_DUMPABLE, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return ERR_IO;

	/* Each connection is an open file. Fewer than wished for is no reason to stop. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &files);
	}
	mallopt(M_ARENA_MAX, MEMORY_ARENAS);
	return OK;
}

void process_hold_signals(sigset_t *held)
{
	struct sigaction hangup;

	sigemptyset(held);
	sigaddset(held, SIGTERM);
	sigaddset(held, SIGINT);
	if (sigaction(SIGHUP, NULL, &hangup) || hangup.sa_handler != SIG_IGN)
		sigaddset(held, SIGHUP);
	pthread_sigmask(SIG_BLOCK, held, NULL);
	on_terminal = isatty(STDIN_FILENO) == 1 || isatty(STDOUT_FILENO) == 1 || isatty(STDERR_FILENO) == 1;
	signal(SIGTERM, SIG_DFL); /* a shell's background ignores SIGINT: somebody who sends it to us means us */
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of write, not of ours */
}

/* Without a terminal nobody has hung up: somebody hopes that settings are read anew, and a unit would not restart what ended well. */
static bool outlives(int signal_number)
{
	if (signal_number != SIGHUP || on_terminal)
		return false;
	log_warn("hangup_ignored", LOG_TEXT("advice", "nothing is read anew: restart it"));
	return true;
}

int process_wait_stop(const sigset_t *held)
{
	int signal_number = 0;

	while (sigwait(held, &signal_number) || outlives(signal_number))
		;
	if (!on_terminal)
		signal(SIGHUP, SIG_IGN);
	pthread_sigmask(SIG_UNBLOCK, held, NULL);
	return signal_number;
}
