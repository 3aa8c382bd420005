// SPDX-License-Identifier: GPL-2.0
/*
 * Printed events, against golden/.
 */
#include <inttypes.h>
#include <locale.h>

#include "unit.h"

#include "print/outbuf.h"
#include "print/printer.h"
#include "support.h"
#include "trace/decode-text.h"

/* 2026-01-31 12:00:00 UTC */
#define NOON	1769860800000000000ULL

/* Each event of data/trace-text.dat; the n-th is n * 1.5 s old. */
static void print_trace(struct printer *printer)
{
	struct event_about about = {
		.vm = "web, \"1\"",
		.vmm = "qemu-system-x86",
		.age_known = true,
		.wall_known = true,
		.wall_ns = NOON,
		.symbol = "native_safe_halt",
		.symbol_offset = 0xb,
	};
	size_t len, done = 0;
	char *text = data_read("trace-text.dat", &len);
	struct event ev;

	while (done < len) {
		size_t n = text_entry_len(text + done, len - done);

		assert_true(n);
		if (text_decode(text + done, n, &ev) == TEXT_EVENT) {
			printer_event(printer, &ev, &about);
			about.age_ns += 1500000000ULL;
			about.wall_ns -= 1500000000ULL;
			about.vm = NULL;
			about.symbol = NULL;
		}
		done += n;
	}
	free(text);
}

/* An event with no more than it must have, as if its VM were gone. */
static void print_poor(struct printer *printer, const char *event)
{
	const struct event_about about = { .vmm_gone = true };
	struct event ev;
	char line[300];
	int len;

	len = snprintf(line, sizeof(line),
		       "                -5     [000] 77: %s: vm_pid=1 vm_fd=2 vcpu_id=3 flags=0x18 dr7=0x400 state=0x9 reason=0x9\n",
		       event);
	assert_int_equal(text_decode(line, len, &ev), TEXT_EVENT);
	printer_event(printer, &ev, &about);
}

static struct printer *new_printer(enum format format,
				   struct print_style *style, char **text,
				   size_t *len)
{
	struct printer *printer;

	style->out = open_memstream(text, len);
	printer = printer_new(format, style);
	assert_non_null(printer);
	return printer;
}

static void check(enum format format, bool color, enum time_format time,
		  const char *golden)
{
	struct print_style style = {
		.color = color,
		.symbols = true,
		.time = time,
	};
	struct printer *printer;
	char *text;
	size_t len;

	printer = new_printer(format, &style, &text, &len);
	print_trace(printer);
	print_poor(printer, VCPU_INFO_EVENT);
	print_poor(printer, VCPU_INFO_EVENT_ERROR);
	printer_free(printer);
	fclose(style.out);
	golden_check(golden, text);
	free(text);
}

/* What a printer makes of an event of a VM with that name. */
static char *print_name(enum format format, const char *name)
{
	const struct event_about about = { .vm = name };
	struct print_style style = { 0 };
	struct printer *printer;
	struct event ev;
	char line[200];
	char *text;
	size_t len;

	printer = new_printer(format, &style, &text, &len);
	len = snprintf(line, sizeof(line),
		       "                -5     [000] 77: vcpu_info: vm_pid=1 vm_fd=2 vcpu_id=3\n");
	assert_int_equal(text_decode(line, len, &ev), TEXT_EVENT);
	printer_event(printer, &ev, &about);
	printer_flush(printer);
	printer_free(printer);
	fclose(style.out);
	return text;
}

/* UTF-8 where the locale has it and where programs read; all of a long name. */
static void names_in_utf8(void **state)
{
	static const enum format all[] = {
		FORMAT_TEXT, FORMAT_TABLE, FORMAT_JSON, FORMAT_CSV,
	};
	char name[801], *text;

	(void)state;
	for (int i = 0; i < 200; i++)
		memcpy(name + 4 * i, "n\303\274-", 5);
	for (int utf8 = 0; utf8 < 2; utf8++) {
		setlocale(LC_CTYPE, utf8 ? "C.UTF-8" : "C");
		for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
			text = print_name(all[i], name);
			assert_int_equal(!!strstr(text, name),
					 utf8 || all[i] >= FORMAT_JSON);
			free(text);
			text = print_name(all[i], "b\303\274\342\200\256\n");
			assert_non_null(strstr(text, utf8 ||
					       all[i] >= FORMAT_JSON ?
					       "b\303\274??" : "b???"));
			free(text);
		}
	}
	/* columns are counted, not bytes: NAME has 12, VM 10 */
	text = print_name(FORMAT_TABLE, "\345\220\215\303\274");
	assert_non_null(strstr(text, "\n\345\220\215\303\274          1:2 "));
	free(text);
	text = print_name(FORMAT_TABLE,
			  "\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274\303\274");
	assert_non_null(strstr(text, "\303\274 1:2 "));
	free(text);
	setlocale(LC_CTYPE, "C");
}

static void text_blocks(void **state)
{
	(void)state;
	check(FORMAT_TEXT, false, TIME_AGE, "events.txt");
}

