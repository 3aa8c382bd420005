// SPDX-License-Identifier: GPL-2.0
/*
 * cli/guest: what trigger and mark ask for, print and return, with a device of 3 CPUs
 * whose APIC ids are 0, 1 and 4.
 */
#include <errno.h>

#include "guest/commands.h"
#include "unit.h"

#include "guest/result.h"
#include "vcpu_info_abi.h"

static const int apic_ids[] = { 0, 1, 4 };

/* What the device answers, and what it saw. */
static struct {
	int error;		/* every ioctl fails with it */
	int results[8];		/* by vcpu_id */
	int limited;		/* so many requests are, instead */
	int asked;
	int asked_fail_from;	/* calls from here on fail, 0: none */
	int self;
	int offline;		/* this CPU is, -1: none */
	unsigned int all_nr;	/* more CPUs than there are, 0: no */
	uint64_t cookie;	/* of the last mark */
	int marks_error;	/* what becomes of marks, 0: served */
	int probe;		/* what a probe says */
	int sleeps;
	struct timespec slept_until[16];
	struct timespec slept_from[16];
} fake;

static void fake_reset(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.offline = -1;
}

static int fake_result(int vcpu_id)
{
	if (!fake.limited)
		return fake.results[vcpu_id];
	fake.limited--;
	return -EAGAIN;
}

static void fake_cpu(unsigned int number, struct vcpu_info_ioc_cpu *cpu)
{
	cpu->cpu = number;
	if (number >= ARRAY_SIZE(apic_ids) || (int)number == fake.offline) {
		cpu->vcpu_id = -1;
		cpu->result = -ENXIO;
		return;
	}
	cpu->vcpu_id = apic_ids[number];
	cpu->result = fake_result(cpu->vcpu_id);
}

static void fake_all(struct vcpu_info_ioc_all *all)
{
	struct vcpu_info_ioc_cpu *entries = (void *)(uintptr_t)all->entries;
	unsigned int n = 0;

	assert_int_equal(all->reserved, 0);
	assert_true(all->nr >= ARRAY_SIZE(apic_ids));
	for (size_t i = 0; i < ARRAY_SIZE(apic_ids); i++) {
		if ((int)i != fake.offline)
			fake_cpu(i, &entries[n++]);
	}
	all->nr = fake.all_nr ? fake.all_nr : n;
}

static int fake_mark(struct vcpu_info_ioc_mark *mark)
{
	struct vcpu_info_ioc_cpu cpu;

	assert_int_equal(mark->reserved, 0);
	if (fake.marks_error == -ENOTTY)
		return -ENOTTY;
	fake_cpu(fake.self, &cpu);
	mark->cpu = cpu.cpu;
	mark->vcpu_id = cpu.vcpu_id;
	mark->result = fake.marks_error ?: cpu.result;
	fake.cookie = mark->cookie;
	return 0;
}

static int fake_ioctl(const struct device *dev, unsigned long cmd, void *arg)
{
	struct vcpu_info_ioc_vcpu *vcpu = arg;
	struct vcpu_info_ioc_cpu *cpu = arg;

	assert_int_equal(dev->fd, 42);
	fake.asked++;
	if (fake.asked_fail_from && fake.asked >= fake.asked_fail_from)
		return fake.error;
	switch (cmd) {
	case VCPU_INFO_IOC_VCPU:
		vcpu->result = -EINVAL;
		for (size_t i = 0; i < ARRAY_SIZE(apic_ids); i++)
			if (apic_ids[i] == vcpu->vcpu_id)
				vcpu->result = fake_result(vcpu->vcpu_id);
		return 0;
	case VCPU_INFO_IOC_CPU:
		assert_int_equal(cpu->reserved, 0);
		fake_cpu(cpu->cpu, cpu);
		return 0;
	case VCPU_INFO_IOC_SELF:
		assert_int_equal(cpu->reserved, 0);
		fake_cpu(fake.self, cpu);
		return 0;
	case VCPU_INFO_IOC_ALL:
		fake_all(arg);
		return 0;
	case VCPU_INFO_IOC_MARK:
		return fake_mark(arg);
	case VCPU_INFO_IOC_INFO:
		*(struct vcpu_info_ioc_info *)arg = (struct vcpu_info_ioc_info){
			.result = fake.probe,
		};
		return 0;
	default:
		return -ENOTTY;
	}
}

