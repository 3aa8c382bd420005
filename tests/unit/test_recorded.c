// SPDX-License-Identifier: GPL-2.0
/*
 * What the module really wrote, as recorded in the lab: three events, each as
 * the bytes of the ring buffer and as the line of the trace file. Both decoders
 * have to find the same in them.
 */
#include <string.h>

#include "unit.h"

#include "support.h"
#include "trace/decode-binary.h"
#include "trace/decode-text.h"

#define NR_EVENTS	3

static void decode_lines(struct event *events)
{
	size_t len, entry, nr = 0;
	char *text = data_read("lab/trace.dat", &len);
	char *pos = text;

	while ((entry = text_entry_len(pos, text + len - pos)) > 0) {
		struct event ev;
		enum text_outcome outcome = text_decode(pos, entry, &ev);

		assert_int_not_equal(outcome, TEXT_BAD);
		if (outcome == TEXT_EVENT) {
			assert_true(nr < NR_EVENTS);
			events[nr++] = ev;
		}
		pos += entry;
	}
	assert_int_equal(nr, NR_EVENTS);
	free(text);
}

static void add_format(struct binary_decoder *dec, const char *name)
{
	size_t len;
	char *format = data_read(name, &len);

	assert_true(binary_decoder_add(dec, format, len));
	free(format);
}

static void decode_bytes(struct event *events)
{
	static const char * const names[NR_EVENTS] = {
		"lab/raw-0.dat", "lab/raw-1.dat", "lab/raw-2.dat",
	};
	struct binary_decoder *dec = binary_decoder_new();

	assert_non_null(dec);
	add_format(dec, "lab/format-record.dat");
	add_format(dec, "lab/format-error.dat");
	for (int i = 0; i < NR_EVENTS; i++) {
		size_t len;
		char *data = data_read(names[i], &len);

		assert_int_equal(binary_decode(dec, data, len, &events[i]),
				 BINARY_EVENT);
		free(data);
	}
	binary_decoder_free(dec);
}

static void both_decoders_agree(void **state)
{
	struct event lines[NR_EVENTS], bytes[NR_EVENTS];

	(void)state;
	decode_lines(lines);
	decode_bytes(bytes);
	for (int i = 0; i < NR_EVENTS; i++) {
		assert_int_equal(bytes[i].kind, lines[i].kind);
		assert_int_equal(bytes[i].thread, lines[i].thread);
		assert_true(bytes[i].present == lines[i].present);
		assert_memory_equal(bytes[i].val, lines[i].val,
				    sizeof(lines[i].val));
		assert_int_equal(bytes[i].nr_extra, 0);
		assert_int_equal(lines[i].nr_extra, 0);
	}
}

/* A few by hand, so that the two cannot be wrong in the same way. */
static void the_values_are_those_of_the_guest(void **state)
{
	struct event ev[NR_EVENTS];
	uint64_t val;

	(void)state;
	decode_bytes(ev);
	assert_int_equal(event_int(&ev[0], FIELD_PID), 189);
	assert_int_equal(ev[0].val[FIELD_STATE_NR], VCPU_INFO_STATE_HALTED);
	assert_int_equal(ev[0].val[FIELD_EXITS], 10711);
	assert_true(event_reg(&ev[0], VCPU_INFO_REG_RIP, &val));
	assert_true(val == 0xffffffffba217a0b);
	assert_int_equal(event_int(&ev[1], FIELD_VCPU_ID), 1);
	assert_int_equal(ev[1].val[FIELD_STATE_NR], VCPU_INFO_STATE_SELF);
	assert_true(event_reg(&ev[1], VCPU_INFO_REG_RAX, &val));
	assert_true(val == VCPU_INFO_HC_DEFAULT);
	assert_int_equal(ev[2].kind, EVENT_ERROR);
	assert_int_equal(event_int(&ev[2], FIELD_VCPU_ID), 999);
	assert_int_equal(event_int(&ev[2], FIELD_RESULT), -VCPU_INFO_HC_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_decoders_agree),
		cmocka_unit_test(the_values_are_those_of_the_guest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
