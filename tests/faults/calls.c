/*
 * The calls that twostep-faulty lets fail. It is the whole program, linked with these: what stands in a program is found before
 * what its libraries have, so that calls of ours and of the libraries' come through here. Nothing fails but what a test arms (control.h).
 */
#undef _FILE_OFFSET_BITS /* both names of each call are wanted: libraries use either */

#include "base/arena.h"
#include "base/buf.h"
#include "control.h"

#include <argon2.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind {
	NONE,
	MEMORY,      /* of ours and of every library */
	ARENA,       /* what a request gets of the memory that it has already: seldom asks the system, so apart */
	RANDOM,
	OPENSSL,
	SODIUM,
	HASH,        /* of passwords */
	PREPARE,     /* sqlite3_… */
	BIND,
	STEP,        /* fails before it does anything */
	STEP_DONE,   /* … after it has done everything */
	SCRIPT,
	BACKUP,
	READ,        /* of files; EIO */
	WRITE,       /* of files; EIO */
	WRITE_PART,  /* half of it is written, then EIO */
	FULL,        /* ENOSPC, for a new name too */
	SYNC,
	TRUNCATE,
	MAP,
	OPEN,
	LOOK,        /* stat, access */
	NAME,        /* rename, link, unlink, mkdir, chmod */
	LOCK,
	THREAD,
	ACCEPT,      /* EMFILE */
	EPOLL,
	RECEIVE,     /* ECONNRESET */
	SEND,        /* EPIPE */
	INTERRUPT,   /* EINTR */
	SOCKET,      /* whatever else is asked of one */
	KINDS
};

static const char *const names[KINDS] = {
	[NONE] = "none", [MEMORY] = "memory", [ARENA] = "arena", [RANDOM] = "random", [OPENSSL] = "openssl", [SODIUM] = "sodium",
	[HASH] = "hash", [PREPARE] = "prepare",
	[BIND] = "bind", [STEP] = "step", [STEP_DONE] = "step done", [SCRIPT] = "script", [BACKUP] = "backup", [READ] = "read",
	[WRITE] = "write", [WRITE_PART] = "write part", [FULL] = "full", [SYNC] = "sync", [TRUNCATE] = "truncate", [MAP] = "map",
	[OPEN] = "open", [LOOK] = "look", [NAME] = "name", [LOCK] = "lock", [THREAD] = "thread", [ACCEPT] = "accept", [EPOLL] = "epoll",
	[RECEIVE] = "receive", [SEND] = "send", [INTERRUPT] = "interrupt", [SOCKET] = "socket",
};

#define UNCHECKED __attribute__((no_sanitize("address", "undefined"))) /* may run before the sanitizers are ready */

static struct control unarmed, *control = &unarmed;

/* For whoever reads why a test failed. */
static void note_where(void)
{
	void *frames[24];
	int count = backtrace(frames, 24), length = 0;
	Dl_info info;

	for (int i = 2; i < count && length < CONTROL_WHERE - 300; i++)
		if (dladdr(frames[i], &info) && info.dli_fname)
			length += snprintf(control->where + length, 300, "%s+0x%zx ", info.dli_fname,
			                   (size_t)((char *)frames[i] - (char *)info.dli_fbase) - 1);
}

static _Thread_local bool spared; /* what this thread asks for is the sanitizer's own */

UNCHECKED static bool fails(enum kind kind)
{
	int before, error = errno;

	if (spared)
		return false;
	if (control->armed != (int)kind) {
		if (control->armed == CONTROL_COUNT)
			control->seen[kind]++;
		return false;
	}
	before = control->left--;
	if (before > 1 || (before < 1 && !control->goes_on))
		return false;
	if (!control->hit++)
		note_where();
	errno = error;
	return true;
}

UNCHECKED static bool fails_with(enum kind kind, int error)
{
	if (!fails(kind))
		return false;
	errno = error;
	return true;
}

/* Where a library lies, whose own calls do not fail. */
struct library {
	const char *name;
	uintptr_t from, to;
};

