"""What a check and a sign-in take, as it was measured when it last changed. Who raises a figure changes it here in the same commit
and says there why; so does who lowers one, or the next rise would go unseen.

System calls are those of all threads for one request of a client that asks one at a time, as strace counts them, without those
that only wait for another thread or for the clock (tests/cost/test_cost.py). 0 is none at all."""

CHECK = {
    "calls": {"recvfrom": 1, "sendmsg": 1, "epoll_wait": 1},
    "allocations": 0,
    "locks": 0,
    "steps": 0,
    "instructions": 29500,
}

# Password and code. Three commits, that of the charge before the hash, of the verdict, and of the second step, of some ten pages each,
# written by two calls; the log is put back into the database by a thread of its own every four thousand pages, which is not in it.
SIGN_IN = {
    "calls": {
        "recvfrom": 2, "sendmsg": 2,
        "read": 2, "write": 2,            # a loop is woken when an answer is there
        "fdatasync": 3, "pwrite64": 58.8,
        "fcntl": 18,                      # locks of the write-ahead log
        "getrandom": 12,                  # ids and tokens: what a cookie or a remembered device may need is made beforehand
    },
    "commits": 3,
    "allocations": 390,
    "steps": 39,
}