static void json_lines(void **state)
{
	(void)state;
	check(FORMAT_JSON, false, TIME_AGE, "events.json");
}

static void text_in_colours(void **state)
{
	(void)state;
	check(FORMAT_TEXT, true, TIME_WALL, "events-colour.txt");
}

static void csv_lines(void **state)
{
	(void)state;
	check(FORMAT_CSV, true, TIME_AGE, "events.csv");
}

static void table_rows(void **state)
{
	(void)state;
	check(FORMAT_TABLE, false, TIME_TRACE, "events-table.txt");
	check(FORMAT_TABLE, true, TIME_WALL, "events-table-colour.txt");
}

/*
 * A long table is printed in parts that have one heading and line up, also with
 * the parts before if a value of those was wider than others.
 */
static void long_table(void **state)
{
	const size_t wide = 300;	/* in the first part */
	const struct event_about about = { .vmm = "x" };
	struct print_style style = { .time = TIME_TRACE };
	struct event ev = { .kind = EVENT_RECORD };
	struct printer *printer;
	size_t len, width, lines = 0;
	char *text, *line;

	(void)state;
	printer = new_printer(FORMAT_TABLE, &style, &text, &len);
	for (int i = 0; i < 1234; i++) {
		event_set(&ev, FIELD_VM_PID, 1 + i);
		event_set(&ev, FIELD_VM_FD, i == (int)wide ? 123456789 : 1);
		printer_event(printer, &ev, &about);
	}
	printer_free(printer);
	fclose(style.out);
	width = strcspn(text, "\n");
	assert_memory_equal(text, "NAME         VM            ", 27);
	for (line = text; *line; lines++) {
		assert_int_equal(strcspn(line, "\n"), width);
		assert_true(!lines == !strncmp(line, "NAME ", 5));
		line += width + 1;
	}
	assert_int_equal(lines, 1 + 1234);
	free(text);
}

static void exit_deltas(void **state)
{
	static const struct exit_delta deltas[] = {
		{ .state = DELTA_OK, .ns = 500000000, .known = 0x7f,
		  .count = { 100, 1, 0, 99 } },
		{ .state = DELTA_RESET },
	};
	struct event ev = { .kind = EVENT_RECORD };
	static const enum format formats[] = { FORMAT_TEXT, FORMAT_JSON };
	struct print_style style = { .time = TIME_AGE };
	char *all = NULL;
	size_t all_len;
	FILE *out = open_memstream(&all, &all_len);
	char *text;
	size_t len;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(deltas); i++) {
		const struct event_about about = { .delta = &deltas[i] };

		for (size_t j = 0; j < ARRAY_SIZE(formats); j++) {
			struct printer *printer =
				new_printer(formats[j], &style, &text, &len);

			printer_event(printer, &ev, &about);
			printer_free(printer);
			fclose(style.out);
			fputs(text, out);
			free(text);
		}
	}
	fclose(out);
	text = all;
	assert_non_null(strstr(text, "\n  since the record before: 200.0 exits/s, exits +100, io +1, halt +99\n"));
	assert_non_null(strstr(text, "\"delta\":{\"state\":\"ok\",\"ns\":500000000,\"exits\":100,\"io_exits\":1,\"mmio_exits\":0,\"halt_exits\":99,\"irq_exits\":0,\"irq_window_exits\":0,\"signal_exits\":0,\"hypercalls\":null}"));
	assert_non_null(strstr(text, "\n  since the record before: counts started afresh\n"));
	assert_non_null(strstr(text, "\"delta\":{\"state\":\"reset\",\"ns\":null,\"exits\":null,"));
	free(text);
}

static void escape_sequences_are_not_printed(void **state)
{
	static const char line[] =
		"             \033[1m-5     [000] 7.000000: vcpu_info: vm_pid=1 vm_fd=2 vcpu_id=3 x\033[2m=y\033[3m\n";
	const struct event_about about = {
		.vmm = "\033[31mred\n",
		.symbol = "\033[7m",
	};
	struct print_style style = { .time = TIME_AGE };
	struct printer *printer;
	struct event ev;
	char *text;
	size_t len;

	(void)state;
	/* the name is 13 blanks and 4 characters: one too long to be real */
	assert_int_equal(text_decode(line + 1, sizeof(line) - 2, &ev),
			 TEXT_EVENT);
	style.out = open_memstream(&text, &len);
	for (int format = FORMAT_TEXT; format <= FORMAT_CSV; format++) {
		printer = printer_new(format, &style);
		assert_non_null(printer);
		printer_event(printer, &ev, &about);
		printer_free(printer);
	}
	fclose(style.out);
	assert_null(strchr(text, '\033'));
	assert_non_null(strstr(text, "(?[31mred?)"));
	assert_non_null(strstr(text, "\"vmm_comm\":\"?[31mred?\""));
	assert_non_null(strstr(text, "\"caller_comm\":\"?[1m\""));
	assert_non_null(strstr(text, "x?[2m=y?[3m\n"));
	free(text);
}

