// SPDX-License-Identifier: GPL-2.0
/* vCPUs: registers, statistics, and a thread that runs one when told to */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "oracle.h"

#define RFLAGS_IF	0x0200
#define RFLAGS_MATH	0x08d4		/* what INC sets */

#define WAIT_SECONDS	30

const char * const count_names[NR_COUNTS] = {
	"exits", "io_exits", "mmio_exits", "halt_exits", "irq_exits",
	"irq_window_exits", "signal_exits", "hypercalls", "blocking",
};

void vcpu_ioctl(struct vcpu *vcpu, unsigned long nr, const char *name,
		void *arg)
{
	if (ioctl(vcpu->fd, nr, arg))
		die("%s: %s", name, strerror(errno));
}

static void find_stat(struct vcpu *vcpu, const struct kvm_stats_header *header,
		      int i)
{
	size_t size = sizeof(struct kvm_stats_desc) + header->name_size;
	char buf[sizeof(struct kvm_stats_desc) + 256] = "";
	struct kvm_stats_desc *desc = (void *)buf;
	unsigned int j;

	for (j = 0; j < header->num_desc; j++) {
		if (pread(vcpu->stats_fd, buf, size,
			  header->desc_offset + j * size) != (ssize_t)size)
			die("cannot read KVM's statistics");
		if (strcmp(desc->name, count_names[i]))
			continue;
		vcpu->stats_off[i] = header->data_offset + desc->offset;
		return;
	}
	die("KVM has no statistic %s", count_names[i]);
}

static void open_stats(struct vcpu *vcpu)
{
	struct kvm_stats_header header;
	unsigned int i;

	vcpu->stats_fd = ioctl(vcpu->fd, KVM_GET_STATS_FD, NULL);
	if (vcpu->stats_fd < 0)
		die("KVM_GET_STATS_FD: %s", strerror(errno));
	if (pread(vcpu->stats_fd, &header, sizeof(header), 0) !=
	    sizeof(header) || header.name_size > 256)
		die("cannot read the header of KVM's statistics");
	for (i = 0; i < NR_COUNTS; i++)
		find_stat(vcpu, &header, i);
}

/* Until its APIC is set, KVM does not find the vCPU by its APIC id. */
static void set_apic(struct vcpu *vcpu)
{
	struct kvm_lapic_state apic;

	VCPU_IOCTL(vcpu, KVM_GET_LAPIC, &apic);
	VCPU_IOCTL(vcpu, KVM_SET_LAPIC, &apic);
}

static void *vcpu_thread(void *data);

static void start_thread(struct vcpu *vcpu)
{
	int err;

	vcpu->state = VCPU_RUNNING;
	err = pthread_create(&vcpu->thread, NULL, vcpu_thread, vcpu);
	if (err)
		die("pthread_create: %s", strerror(err));
	vcpu->has_thread = true;
	if (!vcpu_wait(vcpu))
		die("a thread does not start");
}

/**
 * vm_add_vcpu() - a vCPU with a thread of its own
 * @vm: its VM
 * @id: KVM's vcpu_id
 * @cpu: host CPU for the thread; -1: no thread, the caller's own runs the vCPU
 */
struct vcpu *vm_add_vcpu(struct vm *vm, int id, int cpu)
{
	struct vcpu *vcpu = &vm->vcpus[vm->nr];
	int size = ioctl(host.kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (vm->nr == VM_MAX_VCPUS)
		die("a VM has too many vCPUs");
	vcpu->vm = vm;
	vcpu->index = vm->nr++;
	vcpu->id = id;
	vcpu->cpu = cpu;
	vcpu->work = vcpu_run;
	vcpu->fd = ioctl(vm->fd, KVM_CREATE_VCPU, id);
	if (vcpu->fd < 0)
		die("KVM_CREATE_VCPU: %s", strerror(errno));
	vcpu->run = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			 vcpu->fd, 0);
	if (size < (int)sizeof(*vcpu->run) || vcpu->run == MAP_FAILED)
		die("cannot map a vCPU: %s", strerror(errno));
	VCPU_IOCTL(vcpu, KVM_SET_CPUID2, vm->cpuid);
	set_apic(vcpu);
	open_stats(vcpu);