/* It does not look whether it got what it asked for (docs/threats.md): what it asks for is there. */
static struct library zxcvbn = { .name = "zxcvbn" };

/*
 * It steps through its schema by sqlite3_step, and believes the statement behind it, which has not failed: a schema of nothing. What fails
 * there in truth is a file or memory, and those do.
 */
static struct library sqlite = { .name = "libsqlite3" };

static bool lies_in(const struct library *library, const void *code)
{
	return (uintptr_t)code - library->from < library->to - library->from;
}

#define NO_MEMORY (!lies_in(&zxcvbn, __builtin_return_address(0)) && fails_with(MEMORY, ENOMEM))

static int find_library(struct dl_phdr_info *info, size_t size, void *with)
{
	struct library *library = with;

	(void)size;
	if (!strstr(info->dlpi_name, library->name))
		return 0;
	library->from = info->dlpi_addr;
	for (size_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_LOAD)
			library->to = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr + info->dlpi_phdr[i].p_memsz;
	return 1;
}

__attribute__((constructor)) static void map_control(void)
{
	const char *path = getenv("FAULTY_CONTROL");
	void *frames[2];
	int file;
	void *mapped;

	(void)backtrace(frames, 2); /* loads what it needs, while nothing fails */
	dl_iterate_phdr(find_library, &zxcvbn);
	dl_iterate_phdr(find_library, &sqlite);
	if (!path)
		return;
	file = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
	mapped = (void *)syscall(SYS_mmap, NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (file < 0 || mapped == MAP_FAILED)
		abort();
	close(file);
	for (int i = 0; i < KINDS; i++)
		strcpy(((struct control *)mapped)->names[i], names[i]);
	control = mapped;
}

/* The next one of this name: the library's own. */
static void *find(void *_Atomic *kept, const char *name)
{
	void *found = *kept;

	if (!found)
		*kept = found = dlsym(RTLD_NEXT, name);
	return found;
}

#define FIND(next, name) ((__typeof__(&(name)))find(&(next), #name))

/* A call that fails so, with this error, when its kind is armed. */
#define CALL(kind, failed, error, type, name, parameters, arguments) \
	type name parameters; \
	type name parameters \
	{ \
		static void *_Atomic next; \
		if (fails_with(kind, error)) \
			return failed; \
		return FIND(next, name) arguments; \
	}

/* ---- memory: before there is anything to look a name up with ---- */

extern void *__interceptor_malloc(size_t length) __attribute__((weak));
extern void *__interceptor_calloc(size_t count, size_t length) __attribute__((weak));
extern void *__interceptor_realloc(void *bytes, size_t length) __attribute__((weak));
extern char *__interceptor_strdup(const char *text) __attribute__((weak));
extern void *__interceptor_aligned_alloc(size_t alignment, size_t length) __attribute__((weak));
extern int __interceptor_posix_memalign(void **out, size_t alignment, size_t length) __attribute__((weak));
extern void *__libc_malloc(size_t length);
extern void *__libc_calloc(size_t count, size_t length);
extern void *__libc_realloc(void *bytes, size_t length);

UNCHECKED void *malloc(size_t length)
{
	if (NO_MEMORY)
		return NULL;
	return __interceptor_malloc ? __interceptor_malloc(length) : __libc_malloc(length);
}

UNCHECKED void *calloc(size_t count, size_t length)
{
	if (NO_MEMORY)
		return NULL;
	return __interceptor_calloc ? __interceptor_calloc(count, length) : __libc_calloc(count, length);
}

UNCHECKED void *realloc(void *bytes, size_t length)
{
	if (length && fails_with(MEMORY, ENOMEM))
		return NULL;
	return __interceptor_realloc ? __interceptor_realloc(bytes, length) : __libc_realloc(bytes, length);
}

/* The C library's asks malloc; a sanitizer's asks nobody. */
UNCHECKED char *strdup(const char *text)
{
	static void *_Atomic next;

	if (!__interceptor_strdup)
		return FIND(next, strdup)(text);
	return fails_with(MEMORY, ENOMEM) ? NULL : __interceptor_strdup(text);
}

UNCHECKED void *aligned_alloc(size_t alignment, size_t length)
{
	static void *_Atomic next;

	if (fails_with(MEMORY, ENOMEM))
		return NULL;
	if (__interceptor_aligned_alloc)
		return __interceptor_aligned_alloc(alignment, length);
	return FIND(next, aligned_alloc)(alignment, length);
}

UNCHECKED int posix_memalign(void **out, size_t alignment, size_t length)
{
	static void *_Atomic next;

	if (fails(MEMORY))
		return ENOMEM;
	if (__interceptor_posix_memalign)
		return __interceptor_posix_memalign(out, alignment, length);
	return FIND(next, posix_memalign)(out, alignment, length);
}

/* Where a thread begins a sanitizer looks for its stack, and aborts where it is not told: no call of ours. */
UNCHECKED int pthread_getattr_np(pthread_t thread, pthread_attr_t *out)
{
	static void *_Atomic next;
	int answer;

	spared = true;
	answer = FIND(next, pthread_getattr_np)(thread, out);
	spared = false;
	return answer;
}

CALL(MAP, MAP_FAILED, ENOMEM, void *, mmap, (void *address, size_t length, int protection, int flags, int file, off_t at),
     (address, length, protection, flags, file, at))
CALL(MAP, MAP_FAILED, ENOMEM, void *, mmap64, (void *address, size_t length, int protection, int flags, int file, off64_t at),
     (address, length, protection, flags, file, at))
CALL(MAP, -1, ENOMEM, int, mprotect, (void *address, size_t length, int protection), (address, length, protection))
CALL(THREAD, EAGAIN, 0, int, pthread_create, (pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument),
     (thread, attributes, run, argument))

/* ---- our own, led here by the linker (--wrap) ---- */

void *__real_arena_alloc(struct arena *arena, size_t length);
void *__wrap_arena_alloc(struct arena *arena, size_t length);
char *__real_arena_copy(struct arena *arena, const char *text, size_t length);
char *__wrap_arena_copy(struct arena *arena, const char *text, size_t length);
char *__wrap_arena_text(struct arena *arena, const char *text);
__attribute__((format(printf, 2, 3))) char *__wrap_arena_printf(struct arena *arena, const char *format, ...);
char *__real_arena_buf(struct arena *arena, const struct buf *text);
char *__wrap_arena_buf(struct arena *arena, const struct buf *text);

/* OpenSSL counts its own holders of a key by it, and takes it for granted. */
int __real_EVP_PKEY_up_ref(EVP_PKEY *key);
int __wrap_EVP_PKEY_up_ref(EVP_PKEY *key);

int __wrap_EVP_PKEY_up_ref(EVP_PKEY *key)
{
	return fails(OPENSSL) ? 0 : __real_EVP_PKEY_up_ref(key);
}

static bool arena_fails(struct arena *arena)
{
	if (!fails(ARENA))
		return false;
	arena->failed = true;
	return true;
}

void *__wrap_arena_alloc(struct arena *arena, size_t length)
{
	return arena_fails(arena) ? NULL : __real_arena_alloc(arena, length);
}

char *__wrap_arena_copy(struct arena *arena, const char *text, size_t length)
{
	return arena_fails(arena) ? NULL : __real_arena_copy(arena, text, length);
}

char *__wrap_arena_text(struct arena *arena, const char *text)
{
	return arena_fails(arena) ? NULL : __real_arena_copy(arena, text, strlen(text));
}

char *__wrap_arena_buf(struct arena *arena, const struct buf *text)
{
	return arena_fails(arena) ? NULL : __real_arena_buf(arena, text);
}

char *__wrap_arena_printf(struct arena *arena, const char *format, ...)
{
	char *text, *copy;
	va_list args;

	if (arena_fails(arena))
		return NULL;
	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	copy = text ? __real_arena_copy(arena, text, strlen(text)) : NULL;
	arena->failed = arena->failed || !copy;
	free(text);
	return copy;
}

/* ---- random bytes and arithmetic ---- */

ssize_t getrandom(void *out, size_t length, unsigned flags)
{
	if (fails_with(RANDOM, EIO) || fails_with(INTERRUPT, EINTR))
		return -1;
	return syscall(SYS_getrandom, out, length, flags);
}

CALL(RANDOM, -1, EIO, int, getentropy, (void *out, size_t length), (out, length))

CALL(OPENSSL, 0, 0, int, EVP_DigestSign, (EVP_MD_CTX *context, unsigned char *out, size_t *length, const unsigned char *bytes, size_t count),
     (context, out, length, bytes, count))
CALL(OPENSSL, 0, 0, int, EVP_DigestSignInit,
     (EVP_MD_CTX *context, EVP_PKEY_CTX **out, const EVP_MD *type, ENGINE *engine, EVP_PKEY *key), (context, out, type, engine, key))
CALL(OPENSSL, NULL, 0, EVP_MD_CTX *, EVP_MD_CTX_new, (void), ())
CALL(OPENSSL, NULL, 0, EVP_PKEY_CTX *, EVP_PKEY_CTX_new_from_name, (OSSL_LIB_CTX *library, const char *name, const char *query),
     (library, name, query))
CALL(OPENSSL, 0, 0, int, EVP_PKEY_fromdata_init, (EVP_PKEY_CTX *context), (context))
CALL(OPENSSL, 0, 0, int, EVP_PKEY_fromdata, (EVP_PKEY_CTX *context, EVP_PKEY **out, int selection, OSSL_PARAM parameters[]),
     (context, out, selection, parameters))
CALL(OPENSSL, 0, 0, int, EVP_PKEY_get_bn_param, (const EVP_PKEY *key, const char *name, BIGNUM **out), (key, name, out))
CALL(OPENSSL, 0, 0, int, EVP_PKEY_get_octet_string_param,
     (const EVP_PKEY *key, const char *name, unsigned char *out, size_t room, size_t *length), (key, name, out, room, length))
CALL(OPENSSL, NULL, 0, unsigned char *, HMAC,
     (const EVP_MD *type, const void *key, int key_length, const unsigned char *bytes, size_t count, unsigned char *out, unsigned *length),
     (type, key, key_length, bytes, count, out, length))
CALL(OPENSSL, NULL, 0, ECDSA_SIG *, d2i_ECDSA_SIG, (ECDSA_SIG **out, const unsigned char **bytes, long length), (out, bytes, length))
CALL(OPENSSL, NULL, 0, BIGNUM *, BN_bin2bn, (const unsigned char *bytes, int length, BIGNUM *out), (bytes, length, out))
CALL(OPENSSL, -1, 0, int, BN_bn2binpad, (const BIGNUM *number, unsigned char *out, int length), (number, out, length))
CALL(OPENSSL, -1, 0, int, BN_bn2nativepad, (const BIGNUM *number, unsigned char *out, int length), (number, out, length))

/* Of one kind of key: the name of its curve follows. */
EVP_PKEY *EVP_PKEY_Q_keygen(OSSL_LIB_CTX *library, const char *query, const char *type, ...)
{
	static void *_Atomic next;
	const char *curve;
	va_list more;

	if (fails(OPENSSL))
		return NULL;
	va_start(more, type);
	curve = va_arg(more, const char *);
	va_end(more);
	return FIND(next, EVP_PKEY_Q_keygen)(library, query, type, curve);
}

CALL(SODIUM, -1, 0, int, sodium_init, (void), ())
CALL(SODIUM, NULL, ENOMEM, void *, sodium_malloc, (size_t length), (length))
CALL(SODIUM, -1, ENOMEM, int, sodium_mprotect_readonly, (void *bytes), (bytes))
CALL(HASH, ARGON2_MEMORY_ALLOCATION_ERROR, 0, int, argon2id_ctx, (argon2_context *context), (context))
CALL(SODIUM, -1, 0, int, crypto_aead_xchacha20poly1305_ietf_encrypt,
     (unsigned char *out, unsigned long long *out_length, const unsigned char *plain, unsigned long long length, const unsigned char *with,
      unsigned long long with_length, const unsigned char *secret_nonce, const unsigned char *nonce, const unsigned char *key),
     (out, out_length, plain, length, with, with_length, secret_nonce, nonce, key))
/* ---- SQLite ---- */

CALL(PREPARE, SQLITE_NOMEM, 0, int, sqlite3_prepare_v3,
     (sqlite3 *db, const char *sql, int length, unsigned flags, sqlite3_stmt **out, const char **rest), (db, sql, length, flags, out, rest))
CALL(BIND, SQLITE_NOMEM, 0, int, sqlite3_bind_int64, (sqlite3_stmt *statement, int at, sqlite3_int64 value), (statement, at, value))
CALL(BIND, SQLITE_NOMEM, 0, int, sqlite3_bind_null, (sqlite3_stmt *statement, int at), (statement, at))
CALL(BIND, SQLITE_NOMEM, 0, int, sqlite3_bind_text64,
     (sqlite3_stmt *statement, int at, const char *text, sqlite3_uint64 length, void (*life)(void *), unsigned char encoding),
     (statement, at, text, length, life, encoding))
CALL(BIND, SQLITE_NOMEM, 0, int, sqlite3_bind_blob64,
     (sqlite3_stmt *statement, int at, const void *bytes, sqlite3_uint64 length, void (*life)(void *)), (statement, at, bytes, length, life))
CALL(SCRIPT, SQLITE_IOERR, 0, int, sqlite3_exec,
     (sqlite3 *db, const char *sql, int (*row)(void *, int, char **, char **), void *to, char **message), (db, sql, row, to, message))
CALL(SCRIPT, SQLITE_ERROR, 0, int, sqlite3_file_control, (sqlite3 *db, const char *name, int what, void *with), (db, name, what, with))
CALL(BACKUP, NULL, 0, sqlite3_backup *, sqlite3_backup_init, (sqlite3 *to, const char *to_name, sqlite3 *from, const char *from_name),
     (to, to_name, from, from_name))
CALL(BACKUP, SQLITE_IOERR, 0, int, sqlite3_backup_step, (sqlite3_backup *backup, int pages), (backup, pages))

int sqlite3_open_v2(const char *path, sqlite3 **out, int flags, const char *vfs)
{
	static void *_Atomic next;

	if (!fails(SCRIPT))
		return FIND(next, sqlite3_open_v2)(path, out, flags, vfs);
	*out = NULL;
	return SQLITE_NOMEM;
}

/* Gives away what it was to work with, also where it fails. */
int sqlite3_create_function_v2(sqlite3 *db, const char *name, int count, int encoding, void *with,
                               void (*call)(sqlite3_context *, int, sqlite3_value **), void (*step)(sqlite3_context *, int, sqlite3_value **),
                               void (*last)(sqlite3_context *), void (*done)(void *))
{
	static void *_Atomic next;

	if (!fails(SCRIPT))
		return FIND(next, sqlite3_create_function_v2)(db, name, count, encoding, with, call, step, last, done);
	if (done)
		done(with);
	return SQLITE_NOMEM;
}

int sqlite3_step(sqlite3_stmt *statement)
{
	static void *_Atomic next;
	const bool ours = !lies_in(&sqlite, __builtin_return_address(0));
	int code;

	if (ours && fails(STEP))
		return SQLITE_IOERR;
	code = FIND(next, sqlite3_step)(statement);
	return ours && fails(STEP_DONE) ? SQLITE_IOERR : code;
}

/* ---- files ---- */

static bool is_file(int file)
{
	struct stat found;

	return !syscall(SYS_fstat, file, &found) && S_ISREG(found.st_mode);
}

/* Before a write to a file; answers the errno that it ends with, 0 for none. */
static int fault_of_write(int file, const void *bytes, size_t length, off64_t at)
{
	if (fails(INTERRUPT))
		return EINTR;
	if (!is_file(file))
		return 0; /* what tells a loop that there is something to do cannot fail */
	if (fails(WRITE_PART)) {
		(void)!(at < 0 ? syscall(SYS_write, file, bytes, length / 2) : syscall(SYS_pwrite64, file, bytes, length / 2, at));
		return EIO;
	}
	return fails(FULL) ? ENOSPC : fails(WRITE) ? EIO : 0;
}

ssize_t pwrite64(int file, const void *bytes, size_t length, off64_t at)
{
	int error = fault_of_write(file, bytes, length, at);

	if (!error)
		return syscall(SYS_pwrite64, file, bytes, length, at);
	errno = error;
	return -1;
}

ssize_t write(int file, const void *bytes, size_t length)
{
	int error = fault_of_write(file, bytes, length, -1);

	if (!error)
		return syscall(SYS_write, file, bytes, length);
	errno = error;
	return -1;
}

ssize_t pread64(int file, void *bytes, size_t length, off64_t at)
{
	if (fails_with(READ, EIO) || fails_with(INTERRUPT, EINTR))
		return -1;
	return syscall(SYS_pread64, file, bytes, length, at);
}

ssize_t read(int file, void *bytes, size_t length)
{
	if (fails_with(INTERRUPT, EINTR) || (is_file(file) && fails_with(READ, EIO)))
		return -1;
	return syscall(SYS_read, file, bytes, length);
}

#define OPENS(name) \
	int name(const char *path, int flags, ...) \
	{ \
		static void *_Atomic next; \
		mode_t mode = 0; \
		va_list more; \
		if (flags & (O_CREAT | __O_TMPFILE)) { \
			va_start(more, flags); \
			mode = va_arg(more, mode_t); \
			va_end(more); \
		} \
		if (fails_with(OPEN, EMFILE) || (flags & O_CREAT && fails_with(FULL, ENOSPC))) \
			return -1; \
		return FIND(next, name)(path, flags, mode); \
	}

OPENS(open)
OPENS(open64)

int openat64(int folder, const char *path, int flags, ...)
{
	static void *_Atomic next;
	mode_t mode = 0;
	va_list more;

	if (flags & (O_CREAT | __O_TMPFILE)) {
		va_start(more, flags);
		mode = va_arg(more, mode_t);
		va_end(more);
	}
	if (fails_with(OPEN, EMFILE) || (flags & O_CREAT && fails_with(FULL, ENOSPC)))
		return -1;
	return FIND(next, openat64)(folder, path, flags, mode);
}

CALL(OPEN, NULL, EMFILE, FILE *, fopen64, (const char *path, const char *how), (path, how))
CALL(OPEN, NULL, EMFILE, FILE *, fopen, (const char *path, const char *how), (path, how))
CALL(OPEN, -1, EMFILE, int, mkostemps64, (char *pattern, int tail, int flags), (pattern, tail, flags))
CALL(OPEN, -1, EMFILE, int, epoll_create1, (int flags), (flags))
CALL(OPEN, -1, EMFILE, int, eventfd, (unsigned value, int flags), (value, flags))
CALL(OPEN, -1, EMFILE, int, pipe2, (int ends[2], int flags), (ends, flags))
CALL(SYNC, -1, EIO, int, fsync, (int file), (file))
CALL(SYNC, -1, EIO, int, fdatasync, (int file), (file))
CALL(TRUNCATE, -1, EIO, int, ftruncate64, (int file, off64_t length), (file, length))
CALL(LOOK, -1, EIO, int, stat64, (const char *path, struct stat64 *out), (path, out))
CALL(LOOK, -1, EIO, int, lstat64, (const char *path, struct stat64 *out), (path, out))
CALL(LOOK, -1, EIO, int, fstat64, (int file, struct stat64 *out), (file, out))
CALL(LOOK, -1, EIO, int, access, (const char *path, int how), (path, how))
CALL(NAME, -1, EIO, int, rename, (const char *from, const char *to), (from, to))
CALL(NAME, -1, EIO, int, renameat, (int from_at, const char *from, int to_at, const char *to), (from_at, from, to_at, to))
CALL(NAME, -1, EIO, int, renameat2, (int from_at, const char *from, int to_at, const char *to, unsigned flags),
     (from_at, from, to_at, to, flags))
CALL(NAME, -1, EIO, int, link, (const char *from, const char *to), (from, to))
CALL(NAME, -1, EIO, int, unlink, (const char *path), (path))
CALL(NAME, -1, EIO, int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
CALL(NAME, -1, EIO, int, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(NAME, -1, EIO, int, chmod, (const char *path, mode_t mode), (path, mode))
CALL(NAME, -1, EIO, int, fchmod, (int file, mode_t mode), (file, mode))
CALL(LOCK, -1, ENOLCK, int, flock, (int file, int what), (file, what))

int fcntl64(int file, int what, ...)
{
	static void *_Atomic next;
	void *argument;
	va_list more;

	va_start(more, what);
	argument = va_arg(more, void *);
	va_end(more);
	if ((what == F_SETLK || what == F_SETLKW) && ((struct flock *)argument)->l_type != F_UNLCK && fails_with(LOCK, ENOLCK))
		return -1; /* giving one back needs nothing */
	return FIND(next, fcntl64)(file, what, argument);
}

/* ---- the network ---- */

int accept4(int door, struct sockaddr *address, socklen_t *length, int flags)
{
	static void *_Atomic next;

	if (fails_with(ACCEPT, EMFILE) || fails_with(INTERRUPT, EINTR))
		return -1;
	return FIND(next, accept4)(door, address, length, flags);
}

CALL(EPOLL, -1, ENOSPC, int, epoll_ctl, (int epoll, int what, int file, struct epoll_event *event), (epoll, what, file, event))
CALL(INTERRUPT, -1, EINTR, int, epoll_wait, (int epoll, struct epoll_event *events, int room, int ms), (epoll, events, room, ms))
CALL(INTERRUPT, -1, EINTR, int, poll, (struct pollfd *files, nfds_t count, int ms), (files, count, ms))

ssize_t recv(int file, void *bytes, size_t length, int flags)
{
	static void *_Atomic next;

	if (fails_with(RECEIVE, ECONNRESET) || fails_with(INTERRUPT, EINTR))
		return -1;
	return FIND(next, recv)(file, bytes, length, flags);
}

ssize_t send(int file, const void *bytes, size_t length, int flags)
{
	if (fails_with(SEND, EPIPE) || fails_with(INTERRUPT, EINTR))
		return -1;
	return syscall(SYS_sendto, file, bytes, length, flags, NULL, 0);
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags)
{
	if (fails_with(SEND, EPIPE) || fails_with(INTERRUPT, EINTR))
		return -1;
	return syscall(SYS_sendmsg, file, message, flags);
}

CALL(SOCKET, -1, ENOBUFS, int, socket, (int domain, int type, int protocol), (domain, type, protocol))
CALL(SOCKET, -1, ENOBUFS, int, bind, (int file, const struct sockaddr *address, socklen_t length), (file, address, length))
CALL(SOCKET, -1, ENOBUFS, int, listen, (int file, int waiting), (file, waiting))
CALL(SOCKET, -1, ENOBUFS, int, connect, (int file, const struct sockaddr *address, socklen_t length), (file, address, length))
CALL(SOCKET, -1, ENOBUFS, int, setsockopt, (int file, int level, int name, const void *value, socklen_t length),
     (file, level, name, value, length))
CALL(SOCKET, -1, ENOBUFS, int, getsockopt, (int file, int level, int name, void *value, socklen_t *length),
     (file, level, name, value, length))
CALL(SOCKET, -1, ENOBUFS, int, getsockname, (int file, struct sockaddr *address, socklen_t *length), (file, address, length))
CALL(SOCKET, -1, ENOTCONN, int, shutdown, (int file, int how), (file, how))
