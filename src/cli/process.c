#include <malloc.h>
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/base.h"
#include "cli/process.h"

#include "base/banned.h"

#define MEMORY_ARENAS 2 /* glibc would make eight a core: megabytes that lie idle */

enum err process_harden(void)
{
	const struct rlimit no_core = { 0, 0 };
	struct rlimit files;

	umask(077);
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

static bool is_ignored(int signal_number)
{
	struct sigaction present;

	return !sigaction(signal_number, NULL, &present) && present.sa_handler == SIG_IGN;
}

void process_hold_signals(sigset_t *held)
{
	static const int ending[] = { SIGTERM, SIGINT, SIGHUP };

	sigemptyset(held);
	for (size_t i = 0; i < COUNT(ending); i++)
		if (!is_ignored(ending[i]))
			sigaddset(held, ending[i]);
	pthread_sigmask(SIG_BLOCK, held, NULL);
	signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of write, not of ours */
}

int process_wait_stop(const sigset_t *held)
{
	int signal_number = 0;

	while (sigwait(held, &signal_number))
		;
	pthread_sigmask(SIG_UNBLOCK, held, NULL);
	return signal_number;
}