	pthread_mutex_init(&vcpu->lock, NULL);
	pthread_cond_init(&vcpu->changed, NULL);
	if (cpu < 0) {
		thread_ids(&vcpu->tid);
		vcpu->cpu = host.cpus[0];
	} else {
		start_thread(vcpu);
	}

	return vcpu;
}

void vcpu_destroy(struct vcpu *vcpu)
{
	if (vcpu->has_thread) {
		if (!vcpu_stop(vcpu))
			die("vCPU %d cannot be stopped", vcpu->id);
		pthread_mutex_lock(&vcpu->lock);
		vcpu->state = VCPU_QUIT;
		pthread_cond_broadcast(&vcpu->changed);
		pthread_mutex_unlock(&vcpu->lock);
		pthread_join(vcpu->thread, NULL);
	}
	munmap(vcpu->run, ioctl(host.kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0));
	close(vcpu->stats_fd);
	close(vcpu->fd);
}

/*
 * Distinct values: bits 4 to 7 say which register, bits 0 to 3 which vCPU. Out
 * of 64-bit mode the upper halves of the first eight are undefined.
 */
static void random_gprs(struct vcpu *vcpu)
{
	int reg;

	for (reg = 0; reg < NR_GPRS; reg++) {
		vcpu->init.r[reg] = (random64() & ~0xffULL) | reg << 4 |
				    (vcpu->index & 0xf);
		if (vcpu->vm->mode != MODE_64 && reg < 8)
			vcpu->init.r[reg] = (uint32_t)vcpu->init.r[reg];
	}
}

/*
 * A program that counts begins as if it had done so before: all registers that
 * it writes are equal, and the flags are those of its counter.
 */
static void lockstep_regs(struct vcpu *vcpu)
{
	struct regs regs = vcpu->init;

	regs.r[REG(RFLAGS)] &= ~(uint64_t)RFLAGS_MATH;
	vcpu->init = regs;
	if (!prog_state(&vcpu->prog, &regs, regs.r[REG_COUNTER] + 1, 0, 0,
			&vcpu->init))
		die("a guest program cannot begin");
}

/*
 * Bochs does not leave guest mode for an interrupt as long as IF has been clear
 * since VM entry; and a guest that only spins would do nothing else.
 */
static bool must_set_if(const struct vcpu *vcpu)
{
	return !host.amd && !prog_exits(&vcpu->prog);
}

/**
 * vcpu_random_regs() - new registers in init, for its program to begin with
 * @vcpu: it
 * @interrupts: whether RFLAGS.IF may be set; nothing ever interrupts it
 */
void vcpu_random_regs(struct vcpu *vcpu, bool interrupts)
{
	random_gprs(vcpu);
	vcpu->init.r[REG(RFLAGS)] = RFLAGS_FIXED | (random64() & RFLAGS_RANDOM);
	if (interrupts && (must_set_if(vcpu) || (random64() & 0x100)))
		vcpu->init.r[REG(RFLAGS)] |= RFLAGS_IF;
	if (prog_counts(&vcpu->prog) && !vcpu->prog.loop)
		lockstep_regs(vcpu);
}

/* Mode, memory and new registers; the vCPU is parked and has its program. */
void vcpu_setup(struct vcpu *vcpu, bool interrupts)
{
	struct kvm_sregs sregs;

	if (host.nested)
		nested_reset(vcpu);
	VCPU_IOCTL(vcpu, KVM_GET_SREGS, &sregs);
	vm_setup_memory(vcpu, &sregs);
	VCPU_IOCTL(vcpu, KVM_SET_SREGS, &sregs);
	vcpu_random_regs(vcpu, interrupts);
	if (prog_entry(&vcpu->prog) >= 0)
		nested_setup(vcpu);
	vcpu_set_regs(vcpu);
	vcpu_store_counter(vcpu, vcpu->init.r[REG_COUNTER]);
}

