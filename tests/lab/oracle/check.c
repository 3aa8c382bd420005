// SPDX-License-Identifier: GPL-2.0
/* Is a record true? And does it say as much as it must? */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "oracle.h"

#define ALL_FLAGS	(VCPU_INFO_F_NESTED | VCPU_INFO_F_EMULATION | \
			 VCPU_INFO_F_TORN)
#define MAX_ATTEMPTS	16	/* as vcpu_info(4) documents it */
#define MAX_NOTES	24	/* about what is wrong, for one test */

#define MAIN_REGS	(ALL_GPRS | REG_BIT(RIP) | REG_BIT(RFLAGS))
#define LATE_REGS	(REG_BIT(CR0) | REG_BIT(CR3))

/*
 * What a record must claim to be valid, in percent of the records of a state.
 *
 * SVM keeps all but CR0 and CR3 in memory at each exit (see must_regs()). VMX leaves RSP, RIP,
 * RFLAGS and the control registers in the VMCS, where the module reads them in
 * time. A vCPU that was preempted may have been stopped in the middle of an
 * emulation. A test with state 0 takes the states as they come: floors[].
 */
static const struct must {
	unsigned int state;
	unsigned int amd;
	unsigned int intel;
	unsigned int percent;
} musts[] = {
	{ VCPU_INFO_STATE_SELF, ALL_REGS, ALL_REGS, 100 },
	{ VCPU_INFO_STATE_GUEST, ALL_REGS & ~LATE_REGS, ALL_REGS, 100 },
	{ VCPU_INFO_STATE_HALTED, ALL_REGS, ALL_REGS, 100 },
	{ VCPU_INFO_STATE_PREEMPTED, ALL_REGS & ~LATE_REGS, ALL_REGS, 90 },
	{ VCPU_INFO_STATE_USER, ALL_REGS, ALL_REGS, 100 },
	{ VCPU_INFO_STATE_IN_EXIT, 0, 0, 100 },
	{ VCPU_INFO_STATE_NEVER_RUN, ALL_REGS, ALL_REGS, 100 },
	{ 0, MAIN_REGS, MAIN_REGS, 0 },
};

/*
 * The same for tests that take the states as they come: percent of all records.
 * Each is about half of the least that was seen, so a busy machine does not go
 * below it, and a way to take registers that no longer works does. The least
 * seen, in percent, in hosts whose CPUs run in turn, in 6.1 on AMD with CPUs
 * that run at the same time ("multi"), and on Intel. None of "kicked" and "reset":
 * lab/host/42 has their vCPUs preempted just where registers are not known.
 *
 *		AMD 6.1	multi	AMD 6.12	Intel 6.1
 * set-regs	91	94	100		100
 * exits	99	46	96		100
 * waking	99	88	100		100
 * nested-exits	99	26	99		77
 * pair		52	51	67		56
 * storm	39	31	42		40
 * isolation	98	95	100		95
 */
static const struct floor {
	const char *test;
	unsigned int percent;
} floors[] = {
	{ "set-regs", 50 },
	{ "kicked", 0 },
	{ "moving", 20 },
	{ "resumed", 50 },
	{ "reset", 0 },
	{ "exits", 20 },
	{ "waking", 50 },
	{ "nested-exits", 10 },
	{ "pair", 25 },
	{ "storm", 15 },
	{ "isolation", 50 },
};

/*
 * The same for all of them on a kernel that preempts itself anywhere (PREEMPT):
 * it stops a vCPU in the middle of what KVM does for it far more often. With
 * KASAN, 4 of 60 records in set-regs had them.
 */
#define PREEMPTIBLE_PERCENT	1

static const struct must *find_must(unsigned int state)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(musts); i++)
		if (musts[i].state == state)
			return &musts[i];
	die("no rule for state %s", state_name(state));
}

/* Linux 7.2 copies CR0 and CR3 straight after an exit on SVM, too. */
static bool copies_late_regs(void)
{
	unsigned int major, minor;
	struct utsname uts;

	if (uname(&uts) || sscanf(uts.release, "%u.%u", &major, &minor) != 2)
		die("the kernel's version is not known");

	return major > 7 || (major == 7 && minor >= 2);
}