static void fake_sleep_until(const struct timespec *when)
{
	assert_true(fake.sleeps < (int)ARRAY_SIZE(fake.slept_until));
	clock_gettime(CLOCK_MONOTONIC, &fake.slept_from[fake.sleeps]);
	fake.slept_until[fake.sleeps++] = *when;
}

static const struct device_ops fake_ops = {
	.ioctl = fake_ioctl,
	.sleep_until = fake_sleep_until,
};

static const struct device fake_device = { .ops = &fake_ops, .fd = 42 };

/* Run and compare both the exit code and every byte of the output. */
static void assert_run(const struct trigger_opts *opts, int exit_code,
		       const char *want)
{
	size_t size;
	char *got;
	FILE *out = open_memstream(&got, &size);

	assert_non_null(out);
	assert_int_equal(trigger_run(&fake_device, opts, out), exit_code);
	fclose(out);
	assert_string_equal(got, want);
	free(got);
}

static void assert_run_ids(struct trigger_opts *opts, const char *ids,
			   int exit_code, const char *want)
{
	char err[200];

	assert_true(id_list_add(&opts->ids, ids, -1, 2147483647, err,
				sizeof(err)));
	assert_run(opts, exit_code, want);
	id_list_free(&opts->ids);
}

static void all_cpus(void **state)
{
	struct trigger_opts opts = { .repeat = 1 };

	(void)state;
	fake_reset();
	assert_run(&opts, EXIT_OK,
		   "  CPU     APIC-ID  RESULT\n"
		   "    0           0  ok\n"
		   "    1           1  ok\n"
		   "    2           4  ok\n");
	assert_int_equal(fake.asked, 1);
	assert_int_equal(fake.sleeps, 0);
}

static void all_cpus_json(void **state)
{
	struct trigger_opts opts = { .repeat = 1, .json = true };

	(void)state;
	fake_reset();
	fake.offline = 1;
	fake.results[4] = -EAGAIN;
	assert_run(&opts, EXIT_RATE_LIMITED,
		   "{\"schema\":1,\"type\":\"trigger\",\"iteration\":1,\"cpu\":0,\"vcpu_id\":0,\"result\":0,\"result_name\":\"ok\"}\n"
		   "{\"schema\":1,\"type\":\"trigger\",\"iteration\":1,\"cpu\":2,\"vcpu_id\":4,\"result\":-11,\"result_name\":\"rate-limit\"}\n");
}

static void cpus_by_number(void **state)
{
	struct trigger_opts opts = { .target = TRIGGER_CPUS, .repeat = 1 };

	(void)state;
	fake_reset();
	fake.offline = 1;
	assert_run_ids(&opts, "2,0-1,7", EXIT_UNKNOWN_ID,
		       "  CPU     APIC-ID  RESULT\n"
		       "    2           4  ok\n"
		       "    0           0  ok\n"
		       "    1           -  no-cpu (-6)\n"
		       "    7           -  no-cpu (-6)\n");
}

static void cpu_that_is_not_there_json(void **state)
{
	struct trigger_opts opts = {
		.target = TRIGGER_CPUS, .repeat = 1, .json = true,
	};

	(void)state;
	fake_reset();
	assert_run_ids(&opts, "7", EXIT_UNKNOWN_ID,
		       "{\"schema\":1,\"type\":\"trigger\",\"iteration\":1,\"cpu\":7,\"vcpu_id\":null,\"result\":-6,\"result_name\":\"no-cpu\"}\n");
}