/* KVM's order of registers */
static void from_kvm(const struct kvm_regs *kvm, struct regs *regs)
{
	memcpy(&regs->r[REG(R8)], &kvm->r8, 8 * sizeof(uint64_t));
	regs->r[REG(RAX)] = kvm->rax;
	regs->r[REG(RBX)] = kvm->rbx;
	regs->r[REG(RCX)] = kvm->rcx;
	regs->r[REG(RDX)] = kvm->rdx;
	regs->r[REG(RSI)] = kvm->rsi;
	regs->r[REG(RDI)] = kvm->rdi;
	regs->r[REG(RSP)] = kvm->rsp;
	regs->r[REG(RBP)] = kvm->rbp;
	regs->r[REG(RIP)] = kvm->rip;
	regs->r[REG(RFLAGS)] = kvm->rflags;
}

static void set_regs(struct vcpu *vcpu, const uint64_t *r)
{
	struct kvm_regs kvm = {
		.rax = r[REG(RAX)], .rbx = r[REG(RBX)],
		.rcx = r[REG(RCX)], .rdx = r[REG(RDX)],
		.rsi = r[REG(RSI)], .rdi = r[REG(RDI)],
		.rsp = r[REG(RSP)], .rbp = r[REG(RBP)],
		.rip = r[REG(RIP)], .rflags = r[REG(RFLAGS)],
	};

	memcpy(&kvm.r8, &r[REG(R8)], 8 * sizeof(uint64_t));
	VCPU_IOCTL(vcpu, KVM_SET_REGS, &kvm);
}

void vcpu_set_regs(struct vcpu *vcpu)
{
	set_regs(vcpu, vcpu->init.r);
}

/* The registers that its program has there; it has counted so far. */
void vcpu_set_regs_at(struct vcpu *vcpu, uint64_t counter, int step)
{
	struct regs regs;

	if (!prog_state(&vcpu->prog, &vcpu->init, counter, step, 0, &regs))
		die("a guest program does not get there");
	set_regs(vcpu, regs.r);
	vcpu_store_counter(vcpu, counter);
}

/* Does not run, but has its registers counted up by the VMM instead. */
int vcpu_set_regs_on(struct vcpu *vcpu)
{
	uint64_t counter = vcpu->init.r[REG_COUNTER];

	while (!__atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_RELAXED))
		vcpu_set_regs_at(vcpu, ++counter, 0);

	return -EINTR;
}

/* All registers. On Intel this makes KVM read what it had left in the VMCS. */
void vcpu_get_regs(struct vcpu *vcpu, struct regs *regs)
{
	struct kvm_sregs sregs;
	struct kvm_regs kvm;

	VCPU_IOCTL(vcpu, KVM_GET_REGS, &kvm);
	VCPU_IOCTL(vcpu, KVM_GET_SREGS, &sregs);
	from_kvm(&kvm, regs);
	regs->r[REG(CR0)] = sregs.cr0;
	regs->r[REG(CR3)] = sregs.cr3;
	regs->r[REG(CR4)] = sregs.cr4;
	regs->r[REG(EFER)] = sregs.efer;
}

/* Not halted, nor waiting for SIPI as all vCPUs but the first do at first */
void vcpu_make_runnable(struct vcpu *vcpu)
{
	struct kvm_mp_state state = { .mp_state = KVM_MP_STATE_RUNNABLE };

	VCPU_IOCTL(vcpu, KVM_SET_MP_STATE, &state);
}

void vcpu_counts(const struct vcpu *vcpu, struct counts *counts)
{
	uint64_t *count = (uint64_t *)counts;
	unsigned int i;

	for (i = 0; i < NR_COUNTS; i++)
		if (pread(vcpu->stats_fd, &count[i], sizeof(count[i]),
			  vcpu->stats_off[i]) != sizeof(count[i]))
			die("cannot read KVM's statistic %s", count_names[i]);
}

/* What its thread does, by the letter in /proc */
char vcpu_thread_state(struct vcpu *vcpu)
{
	char path[64], stat[512], *state;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", vcpu->vm->pid,
		 vcpu->tid.pid);
	if (!read_file(path, stat, sizeof(stat)))
		die("%s: %s", path, strerror(errno));
	state = strrchr(stat, ')');

	return state && state[1] ? state[2] : '?';
}

/* Sleeps in KVM_RUN: KVM says so, and the thread has come to sleep. */
bool vcpu_blocked(struct vcpu *vcpu)
{
	struct counts counts;

	vcpu_counts(vcpu, &counts);
	return counts.blocking && vcpu_thread_state(vcpu) == 'S';
}