/* Registers that a record must claim if its test wants the state */
unsigned int must_regs(unsigned int state)
{
	const struct must *must = find_must(state);

	if (!host.amd)
		return must->intel;
	if (must->amd == (ALL_REGS & ~LATE_REGS) && copies_late_regs())
		return ALL_REGS;

	return must->amd;
}

static bool host_preemptible(void)
{
	struct utsname uts;

	if (uname(&uts))
		die("uname: %s", strerror(errno));

	return strstr(uts.version, " PREEMPT ");
}

/* The share of a test's records that must claim these registers */
unsigned int must_percent(const struct test *test)
{
	unsigned int i;

	if (test->state)
		return find_must(test->state)->percent;
	for (i = 0; i < ARRAY_SIZE(floors); i++)
		if (!strcmp(floors[i].test, test->name))
			return host_preemptible() ? PREEMPTIBLE_PERCENT :
						    floors[i].percent;
	die("no rule for test %s", test->name);
}

/* So many snapshots show whether a share is above its floor. */
#define ENOUGH			200

/**
 * want_more() - one snapshot more than was wanted, up to ENOUGH
 * @tally: it has all that it wanted, and they do not show yet what has to be seen
 */
void want_more(struct tally *tally)
{
	if (tally->snapshots == tally->wanted && tally->wanted < ENOUGH)
		tally->wanted++;
}

/**
 * is_enough() - whether a test has the records that it wants
 * @test: it
 * @tally: counts; wants more while too few are valid, because a share does not
 *	show in a few snapshots
 *
 * It has also seen enough if as many as it wanted were wrong.
 */
bool is_enough(const struct test *test, struct tally *tally)
{
	if (tally->valid * 100 < tally->snapshots * must_percent(test))
		want_more(tally);

	return tally->snapshots >= tally->wanted ||
	       tally->wrong >= tally->wanted;
}

/* Ends the test; the first reason is kept. */
void failed(struct tally *tally, const char *fmt, ...)
{
	va_list ap;

	if (tally->failure[0])
		return;
	va_start(ap, fmt);
	vsnprintf(tally->failure, sizeof(tally->failure), fmt, ap);
	va_end(ap);
}

/* What is checked, and how much of it was wrong */
struct check {
	const struct expect *expect;
	const struct record *rec;
	struct tally *tally;
	bool wanted;
	int step;		/* of the program, that the record is next to */
	int wrong;
};

static void mismatch(struct check *check, const char *what, uint64_t got,
		     uint64_t want)
{
	const struct record *rec = check->rec;

	check->wrong++;
	if (check->tally->notes++ >= MAX_NOTES)
		return;
	note("wrong: vcpu_id=%d state=%s flags=%#x attempts=%u valid=%#x rip=%#llx: %s is %#llx (%lld), wanted %#llx (%lld)",
	     rec->vcpu_id, state_name(rec->state), rec->flags, rec->attempts,
	     rec->valid, (unsigned long long)rec->regs.r[REG(RIP)], what,
	     (unsigned long long)got, (long long)got,
	     (unsigned long long)want, (long long)want);
}

static void check_is(struct check *check, const char *what, int got, int want)
{
	if (got != want)
		mismatch(check, what, got, want);
}

