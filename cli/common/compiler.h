/* SPDX-License-Identifier: GPL-2.0 */
#ifndef COMMON_COMPILER_H
#define COMMON_COMPILER_H

#define __checked(kind, fmt, args) \
	__attribute__((__format__(kind, fmt, args)))

/* Has the compiler check the arguments against the format. */
#ifndef __printf
#define __printf(fmt, args) __checked(__printf__, fmt, args)
#endif

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif /* COMMON_COMPILER_H */
