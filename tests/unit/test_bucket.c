// SPDX-License-Identifier: GPL-2.0
/*
 * The host module's limits on requests, for large VMs and many: the same
 * arithmetic, with what it takes from the kernel.
 */
#include "unit.h"

#define u32			uint32_t
#define u64			uint64_t
#define NSEC_PER_SEC		1000000000ULL
#define NSEC_PER_MSEC		1000000ULL
#define div_u64(a, b)		((a) / (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define max3(a, b, c)		max(max(a, b), c)
#define clamp(x, low, high)	((x) < (low) ? (low) : (x) > (high) ? (high) : (x))

#include "../../module/host/bucket.h"

/* The module's defaults; the kernel's HZ in Debian */
#define VM_RATE			100
#define VM_BURST		200
#define HOST_RATE		1000
#define HZ			250

#define BIG_VM			512
#define START			(1000 * NSEC_PER_SEC)

struct sim {
	u64 now;
	u64 vm_next;
	u64 host_next;
	unsigned int vcpus;
};

/* As vcpu_info_limits_take(): the VM's own limit first */
static bool take(struct sim *sim)
{
	unsigned int burst = bucket_burst(VM_BURST, VM_RATE, HZ, sim->vcpus);
	u64 next = bucket_take(sim->vm_next, sim->now, VM_RATE, burst);

	if (!next)
		return false;
	sim->vm_next = next;
	next = bucket_take(sim->host_next, sim->now, HOST_RATE, HOST_RATE);
	if (next)
		sim->host_next = next;
	return next;
}

/* VCPU_INFO_IOC_ALL: each vCPU once. Returns how many of them are served. */
static unsigned int ask_all(struct sim *sim)
{
	unsigned int served = 0;

	for (unsigned int i = 0; i < sim->vcpus; i++)
		served += take(sim);
	return served;
}

/* vcpu-info-guest trigger: who is refused waits and asks again, in turn. */
static unsigned int trigger(struct sim *sim)
{
	static const unsigned int waits_ms[] = {
		50, 100, 200, 400, 800, 1600, 1600,
	};
	unsigned int served = ask_all(sim);

	for (size_t i = 0; i < ARRAY_SIZE(waits_ms); i++) {
		if (served == sim->vcpus)
			break;
		sim->now += waits_ms[i] * NSEC_PER_MSEC;
		while (served < sim->vcpus && take(sim))
			served++;
	}
	return served;
}

static void one_trigger_gets_all_of_512_vcpus(void **state)
{
	struct sim sim = { .now = START, .vcpus = BIG_VM };

	(void)state;
	assert_int_equal(ask_all(&sim), BIG_VM);
	assert_false(take(&sim));
	assert_int_equal(sim.vm_next - sim.now,
			 BIG_VM * (NSEC_PER_SEC / VM_RATE));
}

static void a_second_trigger_waits_for_its_tokens(void **state)
{
	struct sim sim = { .now = START, .vcpus = BIG_VM };
	unsigned int served, at_once;

	(void)state;
	ask_all(&sim);
	served = trigger(&sim);
	print_message("# of a second trigger %u of %d are served, in %llu ms\n",
		      served, BIG_VM,
		      (unsigned long long)((sim.now - START) / NSEC_PER_MSEC));
	assert_int_equal(served, 475);

	sim.now += 5120 * NSEC_PER_MSEC;
	at_once = ask_all(&sim);
	assert_int_equal(at_once, BIG_VM);
}

/*
 * The host has 1000 for all in a second. What it refuses a VM has taken that VM's
 * tokens all the same.
 */
static void two_vms_of_512_vcpus_share_the_hosts_tokens(void **state)
{
	struct sim first = { .now = START, .vcpus = BIG_VM };
	struct sim second = first;
	unsigned int served;

	(void)state;
	assert_int_equal(ask_all(&first), BIG_VM);
	second.host_next = first.host_next;
	assert_int_equal(ask_all(&second), HOST_RATE - BIG_VM);

	second = (struct sim) {
		.now = START, .vcpus = BIG_VM, .host_next = first.host_next,
	};
	served = trigger(&second);
	print_message("# of a second VM's trigger %u of %d are served, in %llu ms\n",
		      served, BIG_VM,
		      (unsigned long long)((second.now - START) / NSEC_PER_MSEC));
	assert_int_equal(served, BIG_VM);
	assert_int_equal(second.now - START, 350 * NSEC_PER_MSEC);
}

static void a_full_bucket_keeps_what_it_has(void **state)
{
	u64 next = 0;

	(void)state;
	for (unsigned int i = 0; i < VM_BURST; i++) {
		next = bucket_take(next, START, VM_RATE, VM_BURST);
		assert_true(next > START);
	}
	assert_int_equal(bucket_take(next, START, VM_RATE, VM_BURST), 0);
	/* long after: a burst, no more */
	for (unsigned int i = 0; i < VM_BURST; i++)
		next = bucket_take(next, 2 * START, VM_RATE, VM_BURST);
	assert_int_equal(bucket_take(next, 2 * START, VM_RATE, VM_BURST), 0);
}

/* Such as a burst that was larger before */
static void a_bucket_is_never_emptier_than_empty(void **state)
{
	u64 next = START + 1000 * NSEC_PER_SEC;

	(void)state;
	assert_int_equal(bucket_take(next, START, VM_RATE, 5), 0);
	assert_int_equal(bucket_take(START + 50 * NSEC_PER_MSEC,
				     START + 10 * NSEC_PER_MSEC, VM_RATE, 5),
			 START + 60 * NSEC_PER_MSEC);
}

/* A guest that cries panic without end, for an hour */
static void a_reserve_is_once_in_a_minute(void **state)
{
	const u64 minute = 60 * NSEC_PER_SEC;
	struct reserve reserve = { 0 };
	u64 now = START, end = START + 60 * minute;
	unsigned int served = 0;

	(void)state;
	for (; now < end; now += NSEC_PER_SEC / HZ)
		served += reserve_take(&reserve, now, minute, 8);
	assert_int_equal(served, 60 * 8);
}

/* All vCPUs at any time, if the last panic was long ago */
static void a_reserve_comes_back_whole(void **state)
{
	const u64 minute = 60 * NSEC_PER_SEC;
	struct reserve reserve = { 0 };

	(void)state;
	for (u64 now = START; now < 2 * START; now += minute) {
		for (unsigned int i = 0; i < BIG_VM; i++)
			assert_true(reserve_take(&reserve, now + i, minute,
						 BIG_VM));
		assert_false(reserve_take(&reserve, now + minute - 1, minute,
					  BIG_VM));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_trigger_gets_all_of_512_vcpus),
		cmocka_unit_test(a_second_trigger_waits_for_its_tokens),
		cmocka_unit_test(two_vms_of_512_vcpus_share_the_hosts_tokens),
		cmocka_unit_test(a_full_bucket_keeps_what_it_has),
		cmocka_unit_test(a_bucket_is_never_emptier_than_empty),
		cmocka_unit_test(a_reserve_is_once_in_a_minute),
		cmocka_unit_test(a_reserve_comes_back_whole),
	};

	return cmocka_run_group_tests_name("bucket", tests, NULL, NULL);
}