/* One KVM_RUN: the reason of the exit, or a negative errno */
int vcpu_run(struct vcpu *vcpu)
{
	int ret;

	do {
		ret = ioctl(vcpu->fd, KVM_RUN, NULL);
	} while (ret < 0 && errno == EAGAIN);
	ret = ret < 0 ? -errno : (int)vcpu->run->exit_reason;

	return ret;
}

#define KICK_NS		1000000

/* KVM_RUN, a signal that ends it so often, and what is done in between */
int vcpu_run_often(struct vcpu *vcpu, long ns,
		   void (*between)(struct vcpu *vcpu))
{
	struct itimerspec often = {
		.it_value.tv_nsec = ns, .it_interval.tv_nsec = ns,
	};
	struct sigevent kick = {
		.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1,
	};
	timer_t timer;
	int ret;

	kick._sigev_un._tid = gettid();
	if (timer_create(CLOCK_MONOTONIC, &kick, &timer) ||
	    timer_settime(timer, 0, &often, NULL))
		die("no timer: %s", strerror(errno));
	for (;;) {
		ret = vcpu_run(vcpu);
		if (ret != -EINTR ||
		    __atomic_load_n(&vcpu->run->immediate_exit, __ATOMIC_RELAXED))
			break;
		if (between)
			between(vcpu);
	}
	timer_delete(timer);

	return ret;
}

int vcpu_run_kicked(struct vcpu *vcpu)
{
	return vcpu_run_often(vcpu, KICK_NS, NULL);
}

static void set_state(struct vcpu *vcpu, enum vcpu_state state)
{
	pthread_mutex_lock(&vcpu->lock);
	vcpu->state = state;
	pthread_cond_broadcast(&vcpu->changed);
	pthread_mutex_unlock(&vcpu->lock);
}

static void *vcpu_thread(void *data)
{
	struct vcpu *vcpu = data;
	bool quit;

	bind_to_cpu(vcpu->cpu);
	thread_ids(&vcpu->tid);
	for (;;) {
		set_state(vcpu, VCPU_PARKED);
		pthread_mutex_lock(&vcpu->lock);
		while (vcpu->state == VCPU_PARKED)
			pthread_cond_wait(&vcpu->changed, &vcpu->lock);
		quit = vcpu->state == VCPU_QUIT;
		pthread_mutex_unlock(&vcpu->lock);
		if (quit)
			return NULL;
		vcpu->exit = vcpu->work(vcpu);
	}
}

/* Let the thread call KVM_RUN once. */
void vcpu_start(struct vcpu *vcpu)
{
	vcpu->run->immediate_exit = 0;
	set_state(vcpu, VCPU_RUNNING);
}

static void on_kick(int signal)
{
	(void)signal;
}

/* For all threads: the signal of vcpu_stop() ends KVM_RUN and nothing else. */
void vcpu_catch_kicks(void)
{
	struct sigaction kick = { .sa_handler = on_kick };

	if (sigaction(SIGUSR1, &kick, NULL))
		die("sigaction: %s", strerror(errno));
}

/* Until KVM_RUN has returned; false if it does not */
bool vcpu_wait(struct vcpu *vcpu)
{
	struct timespec end;
	bool parked;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += WAIT_SECONDS;
	pthread_mutex_lock(&vcpu->lock);
	while (vcpu->state == VCPU_RUNNING && !err)
		err = pthread_cond_timedwait(&vcpu->changed, &vcpu->lock, &end);
	parked = vcpu->state == VCPU_PARKED;
	pthread_mutex_unlock(&vcpu->lock);

	return parked;
}

/*
 * Out of KVM_RUN, wherever it is. The flag is for a signal that comes before
 * the thread is in KVM_RUN.
 */
bool vcpu_stop(struct vcpu *vcpu)
{
	bool running;

	pthread_mutex_lock(&vcpu->lock);
	running = vcpu->state == VCPU_RUNNING;
	pthread_mutex_unlock(&vcpu->lock);
	if (!running)
		return true;

	vcpu->run->immediate_exit = 1;
	pthread_kill(vcpu->thread, SIGUSR1);

	return vcpu_wait(vcpu);
}
