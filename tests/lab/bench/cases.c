// SPDX-License-Identifier: GPL-2.0
/* What is measured */
#include <errno.h>
#include <linux/kvm_para.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

#define HALTED		1
#define NEVER_RUN	2
#define UNKNOWN		4095

#define ROUNDS		40
#define TIMES		20

#define PROFILED	5
#define PROFILED_CALLS	100
#define MARK_BEGIN	0x13370000UL
#define MARK_END	(MARK_BEGIN + 8)

static const struct {
	const char *name;
	int id;
} targets[] = {
	{ "self", 0 },
	{ "halted", HALTED },
	{ "never-run", NEVER_RUN },
	{ "unknown", UNKNOWN },
	{ "probe", VCPU_INFO_PROBE_ID },
};

static int target_id(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(targets); i++)
		if (!strcmp(targets[i].name, name))
			return targets[i].id;
	die("there is no target '%s'", name);
}

static uint32_t number(const char *text)
{
	return strtoul(text, NULL, 0);
}

/* A VM with all targets */
static struct vm *make_vm(struct vcpu **caller)
{
	struct vm *vm = vm_create(MODE_64);

	*caller = guest_caller(vm, 0);
	guest_halted(vm, HALTED);
	vm_add_vcpu(vm, NEVER_RUN, -1);

	return vm;
}

static void print_cost(struct vcpu *caller, uint32_t nr, int id)
{
	double cost = guest_cost(caller, nr, id);

	printf("%ld %.1f\n", guest_result(caller), cost);
}

/* call NR TARGET: "RESULT TICKS" of a hypercall */
void case_call(char **argv)
{
	struct vcpu *caller;
	struct vm *vm = make_vm(&caller);

	print_cost(caller, number(argv[0]), target_id(argv[1]));
	vm_destroy(vm);
}

/* calls N VCPU_ID: make so many requests */
void case_calls(char **argv)
{
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *caller = guest_caller(vm, 0);

	vm_add_vcpu(vm, 1, -1);
	guest_loop(caller, VCPU_INFO_HC_DEFAULT, number(argv[1]),
		   number(argv[0]));
	vm_destroy(vm);
}

static void call_mark(unsigned long addr)
{
	((void (*)(void))addr)();
}

/* profile NR TARGET: the same between marks for a profiler */
void case_profile(char **argv)
{
	struct vcpu *caller;
	struct vm *vm = make_vm(&caller);
	uint8_t *mark = mmap((void *)MARK_BEGIN, 4096,
			     PROT_READ | PROT_WRITE | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			     -1, 0);
	int i;

	if (mark == MAP_FAILED)
		die("no place for the marks: %s", strerror(errno));
	memset(mark, 0xc3, 16);	/* ret */
	guest_loop(caller, number(argv[0]), target_id(argv[1]),
		   PROFILED_CALLS);
	for (i = 0; i < PROFILED; i++) {
		call_mark(MARK_BEGIN);
		guest_loop(caller, number(argv[0]), target_id(argv[1]),
			   PROFILED_CALLS);
		call_mark(MARK_END);
	}
	vm_destroy(vm);
}

/* lookup N STRIDE: "RESULT TICKS" for the last of N vCPUs, ids STRIDE apart */
void case_lookup(char **argv)
{
	int i, nr = number(argv[0]), stride = number(argv[1]);
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *caller = guest_caller(vm, 0);

	for (i = 1; i < nr; i++)
		vm_add_vcpu(vm, i * stride, -1);
	print_cost(caller, VCPU_INFO_HC_DEFAULT, (nr - 1) * stride);
	vm_destroy(vm);
}

/* vms N: "RESULT TICKS" in the last of N VMs that have all asked */
void case_vms(char **argv)
{
	int i, nr = number(argv[0]);
	struct vcpu **callers = calloc(nr, sizeof(*callers));
	struct vm **vms = calloc(nr, sizeof(*vms));

	if (!vms || !callers)
		die("out of memory");
	for (i = 0; i < nr; i++) {
		vms[i] = vm_create(MODE_64);
		callers[i] = guest_caller(vms[i], 0);
		guest_loop(callers[i], VCPU_INFO_HC_DEFAULT, 0, 1);
	}
	print_cost(callers[nr - 1], VCPU_INFO_HC_DEFAULT, 0);
	for (i = 0; i < nr; i++)
		vm_destroy(vms[i]);
	free(callers);
	free(vms);
}

/* The mean of the best round */
void print_best(void (*once)(void *), void *data)
{
	uint64_t start, ticks, min = -1;
	int i, j;

	for (i = 0; i < ROUNDS; i++) {
		start = __rdtsc();
		for (j = 0; j < TIMES; j++)
			once(data);
		ticks = __rdtsc() - start;
		if (ticks < min)
			min = ticks;
	}
	printf("%.1f\n", (double)min / TIMES);
}

