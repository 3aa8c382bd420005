// SPDX-License-Identifier: GPL-2.0
/*
 * cli/common: numbers, lists of ids, options, printable text.
 */
#include <limits.h>
#include <locale.h>

#include "unit.h"

#include "idlist.h"
#include "jsonout.h"
#include "msg.h"
#include "num.h"
#include "options.h"
#include "support.h"
#include "text.h"

static void int_takes_whole_numbers_only(void **state)
{
	static const char * const bad[] = {
		"", "-", "+1", " 1", "1 ", "0x10", "1a", "--1", "101", "-6",
		"99999999999999999999",
	};
	long long val;

	(void)state;
	assert_true(num_parse_int("-5", -5, 100, &val));
	assert_int_equal(val, -5);
	assert_true(num_parse_int("100", -5, 100, &val));
	assert_int_equal(val, 100);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(num_parse_int(bad[i], -5, 100, &val));
}

static void u64_takes_decimal_and_hex(void **state)
{
	static const char * const bad[] = {
		"", "0x", "-1", "+1", " 1", "12ab", "0x0x1", "0xg", "1.5",
		"18446744073709551616", "0x10000000000000000",
	};
	uint64_t val;

	(void)state;
	assert_true(num_parse_u64("18446744073709551615", &val));
	assert_true(val == UINT64_MAX);
	assert_true(num_parse_u64("0xffffffffffffffff", &val));
	assert_true(val == UINT64_MAX);
	assert_true(num_parse_u64("0", &val));
	assert_true(val == 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(num_parse_u64(bad[i], &val));
}

static void list_keeps_the_order(void **state)
{
	static const int want[] = { 7, 0, 1, 2, 1 };
	struct id_list list = { 0 };
	struct id_iter it = { 0 };
	char err[200];
	int id;

	(void)state;
	assert_true(id_list_add(&list, "7,0-2", 0, 100, err, sizeof(err)));
	assert_true(id_list_add(&list, "1", 0, 100, err, sizeof(err)));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(id_list_next(&list, &it, &id));
		assert_int_equal(id, want[i]);
	}
	assert_false(id_list_next(&list, &it, &id));
	assert_true(id_list_has(&list, 2));
	assert_false(id_list_has(&list, 3));
	id_list_free(&list);
}

static void list_takes_negative_ids_and_the_greatest(void **state)
{
	static const int want[] = { -1, -3, -2, INT_MAX - 1, INT_MAX };
	struct id_list list = { 0 };
	struct id_iter it = { 0 };
	char err[200];
	int id;

	(void)state;
	assert_true(id_list_add(&list, "-1,-3--2,2147483646-2147483647",
				INT_MIN, INT_MAX, err, sizeof(err)));
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(id_list_next(&list, &it, &id));
		assert_int_equal(id, want[i]);
	}
	assert_false(id_list_next(&list, &it, &id));
	id_list_free(&list);
}

static void list_says_what_is_wrong(void **state)
{
	static const struct {
		const char *s;
		const char *says;
	} bad[] = {
		{ "", "not a number" }, { ",", "not a number" },
		{ "1,", "not a number" }, { "a", "not a number" },
		{ "1-", "without an end" }, { "1-b", "without an end" },
		{ "1x", "not a list" }, { "1-2-3", "not a list" },
		{ "1 ,2", "not a list" }, { "3-1", "ends before" },
		{ "-1", "out of range" }, { "11", "out of range" },
		{ "5-11", "out of range" },
		{ "99999999999999999999", "not a number" },
	};
	struct id_list list = { 0 };
	char err[200];

	(void)state;
	assert_true(id_list_add(&list, "4", 0, 10, err, sizeof(err)));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		err[0] = '\0';
		assert_false(id_list_add(&list, bad[i].s, 0, 10, err,
					 sizeof(err)));
		assert_non_null(strstr(err, bad[i].says));
		assert_int_equal(list.nr, 1);
	}
	id_list_free(&list);
}

