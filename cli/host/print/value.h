/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Values as text, the same in every format that shows them so.
 */
#ifndef HOST_PRINT_VALUE_H
#define HOST_PRINT_VALUE_H

#include "print/printer.h"

/* "not known", where a number or a register would stand */
#define UNKNOWN "-"

/* Room for any of them. */
#define VALUE_LEN	48

/* Room for a symbol, which in the kernel has up to 511 bytes, an offset and a module. */
#define SYMBOL_LEN	640

/*
 * A field: counts and ids decimal, registers and bits hexadecimal, states and
 * reasons by name. False, and "", if it is not known.
 */
bool value_field(char *buf, const struct event *ev, enum field_id id);

/* The same without a NUL after it; returns how long it is. */
size_t value_put(char *buf, const struct event *ev, enum field_id id);

/* A time, in seconds or as a date. False, and UNKNOWN, if it is not known. */
bool value_time(char *buf, const struct event *ev,
		const struct event_about *about, enum time_format time);

/* The date and time in UTC, as in RFC 3339. */
void value_utc(char *buf, uint64_t wall_ns);

/* "SYMBOL+0x12", cut to size; "" without a symbol. */
void value_symbol(char *buf, size_t size, const struct event_about *about);

/*
 * The same for people: with the module, and for user mode what runs there,
 * "comm/PID (user)".
 */
void value_place(char *buf, size_t size, const struct event_about *about);

#endif /* HOST_PRINT_VALUE_H */
