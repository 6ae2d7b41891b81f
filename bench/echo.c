/*
 * echo: the floor of a check: one thread and one epoll that answer each request head with the same bytes, and look at nothing else of it.
 *   echo PORT FILE        FILE: the bytes of an answer; until it is ended
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 64

static char answer[65536];
static size_t answer_length;

static void take(int epoll, int listening)
{
	struct epoll_event event = { .events = EPOLLIN };
	int one = 1;

	if ((event.data.fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) < 0)
		return;
	(void)setsockopt(event.data.fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event))
		close(event.data.fd);
}

static void echo(int fd)
{
	char head[8192];
	ssize_t length = recv(fd, head, sizeof(head), 0);

	if (length <= 0)
		close(fd);
	else if (memmem(head, (size_t)length, "\r\n\r\n", 4)) /* the load sends each head in one piece */
		(void)!send(fd, answer, answer_length, MSG_NOSIGNAL);
}

int main(int argc, char **argv)
{
	struct sockaddr_in place = { .sin_family = AF_INET };
	struct epoll_event events[EVENTS], event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
	FILE *file = argc == 3 ? fopen(argv[2], "rb") : NULL;

	if (!file || epoll < 0 || listening < 0)
		return 2;
	answer_length = fread(answer, 1, sizeof(answer), file);
	fclose(file);
	place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	place.sin_port = htons((in_port_t)strtoul(argv[1], NULL, 10));
	event.data.fd = listening;
	if (setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) || bind(listening, (struct sockaddr *)&place, sizeof(place)) ||
	    listen(listening, 1024) || epoll_ctl(epoll, EPOLL_CTL_ADD, listening, &event))
		return 1;
	for (;;)
		for (int i = 0, n = epoll_wait(epoll, events, EVENTS, -1); i < n; i++) {
			if (events[i].data.fd == listening)
				take(epoll, listening);
			else
				echo(events[i].data.fd);
		}
}