static void vcpus_by_id(void **state)
{
	struct trigger_opts opts = { .target = TRIGGER_VCPU_IDS, .repeat = 1 };

	(void)state;
	fake_reset();
	assert_run_ids(&opts, "4,-1,999,2147483647", EXIT_UNKNOWN_ID,
		       "  CPU     APIC-ID  RESULT\n"
		       "    -           4  ok\n"
		       "    -          -1  unknown-id (-22)\n"
		       "    -         999  unknown-id (-22)\n"
		       "    -  2147483647  unknown-id (-22)\n");
	assert_int_equal(fake.asked, 4);
}

static void vcpus_by_id_json(void **state)
{
	struct trigger_opts opts = {
		.target = TRIGGER_VCPU_IDS, .repeat = 1, .json = true,
	};

	(void)state;
	fake_reset();
	assert_run_ids(&opts, "-1", EXIT_UNKNOWN_ID,
		       "{\"schema\":1,\"type\":\"trigger\",\"iteration\":1,\"cpu\":null,\"vcpu_id\":-1,\"result\":-22,\"result_name\":\"unknown-id\"}\n");
}

static void self(void **state)
{
	struct trigger_opts opts = { .target = TRIGGER_SELF, .repeat = 1 };

	(void)state;
	fake_reset();
	fake.self = 2;
	assert_run(&opts, EXIT_OK,
		   "  CPU     APIC-ID  RESULT\n"
		   "    2           4  ok\n");
}

static long long slept_ns(int nr)
{
	const struct timespec *from = &fake.slept_from[nr];
	const struct timespec *until = &fake.slept_until[nr];

	return (until->tv_sec - from->tv_sec) * 1000000000LL +
	       until->tv_nsec - from->tv_nsec;
}

/* Each wait is at most one and a half of what it would be without jitter. */
static void assert_waits(int nr)
{
	static const int waits_ms[] = { 50, 100, 200, 400, 800, 1600, 1600 };

	assert_int_equal(fake.sleeps, nr);
	for (int i = 0; i < nr; i++)
		assert_true(slept_ns(i) <= waits_ms[i] * 1500000LL);
}

static void limited_are_asked_again(void **state)
{
	struct trigger_opts opts = { .repeat = 1 };

	(void)state;
	/* the first three, and two when asked again */
	fake_reset();
	fake.limited = 5;
	assert_run(&opts, EXIT_OK,
		   "  CPU     APIC-ID  RESULT\n"
		   "    0           0  ok\n"
		   "    1           1  ok\n"
		   "    2           4  ok\n");
	assert_int_equal(fake.asked, 1 + 3 + 2);
	assert_waits(3);
	fake_reset();
	opts.target = TRIGGER_SELF;
	fake.limited = 2;
	assert_run(&opts, EXIT_OK,
		   "  CPU     APIC-ID  RESULT\n"
		   "    0           0  ok\n");
	assert_waits(2);
	fake_reset();
	opts.target = TRIGGER_VCPU_IDS;
	fake.limited = 1;
	assert_run_ids(&opts, "1,4", EXIT_OK,
		       "  CPU     APIC-ID  RESULT\n"
		       "    -           1  ok\n"
		       "    -           4  ok\n");
	assert_waits(1);
}

static void limited_for_ever(void **state)
{
	struct trigger_opts opts = { .repeat = 1 };

	(void)state;
	fake_reset();
	fake.limited = 1000;
	assert_run(&opts, EXIT_RATE_LIMITED,
		   "  CPU     APIC-ID  RESULT\n"
		   "    0           0  rate-limit (-11)\n"
		   "    1           1  rate-limit (-11)\n"
		   "    2           4  rate-limit (-11)\n");
	/* all at once, and the first until it is given up */
	assert_int_equal(fake.asked, 1 + 7);
	assert_waits(7);
}

