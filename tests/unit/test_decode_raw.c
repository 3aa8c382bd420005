// SPDX-License-Identifier: GPL-2.0
/*
 * Binary records, by format files in the kernel's style.
 */
#include "unit.h"

#include "datfile.h"
#include "support.h"
#include "trace/decode-binary.h"

static void add_format(struct binary_decoder *dec, const char *name)
{
	size_t len;
	char *format = data_read(name, &len);

	assert_true(binary_decoder_add(dec, format, len));
	free(format);
}

static int setup(void **state)
{
	struct binary_decoder *dec = binary_decoder_new();

	assert_non_null(dec);
	add_format(dec, "format-record.dat");
	add_format(dec, "format-error.dat");
	*state = dec;
	return 0;
}

static int teardown(void **state)
{
	binary_decoder_free(*state);
	return 0;
}

static void record_with_every_field(void **state)
{
	struct raw_record rec = raw_record();
	struct event ev;
	uint64_t val;

	rec.reason = VCPU_INFO_WHY_MARK;
	rec.cookie = UINT64_MAX - 8;
	assert_int_equal(binary_decode(*state, &rec, sizeof(rec), &ev),
			 BINARY_EVENT);
	assert_int_equal(ev.kind, EVENT_RECORD);
	assert_int_equal(ev.thread, 1239);
	assert_int_equal(event_int(&ev, FIELD_VM_PID), 1234);
	assert_int_equal(event_int(&ev, FIELD_VM_FD), 10);
	assert_int_equal(event_int(&ev, FIELD_CALLER_ID), 0);
	assert_int_equal(event_int(&ev, FIELD_VCPU_ID), 1);
	assert_int_equal(event_int(&ev, FIELD_PID), 1240);
	assert_int_equal(event_int(&ev, FIELD_NS_PID), 7);
	assert_int_equal(event_int(&ev, FIELD_CPU), -1);
	assert_int_equal(ev.val[FIELD_NS_LEVEL], 1);
	assert_int_equal(ev.val[FIELD_STATE_NR], VCPU_INFO_STATE_USER);
	assert_int_equal(ev.val[FIELD_FLAGS], 2);
	assert_int_equal(ev.val[FIELD_ATTEMPTS], 255);
	for (int i = 0; i < VCPU_INFO_NR_REGS; i++) {
		bool valid = event_reg(&ev, i, &val);

		assert_int_equal(valid, i != VCPU_INFO_REG_RFLAGS);
		if (valid)
			assert_true(val == 0xffffffff00000000ULL + i);
	}
	for (int i = 0; i < 8; i++)
		assert_true(ev.val[FIELD_EXITS + i] == UINT64_MAX - i);
	assert_int_equal(ev.val[FIELD_WHY_NR], VCPU_INFO_WHY_MARK);
	assert_true(ev.val[FIELD_COOKIE] == UINT64_MAX - 8);
	assert_int_equal(ev.nr_extra, 0);
}

static void error_with_every_field(void **state)
{
	const struct raw_error err = {
		.type = RAW_ERROR_ID, .thread = 5, .vm_pid = 1234, .vm_fd = 10,
		.caller_id = 3, .vcpu_id = -1, .result = -22,
		.reason = VCPU_INFO_REASON_UNKNOWN_ID, .count = 1ULL << 40,
		.cookie = 1ULL << 63,
		.request_reason = VCPU_INFO_WHY_PANIC,
	};
	struct event ev;

	assert_int_equal(binary_decode(*state, &err, sizeof(err), &ev),
			 BINARY_EVENT);
	assert_int_equal(ev.kind, EVENT_ERROR);
	assert_int_equal(event_int(&ev, FIELD_CALLER_ID), 3);
	assert_int_equal(event_int(&ev, FIELD_VCPU_ID), -1);
	assert_int_equal(event_int(&ev, FIELD_RESULT), -22);
	assert_int_equal(ev.val[FIELD_REASON_NR], VCPU_INFO_REASON_UNKNOWN_ID);
	assert_true(ev.val[FIELD_ERROR_COUNT] == 1ULL << 40);
	assert_int_equal(ev.val[FIELD_WHY_NR], VCPU_INFO_WHY_PANIC);
	assert_true(ev.val[FIELD_COOKIE] == 1ULL << 63);
	assert_int_equal(ev.nr_extra, 0);
}

static void too_short_at_any_length(void **state)
{
	const struct raw_record rec = raw_record();
	struct event ev;

	for (size_t len = 0; len < offsetof(struct raw_record, end); len++) {
		/* of exactly that size, so that ASan sees what is beyond */
		void *copy = malloc(len);

		memcpy(copy, &rec, len);
		assert_int_equal(binary_decode(*state, copy, len, &ev),
				 BINARY_BAD);
		free(copy);
	}
}

