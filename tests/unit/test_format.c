// SPDX-License-Identifier: GPL-2.0
/*
 * Printed events, against golden/.
 */
#include "unit.h"

#include "host/decode-text.h"
#include "host/fmt.h"
#include "support.h"

typedef void (*printer)(FILE *out, const struct event *ev,
			const struct fmt_about *about);

/* Each event of data/trace-text.dat; the n-th is n * 1.5 s old. */
static void print_trace(FILE *out, printer print)
{
	size_t len, done = 0;
	char *text = data_read("trace-text.dat", &len);
	struct fmt_about about = { .vmm = "qemu-system-x86",
				   .age_known = true };
	struct event ev;

	while (done < len) {
		size_t n = text_entry_len(text + done, len - done);

		assert_true(n);
		if (text_decode(text + done, n, &ev) == TEXT_EVENT) {
			print(out, &ev, &about);
			about.age_ns += 1500000000ULL;
		}
		done += n;
	}
	free(text);
}

/* An event with no more than it must have, as if its VM were gone. */
static void print_poor(FILE *out, printer print, const char *event)
{
	const struct fmt_about about = { 0 };
	struct event ev;
	char line[300];
	int len;

	len = snprintf(line, sizeof(line),
		       "                -5     [000] 77: %s: vm_pid=1 vm_fd=2 vcpu_id=3 flags=0x18 dr7=0x400 state=0x9 reason=0x9\n",
		       event);
	assert_int_equal(text_decode(line, len, &ev), TEXT_EVENT);
	print(out, &ev, &about);
}

static void check(printer print, const char *golden)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	print_trace(out, print);
	print_poor(out, print, VCPU_INFO_EVENT);
	print_poor(out, print, VCPU_INFO_EVENT_ERROR);
	fclose(out);
	golden_check(golden, text);
	free(text);
}

static void text_blocks(void **state)
{
	(void)state;
	check(fmt_text_event, "events.txt");
}

static void json_lines(void **state)
{
	(void)state;
	check(fmt_json_event, "events.json");
}

static void escape_sequences_are_not_printed(void **state)
{
	static const char line[] =
		"             \033[1m-5     [000] 7.000000: vcpu_info: vm_pid=1 vm_fd=2 vcpu_id=3 x\033[2m=y\033[3m\n";
	const struct fmt_about about = { .vmm = "\033[31mred\n" };
	struct event ev;
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	/* the name is 13 blanks and 4 characters: one too long to be real */
	assert_int_equal(text_decode(line + 1, sizeof(line) - 2, &ev),
			 TEXT_EVENT);
	fmt_text_event(out, &ev, &about);
	fmt_json_event(out, &ev, &about);
	fclose(out);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "(?[31mred?)"));
	assert_non_null(strstr(text, "\"vmm_comm\":\"?[31mred?\""));
	assert_non_null(strstr(text, "\"caller_comm\":\"?[1m\""));
	assert_non_null(strstr(text, "x?[2m=y?[3m\n"));
	free(text);
}

static void lost_events(void **state)
{
	const struct fmt_lost lost = {
		.overrun = 1, .commit_overrun = 2, .dropped = UINT64_MAX,
		.undecodable = 4,
	};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	fmt_json_lost(out, &lost);
	fclose(out);
	assert_string_equal(text, "{\"schema\":1,\"type\":\"lost\",\"overrun\":1,\"commit_overrun\":2,\"dropped\":18446744073709551615,\"undecodable\":4}\n");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_blocks),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(escape_sequences_are_not_printed),
		cmocka_unit_test(lost_events),
	};

	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
