// SPDX-License-Identifier: GPL-2.0
/*
 * Records of several CPUs' buffers, put in the order in which they were made.
 */
#include "unit.h"

#include "trace/reorder.h"

static void add(struct reorder *ro, unsigned int cpu, uint64_t ts)
{
	const struct reorder_rec rec = {
		.ts = ts, .cpu = cpu, .data = &ts, .size = sizeof(ts),
	};

	assert_true(reorder_add(ro, &rec));
}

static void next_is(struct reorder *ro, unsigned int cpu, uint64_t ts)
{
	struct reorder_rec rec;

	assert_true(reorder_next(ro, &rec));
	assert_true(rec.ts == ts);
	assert_int_equal(rec.cpu, cpu);
	assert_int_equal(rec.size, sizeof(ts));
	assert_memory_equal(rec.data, &ts, sizeof(ts));
}

static void no_more(struct reorder *ro)
{
	struct reorder_rec rec;

	assert_false(reorder_next(ro, &rec));
}

static void holds_until_all_were_looked_at(void **state)
{
	struct reorder *ro = reorder_new(2);

	(void)state;
	assert_non_null(ro);
	no_more(ro);
	add(ro, 1, 30);
	no_more(ro);
	reorder_round(ro);
	no_more(ro);
	/* it came to CPU 0 after that was read, before 30 came to CPU 1 */
	add(ro, 0, 20);
	add(ro, 0, 40);
	reorder_round(ro);
	next_is(ro, 0, 20);
	next_is(ro, 1, 30);
	no_more(ro);
	reorder_round(ro);
	next_is(ro, 0, 40);
	no_more(ro);
	reorder_free(ro);
}

static void one_was_cut_short(void **state)
{
	struct reorder *ro = reorder_new(3);

	(void)state;
	assert_non_null(ro);
	add(ro, 0, 10);
	add(ro, 1, 50);
	reorder_cut(ro, 0);
	reorder_round(ro);
	no_more(ro);
	add(ro, 0, 20);
	reorder_cut(ro, 0);
	reorder_round(ro);
	next_is(ro, 0, 10);
	next_is(ro, 0, 20);
	no_more(ro);
	add(ro, 0, 45);
	reorder_round(ro);
	next_is(ro, 0, 45);
	next_is(ro, 1, 50);
	no_more(ro);
	reorder_free(ro);
}

static void nothing_is_held_at_the_end(void **state)
{
	struct reorder *ro = reorder_new(2);

	(void)state;
	assert_non_null(ro);
	add(ro, 1, 7);
	add(ro, 1, 9);
	reorder_round(ro);
	add(ro, 0, 8);
	reorder_all(ro);
	next_is(ro, 1, 7);
	next_is(ro, 0, 8);
	next_is(ro, 1, 9);
	no_more(ro);
	/* and those that come all the same are held again */
	add(ro, 0, 12);
	reorder_round(ro);
	no_more(ro);
	reorder_round(ro);
	next_is(ro, 0, 12);
	reorder_free(ro);
}

static void of_any_size(void **state)
{
	struct reorder_rec rec = { .cpu = 0 };
	static unsigned char big[100000];
	struct reorder *ro = reorder_new(1);

	(void)state;
	assert_non_null(ro);
	for (size_t i = 0; i < sizeof(big); i++)
		big[i] = i * 7;
	rec.data = big;
	for (rec.ts = 1; rec.ts < sizeof(big); rec.ts *= 10) {
		rec.size = sizeof(big) - rec.ts;
		assert_true(reorder_add(ro, &rec));
	}
	reorder_all(ro);
	for (uint64_t ts = 1; ts < sizeof(big); ts *= 10) {
		assert_true(reorder_next(ro, &rec));
		assert_true(rec.ts == ts);
		assert_int_equal(rec.size, sizeof(big) - ts);
		assert_memory_equal(rec.data, big, rec.size);
	}
	no_more(ro);
	reorder_free(ro);
}

#define CPUS	4
#define RECORDS	200000
#define PART	50

/* A writer that moves from CPU to CPU while a reader looks at them in turn. */
struct sim {
	struct reorder *ro;
	unsigned int rand;
	unsigned int cpu;		/* of the writer */
	uint64_t written;		/* its last record */
	uint64_t read[CPUS];		/* how many of each CPU's were */
	uint64_t nr[CPUS];
	uint64_t ts[CPUS][RECORDS];
	uint64_t last;			/* handed over */
	uint64_t was_read, late;	/* the last read; those read late */
};

static unsigned int sim_random(struct sim *sim, unsigned int below)
{
	sim->rand = sim->rand * 1664525 + 1013904223;
	return (sim->rand >> 8) % below;
}

static void sim_write(struct sim *sim, unsigned int nr)
{
	while (nr-- && sim->written < RECORDS) {
		if (!sim_random(sim, 8))
			sim->cpu = sim_random(sim, CPUS);
		sim->ts[sim->cpu][sim->nr[sim->cpu]++] = ++sim->written;
	}
}

static void sim_read(struct sim *sim, unsigned int cpu)
{
	uint64_t *read = &sim->read[cpu];

	for (int i = 0; i < PART && *read < sim->nr[cpu]; i++) {
		uint64_t ts = sim->ts[cpu][(*read)++];

		sim->late += ts < sim->was_read;
		sim->was_read = ts;
		add(sim->ro, cpu, ts);
	}
	if (*read < sim->nr[cpu])
		reorder_cut(sim->ro, cpu);
}

static void sim_take(struct sim *sim)
{
	struct reorder_rec rec;

	while (reorder_next(sim->ro, &rec)) {
		assert_true(rec.ts == sim->last + 1);
		sim->last = rec.ts;
	}
}

static void writer_that_moves(void **state)
{
	struct sim *sim = calloc(1, sizeof(*sim));
	uint64_t before_the_end;

	(void)state;
	assert_non_null(sim);
	sim->ro = reorder_new(CPUS);
	assert_non_null(sim->ro);
	while (sim->written < RECORDS) {
		for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
			sim_write(sim, sim_random(sim, 70));
			sim_read(sim, cpu);
		}
		reorder_round(sim->ro);
		sim_take(sim);
	}
	/* what this is for did happen, and what was held was few */
	assert_true(sim->late > RECORDS / 100);
	before_the_end = sim->last;
	assert_true(before_the_end > RECORDS * 9 / 10);
	for (unsigned int cpu = 0; cpu < CPUS; cpu++) {
		while (sim->read[cpu] < sim->nr[cpu])
			sim_read(sim, cpu);
	}
	reorder_all(sim->ro);
	sim_take(sim);
	assert_true(sim->last == RECORDS);
	reorder_free(sim->ro);
	free(sim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_until_all_were_looked_at),
		cmocka_unit_test(one_was_cut_short),
		cmocka_unit_test(nothing_is_held_at_the_end),
		cmocka_unit_test(of_any_size),
		cmocka_unit_test(writer_that_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