static void repeated_are_not_asked_again(void **state)
{
	struct trigger_opts opts = { .repeat = 2, .interval_ms = 1 };

	(void)state;
	fake_reset();
	fake.limited = 1;
	assert_run(&opts, EXIT_RATE_LIMITED,
		   " ITERATION   CPU     APIC-ID  RESULT\n"
		   "         1     0           0  rate-limit (-11)\n"
		   "         1     1           1  ok\n"
		   "         1     2           4  ok\n"
		   "         2     0           0  ok\n"
		   "         2     1           1  ok\n"
		   "         2     2           4  ok\n");
	assert_int_equal(fake.asked, 2);
}

static void repeats_without_drift(void **state)
{
	struct trigger_opts opts = {
		.target = TRIGGER_SELF, .repeat = 3, .interval_ms = 1750,
	};
	const struct timespec *t = fake.slept_until;
	long long ns;

	(void)state;
	fake_reset();
	assert_run(&opts, EXIT_OK,
		   " ITERATION   CPU     APIC-ID  RESULT\n"
		   "         1     0           0  ok\n"
		   "         2     0           0  ok\n"
		   "         3     0           0  ok\n");
	assert_int_equal(fake.asked, 3);
	assert_int_equal(fake.sleeps, 2);
	ns = (t[1].tv_sec - t[0].tv_sec) * 1000000000LL +
	     t[1].tv_nsec - t[0].tv_nsec;
	assert_int_equal(ns, 1750000000LL);
	assert_true(t[0].tv_nsec < 1000000000L && t[1].tv_nsec < 1000000000L);
}

static void first_failure_decides(void **state)
{
	static const struct {
		int results[3];
		int exit_code;
	} runs[] = {
		{ { 0, 0, 0 }, EXIT_OK },
		{ { -EIO, -ENOSYS, 0 }, EXIT_FAILED },
		{ { -ENOSYS, -ENOSYS, -EAGAIN }, EXIT_NO_HOST },
		{ { 0, -EACCES, -EAGAIN }, EXIT_REFUSED },
		{ { 0, -EPERM, 0 }, EXIT_REFUSED },
		{ { 0, 0, -EOPNOTSUPP }, EXIT_REFUSED },
		{ { 0, -EAGAIN, -EACCES }, EXIT_RATE_LIMITED },
		{ { -EINVAL, -EAGAIN, 0 }, EXIT_UNKNOWN_ID },
		{ { -12345, -EAGAIN, 0 }, EXIT_FAILED },
	};
	struct trigger_opts opts = { .repeat = 1 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		FILE *out = fopen("/dev/null", "w");

		fake_reset();
		for (size_t n = 0; n < ARRAY_SIZE(apic_ids); n++)
			fake.results[apic_ids[n]] = runs[i].results[n];
		assert_int_equal(trigger_run(&fake_device, &opts, out),
				 runs[i].exit_code);
		fclose(out);
	}
}

/* Who is refused learns which command decides that. */
static void policy_is_a_command(void **state)
{
	(void)state;
	assert_non_null(strstr(result_kind(-EACCES)->hint, "'vcpu-info policy'"));
}

static void failed_ioctl_ends_the_run(void **state)
{
	struct trigger_opts opts = { .target = TRIGGER_CPUS, .repeat = 5 };

	(void)state;
	fake_reset();
	fake.error = -EINTR;
	fake.asked_fail_from = 2;
	assert_run_ids(&opts, "0-2", EXIT_FAILED,
		       " ITERATION   CPU     APIC-ID  RESULT\n"
		       "         1     0           0  ok\n");
	assert_int_equal(fake.asked, 2);
	assert_int_equal(fake.sleeps, 0);
}

static void more_cpus_than_room_is_no_success(void **state)
{
	struct trigger_opts opts = { .repeat = 1, .json = true };
	FILE *out = fopen("/dev/null", "w");

	(void)state;
	fake_reset();
	fake.all_nr = MAX_CPUS + 1;
	assert_int_equal(trigger_run(&fake_device, &opts, out), EXIT_FAILED);
	fclose(out);
}

