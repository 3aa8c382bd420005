// SPDX-License-Identifier: GPL-2.0
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "jsonout.h"
#include "msg.h"
#include "text.h"

struct json_object *json_new(const char *type)
{
	struct json_object *obj = json_object_new_object();

	json_add_int(obj, "schema", JSON_SCHEMA);
	json_add_text(obj, "type", type);
	return obj;
}

static void add(struct json_object *obj, const char *key,
		struct json_object *val)
{
	/* json-c only fails here when memory is exhausted */
	if (json_object_object_add(obj, key, val))
		abort();
}

void json_add_text(struct json_object *obj, const char *key,
		   const char *text)
{
	size_t size;
	char *safe;

	if (!text) {
		json_add_null(obj, key);
		return;
	}
	size = strlen(text) + 1;
	safe = malloc(size);
	if (!safe)
		abort();
	text_utf8(safe, size, text);
	add(obj, key, json_object_new_string(safe));
	free(safe);
}

void json_add_int(struct json_object *obj, const char *key, int64_t val)
{
	add(obj, key, json_object_new_int64(val));
}

void json_add_uint(struct json_object *obj, const char *key, uint64_t val)
{
	add(obj, key, json_object_new_uint64(val));
}

void json_add_bool(struct json_object *obj, const char *key, int val)
{
	add(obj, key, json_object_new_boolean(val));
}

void json_add_null(struct json_object *obj, const char *key)
{
	add(obj, key, NULL);
}

void json_add_hex(struct json_object *obj, const char *key, uint64_t val)
{
	char hex[2 + 16 + 1];

	snprintf(hex, sizeof(hex), "0x%" PRIx64, val);
	json_add_text(obj, key, hex);
}

void json_print(FILE *out, struct json_object *obj)
{
	fputs(json_object_to_json_string_ext(obj,
					     JSON_C_TO_STRING_PLAIN |
					     JSON_C_TO_STRING_NOSLASHESCAPE),
	      out);
	fputc('\n', out);
	outerr_note();
	json_object_put(obj);
}
