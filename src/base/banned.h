/*
 * banned: the last include of each .c file. What writes without a bound, or cannot be told from an attack, is not to be had.
 */
#ifndef TWOSTEP_BASE_BANNED_H
#define TWOSTEP_BASE_BANNED_H

#undef sprintf /* glibc makes them macros where clang fortifies */
#undef vsprintf
#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf gets strtok atoi atol atoll rand srand random srandom
#pragma GCC poison gmtime localtime ctime asctime setjmp longjmp system popen mktemp tmpnam

#endif