static void assert_mark(const struct mark_opts *opts, int exit_code,
			const char *want)
{
	size_t size;
	char *got;
	FILE *out = open_memstream(&got, &size);

	assert_non_null(out);
	assert_int_equal(mark_run(&fake_device, opts, out), exit_code);
	fclose(out);
	assert_string_equal(got, want);
	free(got);
}

static void mark(void **state)
{
	struct mark_opts opts = { .cookie = 0xfedcba9876543210 };

	(void)state;
	fake_reset();
	fake.self = 2;
	assert_mark(&opts, EXIT_OK,
		    "  CPU     APIC-ID  COOKIE              RESULT\n"
		    "    2           4  0xfedcba9876543210  ok\n");
	assert_true(fake.cookie == 0xfedcba9876543210);
	assert_int_equal(fake.asked, 1);
	opts = (struct mark_opts){ .cookie = 0, .json = true };
	assert_mark(&opts, EXIT_OK,
		    "{\"schema\":1,\"type\":\"mark\",\"cpu\":2,\"vcpu_id\":4,\"cookie\":\"0x0\",\"result\":0,\"result_name\":\"ok\"}\n");
	assert_true(fake.cookie == 0);
}

static void mark_that_is_limited(void **state)
{
	struct mark_opts opts = { .cookie = 42 };

	(void)state;
	fake_reset();
	fake.limited = 2;
	assert_mark(&opts, EXIT_OK,
		    "  CPU     APIC-ID  COOKIE              RESULT\n"
		    "    0           0  0x2a                ok\n");
	assert_int_equal(fake.asked, 3);
	assert_waits(2);
	fake_reset();
	fake.limited = 1000;
	assert_mark(&opts, EXIT_RATE_LIMITED,
		    "  CPU     APIC-ID  COOKIE              RESULT\n"
		    "    0           0  0x2a                rate-limit (-11)\n");
	assert_int_equal(fake.asked, 1 + 7);
	assert_waits(7);
}

/* A host without vcpu_info, and one whose vcpu_info has no marks */
static void mark_that_nobody_knows(void **state)
{
	static const struct {
		int probe;
		const char *name;
	} runs[] = {
		{ -ENOSYS, "no-host" }, { 0, "old-host" }, { -EACCES, "old-host" },
	};
	struct mark_opts opts = { .cookie = 1, .json = true };
	char want[200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		fake_reset();
		fake.marks_error = -ENOSYS;
		fake.probe = runs[i].probe;
		snprintf(want, sizeof(want),
			 "{\"schema\":1,\"type\":\"mark\",\"cpu\":0,\"vcpu_id\":0,\"cookie\":\"0x1\",\"result\":-38,\"result_name\":\"%s\"}\n",
			 runs[i].name);
		assert_mark(&opts, EXIT_NO_HOST, want);
		assert_int_equal(fake.sleeps, 0);
	}
	/* and a module that does not either */
	fake_reset();
	fake.marks_error = -ENOTTY;
	assert_mark(&opts, EXIT_FAILED, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_cpus),
		cmocka_unit_test(all_cpus_json),
		cmocka_unit_test(cpus_by_number),
		cmocka_unit_test(cpu_that_is_not_there_json),
		cmocka_unit_test(vcpus_by_id),
		cmocka_unit_test(vcpus_by_id_json),
		cmocka_unit_test(self),
		cmocka_unit_test(limited_are_asked_again),
		cmocka_unit_test(limited_for_ever),
		cmocka_unit_test(repeated_are_not_asked_again),
		cmocka_unit_test(repeats_without_drift),
		cmocka_unit_test(first_failure_decides),
		cmocka_unit_test(policy_is_a_command),
		cmocka_unit_test(failed_ioctl_ends_the_run),
		cmocka_unit_test(more_cpus_than_room_is_no_success),
		cmocka_unit_test(mark),
		cmocka_unit_test(mark_that_is_limited),
		cmocka_unit_test(mark_that_nobody_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
