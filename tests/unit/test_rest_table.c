// SPDX-License-Identifier: GPL-2.0
/*
 * The host module's table of vCPUs at rest, on a host with many: the same code,
 * with what it takes from the kernel.
 */
#include "unit.h"

#define u32			uint32_t
#define u64			uint64_t
#define raw_spinlock_t		u32
#define CACHE_LINE		64
#define ____cacheline_aligned	__attribute__((aligned(CACHE_LINE)))

/* include/linux/hash.h */
static u32 hash_ptr(const void *ptr, unsigned int bits)
{
	return (u64)(uintptr_t)ptr * 0x61c8864680b583ebULL >> (64 - bits);
}

#include "../../module/host/rest_table.h"

#define NR_VMS		500
#define VM_VCPUS	8
#define NR_VCPUS	(NR_VMS * VM_VCPUS)
#define GENERATIONS	40
#define SEEDS		20

/* kvm_intel's cache of vCPUs: 3 objects in a slab of 32 KiB, 512 GiB of memory */
#define DIRECT_MAP	0xffff888000000000ULL
#define SLAB_SIZE	0x8000ULL
#define NR_SLABS	(1ULL << 24)
#define SLAB_OBJECTS	3
#define OBJECT_SIZE	0x2a80ULL

struct sim {
	struct rest_set *table;
	u64 random;
	const struct kvm_vcpu *vcpus[NR_VCPUS];
	u64 exits[NR_VCPUS];
};

/* xorshift64: the same numbers on every machine */
static u64 next_random(struct sim *sim)
{
	sim->random ^= sim->random << 13;
	sim->random ^= sim->random >> 7;
	sim->random ^= sim->random << 17;
	return sim->random;
}

static void vm_create(struct sim *sim, int vm)
{
	u64 slab = 0;

	for (int i = 0; i < VM_VCPUS; i++) {
		if (i % SLAB_OBJECTS == 0)
			slab = DIRECT_MAP +
			       next_random(sim) % NR_SLABS * SLAB_SIZE;
		sim->vcpus[vm * VM_VCPUS + i] = (const struct kvm_vcpu *)
			(uintptr_t)(slab + i % SLAB_OBJECTS * OBJECT_SIZE);
		sim->exits[vm * VM_VCPUS + i] = 0;
	}
}

static void vcpu_rest(struct sim *sim, int nr)
{
	const struct kvm_vcpu *vcpu = sim->vcpus[nr];
	struct rest *rest = rest_get(rest_set_of(sim->table, vcpu), vcpu);

	rest->exits = ++sim->exits[nr];
}

static int nr_known(struct sim *sim)
{
	const struct rest *rest;
	int known = 0;

	for (int i = 0; i < NR_VCPUS; i++) {
		rest = rest_find(rest_set_of(sim->table, sim->vcpus[i]),
				 sim->vcpus[i]);
		known += rest && rest->exits == sim->exits[i];
	}

	return known;
}

static void all_rest(struct sim *sim)
{
	for (int i = 0; i < NR_VCPUS; i++)
		vcpu_rest(sim, next_random(sim) % NR_VCPUS);
	for (int i = 0; i < NR_VCPUS; i++)
		vcpu_rest(sim, i);
}

static void sim_begin(struct sim *sim, u64 seed)
{
	size_t size = sizeof(*sim->table) << REST_SET_BITS;

	sim->random = seed;
	sim->table = aligned_alloc(CACHE_LINE, size);
	assert_non_null(sim->table);
	memset(sim->table, 0, size);
	for (int vm = 0; vm < NR_VMS; vm++)
		vm_create(sim, vm);
}

/* A tenth of the VMs goes and others come; the dead leave their places taken. */
static int sim_least_known(u64 seed)
{
	static struct sim sim;
	int known, least = NR_VCPUS;

	sim_begin(&sim, seed);
	for (int i = 0; i < GENERATIONS; i++) {
		all_rest(&sim);
		known = nr_known(&sim);
		if (known < least)
			least = known;
		for (int vm = 0; vm < NR_VMS / 10; vm++)
			vm_create(&sim, next_random(&sim) % NR_VMS);
	}
	free(sim.table);

	return least;
}

static void most_vcpus_of_500_vms_are_known(void **state)
{
	int known, least = NR_VCPUS;

	(void)state;
	for (int seed = 1; seed <= SEEDS; seed++) {
		known = sim_least_known(seed * 0x9e3779b97f4a7c15ULL);
		if (known < least)
			least = known;
	}
	print_message("# at least %d of %d resting vCPUs are known\n", least,
		      NR_VCPUS);
	assert_true(least >= NR_VCPUS * 99 / 100);
}

static void a_full_set_gives_away_its_oldest_place(void **state)
{
	struct rest_set set = { 0 };
	const struct kvm_vcpu *vcpu[REST_PLACES + 2];

	(void)state;
	for (int i = 0; i < REST_PLACES + 2; i++)
		vcpu[i] = (const struct kvm_vcpu *)(uintptr_t)(0x1000 * (i + 1));
	for (int i = 0; i < REST_PLACES; i++)
		rest_get(&set, vcpu[i])->exits = i + 1;
	for (int i = 0; i < REST_PLACES; i++)
		assert_int_equal(rest_get(&set, vcpu[i])->exits, i + 1);
	assert_int_equal(rest_get(&set, vcpu[REST_PLACES])->exits, 0);
	assert_null(rest_find(&set, vcpu[0]));
	assert_non_null(rest_find(&set, vcpu[1]));
	rest_get(&set, vcpu[REST_PLACES + 1]);
	assert_null(rest_find(&set, vcpu[1]));
	assert_non_null(rest_find(&set, vcpu[REST_PLACES]));
	rest_forget(&set);
	for (int i = 0; i < REST_PLACES + 2; i++)
		assert_null(rest_find(&set, vcpu[i]));
}

static void a_set_is_two_cache_lines(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct rest_set), 2 * CACHE_LINE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(most_vcpus_of_500_vms_are_known),
		cmocka_unit_test(a_full_set_gives_away_its_oldest_place),
		cmocka_unit_test(a_set_is_two_cache_lines),
	};

	return cmocka_run_group_tests_name("rest_table", tests, NULL, NULL);
}