static void enter(void *data)
{
	if (vcpu_run(data) != -EINTR)
		die("KVM_RUN did not return at once");
}

/* enter: ticks of a KVM_RUN that loads and puts a vCPU and does not run it */
void case_enter(char **argv)
{
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *vcpu = guest_caller(vm, 0);

	(void)argv;
	vcpu->run->immediate_exit = 1;
	print_best(enter, vcpu);
	vm_destroy(vm);
}

/* A signal that KVM_RUN alone lets through is pending, and stays so. */
static void pend_signal(struct vcpu *vcpu)
{
	struct {
		struct kvm_signal_mask header;
		uint64_t set;
	} none = { .header.len = sizeof(none.set) };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	if (sigprocmask(SIG_BLOCK, &set, NULL) || raise(SIGUSR2) ||
	    ioctl(vcpu->fd, KVM_SET_SIGNAL_MASK, &none))
		die("no signal can be made to wait: %s", strerror(errno));
}

/*
 * halted: the same with a vCPU in HLT, that KVM halts and, as a signal waits for
 * it, does not put to sleep
 */
void case_halted(char **argv)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_HALTED };
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *vcpu = guest_caller(vm, 0);

	(void)argv;
	if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &state))
		die("KVM_SET_MP_STATE: %s", strerror(errno));
	pend_signal(vcpu);
	print_best(enter, vcpu);
	if (ioctl(vcpu->fd, KVM_GET_MP_STATE, &state) ||
	    state.mp_state != KVM_MP_STATE_HALTED)
		die("the vCPU has left HLT");
	vm_destroy(vm);
}

static void wake(void *data)
{
	struct vcpu **vcpus = data;
	struct counts counts;

	guest_loop(vcpus[0], KVM_HC_KICK_CPU, 0, 1);
	do {
		sched_yield();
		vcpu_counts(vcpus[1], &counts);
	} while (!counts.blocking);
}

/* halt: ticks until a vCPU that is woken has been halted again */
void case_halt(char **argv)
{
	struct vcpu *vcpus[2];
	struct vm *vm = make_vm(&vcpus[0]);

	(void)argv;
	vcpus[1] = &vm->vcpus[HALTED];
	vcpus[0]->init.r[REG(RCX)] = HALTED;
	print_best(wake, vcpus);
	vm_destroy(vm);
}

/* ipi: "STOCK REQUEST PLAIN" ticks, the last of an IPI by itself */
void case_ipi(char **argv)
{
	struct vm *vm = vm_create(MODE_64);
	struct vcpu *caller = guest_caller(vm, 0);
	char plain[32];
	double cost;

	guest_counting(vm, 1, host.cpus[1]);
	cost = guest_cost(caller, VCPU_INFO_HC_DEFAULT, 1);
	if (guest_result(caller))
		die("a request was refused: %ld", guest_result(caller));
	if (!read_file(argv[0], plain, sizeof(plain)))
		die("%s: %s", argv[0], strerror(errno));
	printf("%.1f %.1f %s\n", guest_cost(caller, OTHER_NR, 1), cost,
	       plain);
	vm_destroy(vm);
}

/*
 * storm NR VCPUS CPU MS: "COUNTED CALLS", how far an innocent VM has counted on
 * the host's first CPU while the vCPUs of another on CPU, 0 or 1, made
 * hypercalls for each other
 */
void case_storm(char **argv)
{
	int i, nr = number(argv[1]), cpu = host.cpus[!!number(argv[2])];
	struct timespec time = { .tv_nsec = number(argv[3]) * 1000000L };
	struct vm *good = vm_create(MODE_64), *bad = vm_create(MODE_64);
	struct vcpu *innocent = guest_counting(good, 0, host.cpus[0]);
	uint64_t counted, calls = 0;
	struct counts counts;

	for (i = 0; i < nr; i++)
		guest_storming(bad, i, cpu, number(argv[0]), (i + 1) % nr);
	for (i = 0; i < nr; i++) {
		vcpu_counts(&bad->vcpus[i], &counts);
		calls -= counts.hypercalls;
	}
	counted = vcpu_counter(innocent);
	nanosleep(&time, NULL);
	counted = vcpu_counter(innocent) - counted;
	for (i = 0; i < nr; i++) {
		vcpu_counts(&bad->vcpus[i], &counts);
		calls += counts.hypercalls;
	}
	printf("%lu %lu\n", counted, calls);
	vm_destroy(bad);
	vm_destroy(good);
}