/* What was found in a guest's memory: in its kernel, and in a process of it */
static void print_guest(struct printer *printer)
{
	static const char line[] =
		"                -5     [000] 7.000000: vcpu_info: vm_pid=1 vm_fd=2 vcpu_id=3 state=0x2 valid=0x10000 rip=0xffffffffc0000110\n";
	static struct named_stack stack = {
		.end = END_USER,
		.nr = 3,
		.frames = {
			{ { .ip = 0xffffffffc0000110, .stack = STACK_TASK },
			  { "demo_run", "demo", 0x10, 0x100 } },
			{ { .ip = 0xffffffff81000230, .stack = STACK_TASK },
			  { "entry_SYSCALL_64", "", 0x30, 0x200 } },
			{ { .ip = 0x401000, .interrupted = true, .cs = 0x33 } },
		},
	};
	const struct guest_task task = { .comm = "my\"sqld\033", .pid = 12, .tid = 14 };
	const struct stack_view view = {
		.kernel = "Linux version 6.1", .task = &task, .exact = true,
		.stack = &stack,
	};
	const struct stack_view none = { .why = "the vCPU has not been started" };
	struct event_about about = {
		.symbol = "demo_run", .symbol_offset = 0x10, .module = "demo",
		.task = &task, .stack = &view,
	};
	struct event ev;

	assert_int_equal(text_decode(line, sizeof(line) - 1, &ev), TEXT_EVENT);
	printer_event(printer, &ev, &about);
	about.symbol = NULL;
	about.module = NULL;
	about.stack = NULL;
	printer_event(printer, &ev, &about);
	about.task = NULL;
	about.stack = &none;
	printer_event(printer, &ev, &about);
}

static void guests_memory(void **state)
{
	static const char * const golden[] = {
		[FORMAT_TEXT] = "guest.txt", [FORMAT_LINE] = "guest-line.txt",
		[FORMAT_TABLE] = "guest-table.txt", [FORMAT_JSON] = "guest.json",
		[FORMAT_CSV] = "guest.csv",
	};

	(void)state;
	for (int format = FORMAT_TEXT; format <= FORMAT_CSV; format++) {
		struct print_style style = { .symbols = true, .stacks = true };
		struct printer *printer;
		char *text;
		size_t len;

		printer = new_printer(format, &style, &text, &len);
		print_guest(printer);
		printer_free(printer);
		fclose(style.out);
		golden_check(golden[format], text);
		free(text);
	}
}

static void lost_events(void **state)
{
	static const enum format formats[] = { FORMAT_TEXT, FORMAT_JSON };
	static const char * const want[] = {
		"",
		"{\"schema\":1,\"type\":\"lost\",\"overrun\":1,\"commit_overrun\":2,\"dropped\":18446744073709551615,\"undecodable\":4}\n",
	};
	const struct losses lost = {
		.overrun = 1,
		.commit_overrun = 2,
		.dropped = UINT64_MAX,
		.undecodable = 4,
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct print_style style = { 0 };
		struct printer *printer;
		char *text;
		size_t len;

		printer = new_printer(formats[i], &style, &text, &len);
		printer_losses(printer, &lost);
		printer_free(printer);
		fclose(style.out);
		assert_string_equal(text, want[i]);
		free(text);
	}
}

static void check_number(uint64_t val)
{
	char text[DIGITS_LEN + 1], want[DIGITS_LEN + 1];

	text[digits_uint(text, val)] = '\0';
	snprintf(want, sizeof(want), "%" PRIu64, val);
	assert_string_equal(text, want);
	text[digits_int(text, (int64_t)val)] = '\0';
	snprintf(want, sizeof(want), "%" PRId64, (int64_t)val);
	assert_string_equal(text, want);
	text[digits_hex(text, val)] = '\0';
	snprintf(want, sizeof(want), "0x%" PRIx64, val);
	assert_string_equal(text, want);
	text[digits_hex16(text, val)] = '\0';
	snprintf(want, sizeof(want), "%016" PRIx64, val);
	assert_string_equal(text, want);
}

/* As printf() has them: where they get a digit more, and in between. */
static void numbers(void **state)
{
	uint64_t power = 1;

	(void)state;
	for (int i = 0; i < 20; i++, power *= 10) {
		check_number(power - 1);
		check_number(power);
		check_number(power + 1);
		check_number(power / 7);
	}
	for (int bit = 0; bit < 64; bit++) {
		check_number((1ULL << bit) - 1);
		check_number(1ULL << bit);
		check_number(-(1ULL << bit));
		check_number(UINT64_MAX / 3 >> bit);
	}
	check_number(UINT64_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(names_in_utf8),
		cmocka_unit_test(text_blocks),
		cmocka_unit_test(json_lines),
		cmocka_unit_test(text_in_colours),
		cmocka_unit_test(csv_lines),
		cmocka_unit_test(table_rows),
		cmocka_unit_test(long_table),
		cmocka_unit_test(exit_deltas),
		cmocka_unit_test(escape_sequences_are_not_printed),
		cmocka_unit_test(guests_memory),
		cmocka_unit_test(lost_events),
	};

	setenv("TZ", "UTC", 1);
	return cmocka_run_group_tests_name("format", tests, NULL, NULL);
}