static const struct opt_spec specs[] = {
	{ 'a', "all", NULL, "everything" },
	{ 'v', "vm", "PID", "a VM" },
	{ OPT_LONG, "long-only", "ARG", "no letter" },
	{ 0 }
};

static void options_short_and_long(void **state)
{
	char *argv[8] = { "cmd", "-a", "--vm=1", "-v2", "--long-only", "x",
			 "-h", NULL };
	static const int want[] = { 'a', 'v', 'v', OPT_LONG, 'h' };
	static const char * const args[] = { NULL, "1", "2", "x", NULL };
	struct opt_parser op;
	int val;

	(void)state;
	opt_init(&op, 7, argv, specs);
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_true(opt_next(&op, &val));
		assert_int_equal(val, want[i]);
		if (args[i])
			assert_string_equal(op.arg, args[i]);
	}
	assert_false(opt_next(&op, &val));
	assert_int_equal(opt_default(val), OPT_RUN);
}

static void options_bad(void **state)
{
	static const struct {
		const char *words[3];
		const char *says;
	} bad[] = {
		{ { "-x" }, "unknown option '-x'" },
		{ { "--all", "-xa" }, "unknown option '-x'" },
		{ { "--nope" }, "option '--nope'" },
		{ { "--all=1" }, "'--all=1' takes no argument" },
		{ { "--vm" }, "'--vm' needs an argument" },
		{ { "-v" }, "'-v' needs an argument" },
		{ { "word" }, "unexpected argument 'word'" },
		{ { "--", "-a" }, "unexpected argument '-a'" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		char *argv[4] = { "cmd" };
		struct opt_parser op;
		int argc = 1;
		int val;

		for (int w = 0; bad[i].words[w]; w++)
			argv[argc++] = (char *)bad[i].words[w];
		opt_init(&op, argc, argv, specs);
		while (opt_next(&op, &val))
			;
		assert_int_equal(opt_default(val), OPT_BAD);
		assert_non_null(strstr(op.err, bad[i].says));
	}
}

static void text_hides_escape_sequences(void **state)
{
	char out[8];

	(void)state;
	text_printable(out, sizeof(out), "a\033[1m\n\xc3\xa9");
	assert_string_equal(out, "a?[1m??");
	text_printable(out, sizeof(out), "CPU 0/K");
	assert_string_equal(out, "CPU 0/K");
}

/* What must not get through, and what it becomes; what must. */
static void text_in_utf8(void **state)
{
	static const char * const texts[][2] = {
		{ "b\303\274ro", "b\303\274ro" },
		{ "\316\251mega", "\316\251mega" },
		{ "\345\220\215\345\211\215", "\345\220\215\345\211\215" },
		{ "\360\237\232\200", "\360\237\232\200" },
		/* C0, DEL and C1, the last also as one byte and encoded */
		{ "\033]0;x\007", "?]0;x?" }, { "a\177b", "a?b" },
		{ "\233[1m", "?[1m" }, { "\302\233[1m", "?[1m" },
		{ "\302\200\302\237", "??" }, { "a\nb\tc\r", "a?b?c?" },
		/* bidirectional overrides and isolates, marks */
		{ "a\342\200\256b", "a?b" }, { "\342\200\252\342\200\252", "??" },
		{ "\342\201\246x\342\201\251", "?x?" },
		{ "\342\200\217\330\234", "??" },
		/* not seen: zero width, soft hyphen, byte order mark, tag */
		{ "w\342\200\213eb", "w?eb" }, { "\302\255\357\273\277", "??" },
		{ "\363\240\201\201", "?" },
		/* line separators */
		{ "\342\200\250\342\200\251", "??" },
		/* no UTF-8: cut off, too long a form, surrogate, too great */
		{ "\303", "?" }, { "\303x", "?x" }, { "\342\202", "??" },
		{ "\300\257", "??" }, { "\340\200\257", "???" },
		{ "\355\240\200", "?" }, { "\364\220\200\200", "?" },
		{ "\370\210\200\200\200", "?????" }, { "\377\376", "??" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		text_utf8(out, sizeof(out), texts[i][0]);
		assert_string_equal(out, texts[i][1]);
		assert_true(text_names(out, texts[i][0]));
		assert_true(text_names(texts[i][0], texts[i][0]));
	}
	/* a character is not cut in two */
	text_utf8(out, 4, "ab\303\274");
	assert_string_equal(out, "ab");
	text_utf8(out, 5, "ab\303\274");
	assert_string_equal(out, "ab\303\274");
}

static void text_as_the_locale_has_it(void **state)
{
	char out[32];

	(void)state;
	text_printable(out, sizeof(out), "b\303\274ro\342\200\256");
	assert_string_equal(out, "b?ro?");
	assert_true(text_names("b?ro?", "b\303\274ro\342\200\256"));
	assert_false(text_names("b?ro", "b\303\274ro\342\200\256"));
	assert_non_null(setlocale(LC_CTYPE, "C.UTF-8"));
	text_printable(out, sizeof(out), "b\303\274ro\342\200\256");
	assert_string_equal(out, "b\303\274ro?");
	assert_int_equal(text_width(out), 5);
	assert_int_equal(text_width("\345\220\215x"), 3);
	assert_int_equal(text_pad(out, sizeof(out), "\303\274", 3, false), 4);
	assert_string_equal(out, "\303\274  ");
	assert_int_equal(text_pad(out, sizeof(out), "\303\274", 3, true), 4);
	assert_string_equal(out, "  \303\274");
	/* a wide character that does not fit leaves a blank */
	text_pad(out, sizeof(out), "a\345\220\215b", 2, false);
	assert_string_equal(out, "a ");
	text_pad(out, sizeof(out), "abcdef", 4, true);
	assert_string_equal(out, "abcd");
	setlocale(LC_CTYPE, "C");
}

static int say_hostile(void *arg)
{
	(void)arg;
	msg_error("no VM '%s'", "x\033[2J\ny");
	msg_hint("see %s", "\302\233");
	return 0;
}

static void messages_hide_escape_sequences(void **state)
{
	struct captured cap = capture(say_hostile, NULL);

	(void)state;
	assert_string_equal(cap.err, "vcpu-info: no VM 'x?[2J?y'\n  see ?\n");
	captured_free(&cap);
}

static void json_is_utf8(void **state)
{
	struct json_object *obj = json_object_new_object();
	char text[3000];

	(void)state;
	json_add_text(obj, "name", "b\303\274ro\n\"");
	assert_string_equal(json_object_to_json_string_ext(obj, 0),
			    "{\"name\":\"b\303\274ro?\\\"\"}");
	/* a long policy is all there */
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	json_add_text(obj, "name", text);
	assert_int_equal(strlen(json_object_to_json_string_ext(obj, 0)),
			 strlen("{\"name\":\"\"}") + sizeof(text) - 1);
	json_object_put(obj);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(int_takes_whole_numbers_only),
		cmocka_unit_test(u64_takes_decimal_and_hex),
		cmocka_unit_test(list_keeps_the_order),
		cmocka_unit_test(list_takes_negative_ids_and_the_greatest),
		cmocka_unit_test(list_says_what_is_wrong),
		cmocka_unit_test(options_short_and_long),
		cmocka_unit_test(options_bad),
		cmocka_unit_test(text_hides_escape_sequences),
		cmocka_unit_test(text_in_utf8),
		cmocka_unit_test(text_as_the_locale_has_it),
		cmocka_unit_test(messages_hide_escape_sequences),
		cmocka_unit_test(json_is_utf8),
	};

	return cmocka_run_group_tests_name("common_parse", tests, NULL, NULL);
}
