/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COMMON_COMPILER_H
#define COMMON_COMPILER_H

/* Has the compiler check the arguments against the format. */
#ifndef __printf
#define __printf(fmt, args) __attribute__((__format__(__printf__, fmt, args)))
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif /* COMMON_COMPILER_H */
