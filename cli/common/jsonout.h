/* SPDX-License-Identifier: GPL-2.0 */
/*
 * JSON on top of json-c: one object a line, each with the version of the
 * schema and its type.
 */
#ifndef COMMON_JSONOUT_H
#define COMMON_JSONOUT_H

#include <json.h>
#include <stdint.h>
#include <stdio.h>

/* Grows when a key goes or changes its meaning, not when one is added. */
#define JSON_SCHEMA	1

/* A new object {"schema":JSON_SCHEMA,"type":TYPE}. */
struct json_object *json_new(const char *type);

/* NULL as text is null; other text becomes what text_utf8() makes of it. */
void json_add_text(struct json_object *obj, const char *key,
		   const char *text);
void json_add_int(struct json_object *obj, const char *key, int64_t val);
void json_add_uint(struct json_object *obj, const char *key, uint64_t val);
void json_add_bool(struct json_object *obj, const char *key, int val);
void json_add_null(struct json_object *obj, const char *key);

/* As a string "0x...": JSON numbers are exact up to 53 bits only. */
void json_add_hex(struct json_object *obj, const char *key, uint64_t val);

/* Print the object as one line and free it. */
void json_print(FILE *out, struct json_object *obj);

#endif /* COMMON_JSONOUT_H */
