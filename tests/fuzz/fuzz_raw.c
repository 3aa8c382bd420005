// SPDX-License-Identifier: GPL-2.0
/*
 * Binary records. The first byte chooses: a record for a good format, or a
 * format for a good record.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "trace/decode-binary.h"

#define FIELD(type, name, offset, size, sign) \
	"\tfield:" type " " name ";\toffset:" #offset ";\tsize:" #size \
	";\tsigned:" #sign ";\n"

static const char good_format[] =
	"name: vcpu_info\nID: 9\nformat:\n"
	FIELD("unsigned short", "common_type", 0, 2, 0)
	FIELD("int", "common_pid", 4, 4, 1)
	"\n"
	FIELD("s32", "vm_pid", 8, 4, 1)
	FIELD("s32", "vm_fd", 12, 4, 1)
	FIELD("s32", "vcpu_id", 16, 4, 1)
	FIELD("u32", "valid", 20, 4, 0)
	FIELD("u64", "rip", 24, 8, 0)
	FIELD("u64", "unknown", 32, 8, 0)
	"\nprint fmt: \"%d\", REC->vm_pid\n";

static void check_record(const uint8_t *data, size_t size)
{
	struct binary_decoder *dec = binary_decoder_new();
	struct event ev;
	uint64_t rip, val;

	if (!dec || !binary_decoder_add(dec, good_format, strlen(good_format)))
		abort();
	if (binary_decode(dec, data, size, &ev) == BINARY_EVENT &&
	    event_reg(&ev, VCPU_INFO_REG_RIP, &val)) {
		memcpy(&rip, data + 24, sizeof(rip));
		if (rip != val)
			abort();
	}
	binary_decoder_free(dec);
}

static void check_format(const uint8_t *data, size_t size)
{
	struct binary_decoder *dec = binary_decoder_new();
	char *format = calloc(1, size + 1);
	uint8_t record[64] = { 9 };
	struct event ev;

	if (!dec || !format)
		abort();
	memcpy(format, data, size);
	binary_decoder_add(dec, format, size);
	for (size_t len = 0; len <= sizeof(record); len++) {
		uint8_t *copy = malloc(len);

		memcpy(copy, record, len);
		binary_decode(dec, copy, len, &ev);
		free(copy);
	}
	free(format);
	binary_decoder_free(dec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		check_record(data + 1, size - 1);
	else
		check_format(data + 1, size - 1);
	return 0;
}
