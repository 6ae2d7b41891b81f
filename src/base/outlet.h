/*
 * outlet: standard output and standard error of a server, for which nobody waits longer than they say, whoever reads them.
 */
#ifndef TWOSTEP_BASE_OUTLET_H
#define TWOSTEP_BASE_OUTLET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define OUTLET_PIECE_BYTES PIPE_BUF /* what a pipe that takes any bytes takes whole */

/*
 * Says a piece in one write, from whichever thread.
 *
 * fd       STDOUT_FILENO or STDERR_FILENO
 * length   OUTLET_PIECE_BYTES at most
 * wait_ms  how long room is waited for; where it is a terminal, that long once more for its end
 * true     it is said, or will be, whole, once a terminal is read again; or nobody is there any more to be told
 * false    nobody reads, and nothing of it is said
 */
bool outlet_put(int fd, const char *bytes, size_t length, int wait_ms);

#endif