static void other_types_are_passed_over(void **state)
{
	struct raw_record rec = raw_record();
	struct event ev;

	rec.type = 17;
	assert_int_equal(binary_decode(*state, &rec, sizeof(rec), &ev),
			 BINARY_OTHER);
}

#define COMMON \
	"format:\n" \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define S32(name, offset) \
	"\tfield:s32 " name ";\toffset:" #offset ";\tsize:4;\tsigned:1;\n"
#define PRINT	"\nprint fmt: \"%d\", REC->vm_pid\n"

/* Another order, unknown fields, an array, and most fields missing. */
static void layout_of_another_version(void **state)
{
	static const char format[] = "name: vcpu_info\nID: 9\n" COMMON
		"\tfield:s16 tiny;\toffset:8;\tsize:2;\tsigned:1;\n"
		"\tfield:u8 list[2];\toffset:10;\tsize:2;\tsigned:0;\n"
		S32("vcpu_id", 12) S32("vm_fd", 16) S32("vm_pid", 20)
		"\tfield:u64 rip;\toffset:24;\tsize:8;\tsigned:0;\n" PRINT;
	const struct {
		uint16_t type;
		uint16_t pad;
		int32_t thread;
		int16_t tiny;
		uint8_t list[2];
		int32_t vcpu_id;
		int32_t vm_fd;
		int32_t vm_pid;
		uint64_t rip;
	} rec = {
		.type = 9, .thread = 1, .tiny = -2, .vcpu_id = 3, .vm_fd = 4,
		.vm_pid = 5, .rip = 6,
	};
	struct binary_decoder *dec = binary_decoder_new();
	struct event ev;
	uint64_t val;

	(void)state;
	assert_true(binary_decoder_add(dec, format, sizeof(format) - 1));
	assert_int_equal(binary_decode(dec, &rec, sizeof(rec), &ev),
			 BINARY_EVENT);
	assert_int_equal(event_int(&ev, FIELD_VCPU_ID), 3);
	assert_int_equal(event_int(&ev, FIELD_VM_FD), 4);
	assert_int_equal(event_int(&ev, FIELD_VM_PID), 5);
	assert_int_equal(ev.nr_extra, 1);
	assert_string_equal(ev.extra[0].name, "tiny");
	assert_string_equal(ev.extra[0].value, "-2");
	assert_false(event_has(&ev, FIELD_EXITS));
	/* without valid no register is believed */
	assert_false(event_reg(&ev, VCPU_INFO_REG_RIP, &val));
	binary_decoder_free(dec);
}

static void value_out_of_range(void **state)
{
	static const char format[] = "name: vcpu_info\nID: 9\n" COMMON
		"\tfield:u32 vm_pid;\toffset:8;\tsize:4;\tsigned:0;\n"
		S32("vm_fd", 12) S32("vcpu_id", 16) PRINT;
	const uint32_t rec[] = { 9, 1, 0x80000000, 2, 3 };
	struct binary_decoder *dec = binary_decoder_new();
	struct event ev;

	(void)state;
	assert_true(binary_decoder_add(dec, format, sizeof(format) - 1));
	assert_int_equal(binary_decode(dec, rec, sizeof(rec), &ev), BINARY_BAD);
	binary_decoder_free(dec);
}

static void formats_that_are_no_use(void **state)
{
	static const char * const formats[] = {
		"", "name: vcpu_info\n", "rubbish",
		"name: sched_switch\nID: 9\n" COMMON S32("vm_pid", 8) PRINT,
		/* nothing to tell vCPUs apart by */
		"name: vcpu_info\nID: 9\n" COMMON S32("vm_pid", 8) PRINT,
		/* no type */
		"name: vcpu_info\nID: 9\nformat:\n"
		"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
		S32("vm_pid", 8) S32("vm_fd", 12) S32("vcpu_id", 16) PRINT,
	};
	const struct raw_record rec = raw_record();
	struct event ev;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct binary_decoder *dec = binary_decoder_new();

		assert_false(binary_decoder_add(dec, formats[i],
						strlen(formats[i])));
		assert_int_equal(binary_decode(dec, &rec, sizeof(rec), &ev),
				 BINARY_OTHER);
		binary_decoder_free(dec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(record_with_every_field,
						setup, teardown),
		cmocka_unit_test_setup_teardown(error_with_every_field,
						setup, teardown),
		cmocka_unit_test_setup_teardown(too_short_at_any_length,
						setup, teardown),
		cmocka_unit_test_setup_teardown(other_types_are_passed_over,
						setup, teardown),
		cmocka_unit_test(layout_of_another_version),
		cmocka_unit_test(value_out_of_range),
		cmocka_unit_test(formats_that_are_no_use),
	};

	return cmocka_run_group_tests_name("decode_raw", tests, NULL, NULL);
}
