/*
 * notify: tells systemd how the start stands (sd_notify(3)); does nothing where nobody asked.
 */
#ifndef TWOSTEP_CLI_NOTIFY_H
#define TWOSTEP_CLI_NOTIFY_H

/* state: "READY=1", "STOPPING=1". A message that nobody takes is no error: the server runs all the same. */
void notify(const char *state);

#endif
