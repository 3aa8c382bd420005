/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Messages of guests' kernels, as text laid out as dmesg(1) does, and JSON.
 */
#ifndef HOST_PRINT_MESSAGE_H
#define HOST_PRINT_MESSAGE_H

#include <stdio.h>

#include <json-c/json.h>

#include "introspect/printk.h"

/* Each line of a message has its time. */
void message_print_text(FILE *out, const struct guest_message *message);

struct json_object *message_json(const struct guest_message *message);

#endif /* HOST_PRINT_MESSAGE_H */