static void check_ids(struct check *check)
{
	const struct record *rec = check->rec;
	const struct vcpu *target = check->expect->target;
	struct thread_id tid = target->tid;

	/* A thread that has yet to call KVM_RUN for the first time */
	if (rec->state == VCPU_INFO_STATE_NEVER_RUN)
		memset(&tid, 0, sizeof(tid));

	check_is(check, "vm_pid", rec->vm_pid, target->vm->pid);
	check_is(check, "vm_fd", rec->vm_fd, target->vm->fd);
	check_is(check, "caller_id", rec->caller_id,
		 check->expect->caller ? check->expect->caller->id : -1);
	check_is(check, "vcpu_id", rec->vcpu_id, target->id);
	check_is(check, "reason", rec->why, check->expect->why);
	check_is(check, "cookie", rec->cookie, check->expect->cookie);
	check_is(check, "pid", rec->pid, tid.pid);
	check_is(check, "ns_pid", rec->ns_pid, tid.ns_pid);
	check_is(check, "ns_level", rec->ns_level, tid.ns_level);
	check_is(check, "whether it asked for itself",
		 rec->state == VCPU_INFO_STATE_SELF,
		 check->expect->caller == target);
	/*
	 * Until it calls KVM_RUN, it was last on the CPU that set it up; one that is in
	 * there may have lost its CPU before KVM has noted which it is.
	 */
	if (rec->state == VCPU_INFO_STATE_NEVER_RUN ||
	    (rec->state == VCPU_INFO_STATE_USER && !check->expect->want) ||
	    (rec->flags & VCPU_INFO_F_TORN && rec->cpu == host.cpus[0]))
		return;
	if (check->wanted && target->cpu >= 0)
		check_is(check, "cpu", rec->cpu, target->cpu);
}

static void check_state(struct check *check)
{
	const struct record *rec = check->rec;
	unsigned int flags = rec->flags;

	/* Where not all records need be valid, some may be torn. */
	if (find_must(check->expect->want)->percent < 100)
		flags &= ~VCPU_INFO_F_TORN;
	if (check->wanted && check->expect->want)
		check_is(check, "flags", flags, check->expect->flags);
	if (rec->flags & ~ALL_FLAGS)
		mismatch(check, "flags", rec->flags, ALL_FLAGS);
	if (!rec->state)
		mismatch(check, "the state, which is unknown", 0, NR_STATES);
	if (rec->state == VCPU_INFO_STATE_IN_EXIT)
		check_is(check, "flags of in-exit", rec->flags & VCPU_INFO_F_TORN,
			 VCPU_INFO_F_TORN);
	else if (rec->state != VCPU_INFO_STATE_PREEMPTED)
		check_is(check, "flags of an exact state",
			 rec->flags & VCPU_INFO_F_TORN, 0);
	if (rec->attempts < 1 || rec->attempts > MAX_ATTEMPTS)
		mismatch(check, "attempts", rec->attempts, MAX_ATTEMPTS);
	if (rec->valid & ~ALL_REGS)
		mismatch(check, "valid", rec->valid, ALL_REGS);
	if ((rec->flags & VCPU_INFO_F_TORN) && rec->valid)
		mismatch(check, "valid of a torn record", rec->valid, 0);
	if (rec->valid & REG_BIT(RIP))
		check_is(check, "whether it says nested",
			 !!(rec->flags & VCPU_INFO_F_NESTED),
			 prog_nested(&check->expect->target->prog,
				     check->step));
}

static void check_counts(struct check *check)
{
	const uint64_t *got = (const uint64_t *)&check->rec->counts;
	const uint64_t *min = (const uint64_t *)&check->expect->before;
	const uint64_t *max = (const uint64_t *)&check->expect->after;
	unsigned int i;

	for (i = 0; i < NR_COUNTS_SHOWN; i++)
		if (got[i] < min[i] || got[i] > max[i])
			mismatch(check, count_names[i], got[i],
				 got[i] < min[i] ? min[i] : max[i]);
}

/*
 * Not from long ago: the count is one that the target had while it was asked
 * for. It stores the count after it counts.
 */
static void check_fresh(struct check *check)
{
	const struct expect *expect = check->expect;
	const struct vcpu *target = expect->target;
	uint64_t start = target->init.r[REG_COUNTER];
	uint64_t min = expect->counter_min - start;
	uint64_t max = expect->counter_max + 1 - start;
	uint64_t got = check->rec->regs.r[REG_COUNTER] - start;

	if (!prog_counts(&target->prog) ||
	    !(check->rec->valid & BIT(REG_COUNTER)))
		return;
	/* A narrow counter may have gone past its end. */
	if (target->vm->mode != MODE_64) {
		min = (uint32_t)min;
		max = (uint32_t)max;
		got = (uint32_t)got;
	}
	if (got < min)
		mismatch(check, "count since the start, too old", got, min);
	else if (got > max)
		mismatch(check, "count since the start, too new", got, max);
}

/*
 * Intel: an exit for an EPT violation saves RFLAGS with RF set, as faults do (SDM,
 * "Saving RIP, RSP, RFLAGS, and SSP"). No program here sets RF itself, and only
 * these states can follow such an exit.
 */
#define RFLAGS_RF	0x10000

static uint64_t recorded(const struct record *rec, int reg)
{
	uint64_t value = rec->regs.r[reg];

	if (reg == REG(RFLAGS) && !host.amd &&
	    (rec->state == VCPU_INFO_STATE_GUEST ||
	     rec->state == VCPU_INFO_STATE_PREEMPTED ||
	     rec->state == VCPU_INFO_STATE_USER))
		value &= ~(uint64_t)RFLAGS_RF;

	return value;
}

/* How many of the registers that the record claims are not these */
static int differences(const struct record *rec, const struct regs *regs)
{
	int reg, nr = 0;

	for (reg = 0; reg < NR_REGS; reg++)
		if ((rec->valid & BIT(reg)) && recorded(rec, reg) != regs->r[reg])
			nr++;

	return nr;
}

/*
 * The state of the program that comes next to the record. If RIP is valid it
 * can be at one step only.
 */
static void find_nearest(struct check *check, struct regs *nearest)
{
	const struct record *rec = check->rec;
	const struct vcpu *target = check->expect->target;
	const struct prog *prog = &target->prog;
	int only = check->wanted ? check->expect->step : -1;
	int least = NR_REGS + 1;
	struct regs regs;
	int step, again, nr;

	*nearest = target->init;
	for (step = 0; step < prog->nr; step++) {
		if (only >= 0 && step != only)
			continue;
		if ((rec->valid & REG_BIT(RIP)) &&
		    rec->regs.r[REG(RIP)] != prog_rip(prog, step))
			continue;
		for (again = 0; again < 2; again++) {
			if (!prog_state(prog, &target->init,
					rec->regs.r[REG_COUNTER], step, again,
					&regs))
				continue;
			nr = differences(rec, &regs);
			if (nr >= least)
				continue;
			least = nr;
			*nearest = regs;
			check->step = step;
		}
	}
}

static void check_regs(struct check *check)
{
	const struct record *rec = check->rec;
	struct regs want;
	int reg;

	find_nearest(check, &want);
	for (reg = 0; reg < NR_REGS; reg++) {
		if (rec->valid & BIT(reg)) {
			if (recorded(rec, reg) != want.r[reg])
				mismatch(check, reg_names[reg], rec->regs.r[reg],
					 want.r[reg]);
		} else if (!(rec->flags & VCPU_INFO_F_TORN)) {
			if (rec->regs.r[reg])
				mismatch(check, "a register that is not valid",
					 rec->regs.r[reg], 0);
		}
	}
}

/**
 * check_record() - compare a record with what is known, and count it
 * @tally: counts
 * @expect: what is known
 * @rec: the record; of the target and the VM that were asked for
 *
 * Return: whether all of it is right.
 */
bool check_record(struct tally *tally, const struct expect *expect,
		  const struct record *rec)
{
	struct check check = {
		.expect = expect,
		.rec = rec,
		.tally = tally,
		.wanted = !expect->want || rec->state == expect->want,
	};
	unsigned int must = must_regs(expect->want);

	check_ids(&check);
	check_counts(&check);
	check_fresh(&check);
	check_regs(&check);
	check_state(&check);

	if (check.wanted) {
		tally->snapshots++;
		if ((rec->valid & must) == must)
			tally->valid++;
	}
	tally->states[rec->state]++;
	if (rec->valid && (rec->flags & VCPU_INFO_F_NESTED))
		tally->nested++;
	if (rec->state == VCPU_INFO_STATE_PREEMPTED &&
	    (rec->valid & MAIN_REGS) == (MAIN_REGS & ~REG_BIT(RFLAGS)))
		tally->unread++;
	if (rec->attempts > tally->attempts_max)
		tally->attempts_max = rec->attempts;
	if (check.wrong)
		tally->wrong++;

	return !check.wrong;
}
