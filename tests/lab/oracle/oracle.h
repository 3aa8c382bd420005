/* SPDX-License-Identifier: GPL-2.0 */
/*
 * oracle: VMs whose registers are known, to check the host's records by.
 *
 * Each vCPU runs a small program of known steps from known registers, so the
 * registers that it can have at each RIP are known. One vCPU asks for another
 * by the hypercall; the record that the host writes is compared bit for bit.
 */
#ifndef ORACLE_H
#define ORACLE_H

#include <linux/kvm.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "vcpu_info_abi.h"

#define ARRAY_SIZE(a)	(sizeof(a) / sizeof((a)[0]))
#define BIT(nr)		(1U << (nr))
#define __noreturn	__attribute__((noreturn))
#define __printf(a, b)	__attribute__((format(printf, a, b)))

#define NR_GPRS		16
#define NR_STATES	(VCPU_INFO_STATE_PROTECTED + 1)
#define NR_REGS		VCPU_INFO_NR_REGS
#define REG(name)	VCPU_INFO_REG_##name
#define REG_BIT(name)	BIT(VCPU_INFO_REG_##name)
#define ALL_GPRS	(BIT(NR_GPRS) - 1)
#define ALL_REGS	(BIT(NR_REGS) - 1)

extern const char * const reg_names[NR_REGS];

struct regs {
	uint64_t r[NR_REGS];
};

/* The guests' memory from 0 on is there a second time. */
#define HIGH_BASE	0xffffffff80000000ULL

/* What the guest's CPU is set to: the width of its code. */
enum mode {
	MODE_16 = 16,	/* real mode */
	MODE_32 = 32,	/* protected mode, 4 MiB pages */
	MODE_64 = 64,	/* long mode, code at the top of the address space */
};

/* prog.c: guest programs, what they do to registers */

#define PROG_MAX_STEPS	96
#define PROG_MAX_CODE	512
#define PORT_DONE	0x44	/* an OUT to it ends KVM_RUN */
#define REG_COUNTER	REG(RBP)

enum op {
	OP_NOP,
	OP_JMP,		/* to the next step */
	OP_INC,		/* reg++, the arithmetic flags but CF */
	OP_MOV,		/* reg = counter */
	OP_SET,		/* reg = imm */
	OP_STORE,	/* the counter to memory, where the host can see it */
	OP_CR3,		/* CR3 = RAX */
	OP_LOAD,	/* AL = byte at RDI, which is 0 */
	OP_CPUID,
	OP_CALL,	/* the hypercall; RAX = 0 */
	OP_HLT,
	OP_OUT,
	OP_ENTER,	/* a nested guest: it does the steps that follow */
	OP_LEAVE,	/* the nested guest's call for its hypervisor */
	OP_REWIND,	/* the nested guest's RIP = HIGH_BASE + imm */
	OP_BACK,	/* to the step that the loop begins with */
};

struct step {
	enum op op;
	int reg;
	uint32_t imm;
	size_t off;
};

struct prog {
	enum mode mode;
	uint64_t rip;		/* of the first step */
	uint32_t counter_gpa;	/* OP_STORE's */
	uint32_t nested_gpa;	/* of what OP_ENTER takes the nested guest from */
	struct regs nested;	/* registers of the nested guest's own, at first */
	int loop;		/* the step that OP_BACK goes to */
	int nr;
	struct step steps[PROG_MAX_STEPS];
	size_t len;
	uint8_t code[PROG_MAX_CODE];
	uint32_t cpuid[4];	/* what CPUID leaf 0 gives: EAX EBX ECX EDX */
};

void prog_begin(struct prog *prog, enum mode mode, uint32_t counter_gpa);
void prog_add(struct prog *prog, enum op op, int reg, uint32_t imm);
void prog_add_lockstep(struct prog *prog);
bool prog_exits(const struct prog *prog);
bool prog_counts(const struct prog *prog);
int prog_entry(const struct prog *prog);
bool prog_nested(const struct prog *prog, int step);
uint64_t prog_rip(const struct prog *prog, int step);
bool prog_state(const struct prog *prog, const struct regs *init,
		uint64_t counter, int step, int again, struct regs *out);

/* vm.c: VMs and their memory; vcpu.c: vCPUs and their threads */

struct counts {
	uint64_t exits;
	uint64_t io_exits;
	uint64_t mmio_exits;
	uint64_t halt_exits;
	uint64_t irq_exits;
	uint64_t irq_window_exits;
	uint64_t signal_exits;
	uint64_t hypercalls;
	uint64_t blocking;
};

#define NR_COUNTS	(sizeof(struct counts) / sizeof(uint64_t))
#define NR_COUNTS_SHOWN	(NR_COUNTS - 1)		/* those in a record */
extern const char * const count_names[NR_COUNTS];

struct thread_id {
	pid_t pid;		/* in the namespace of /proc */
	pid_t ns_pid;
	int ns_level;
};

enum vcpu_state { VCPU_PARKED, VCPU_RUNNING, VCPU_QUIT };

struct vm;

struct vcpu {
	struct vm *vm;
	int index;
	int id;			/* KVM's vcpu_id */
	int fd;
	int stats_fd;
	off_t stats_off[NR_COUNTS];
	struct kvm_run *run;
	uint64_t base;		/* its part of the VM's memory */
	struct prog prog;
	struct regs init;

	uint64_t exits_at_start;
	uint64_t halts_at_start;	/* with the one that it goes to */

	int cpu;		/* host CPU the thread is bound to; -1: it moves */
	bool has_thread;
	pthread_t thread;
	struct thread_id tid;
	pthread_mutex_t lock;	/* protects state and exit */
	pthread_cond_t changed;
	enum vcpu_state state;
	int (*work)(struct vcpu *vcpu);	/* what the thread does; vcpu_run() */
	int exit;		/* KVM_EXIT_* or a negative errno */
};

#define VM_MAX_VCPUS	64
#define VM_MEM_SIZE	0x200000
#define VM_TRAP_GPA	VM_MEM_SIZE	/* a page that can be made to fault */
#define VM_TRAP_SIZE	0x1000

struct vm {
	int fd;
	pid_t pid;		/* of the process, in the namespace of /proc */
	enum mode mode;
	uint8_t *mem;
	uint8_t *trap;
	int nr;
	struct vcpu vcpus[VM_MAX_VCPUS];
	struct kvm_cpuid2 *cpuid;
};

struct host {
	int kvm_fd;
	bool amd;
	bool nested;		/* guests can have guests */
	bool asks;		/* requests are made by the host, not by a vCPU */
	uint32_t hypercall_nr;
	int nr_cpus;		/* that we may run on; the first two are used */
	int cpus[2];
};

extern struct host host;

void host_open(void);
void host_open_any(void);
void host_find_vendor(void);
struct vm *vm_create(enum mode mode);
void vm_destroy(struct vm *vm);
struct vcpu *vm_add_vcpu(struct vm *vm, int id, int cpu);
uint32_t vcpu_cr3(const struct vcpu *vcpu, bool other);
uint32_t vcpu_code_gpa(const struct vcpu *vcpu);
uint32_t vcpu_nested_gpa(const struct vcpu *vcpu);
void vcpu_begin(struct vcpu *vcpu);
void vcpu_store_counter(struct vcpu *vcpu, uint64_t counter);
uint64_t vcpu_counter(const struct vcpu *vcpu);
void vm_load_code(struct vcpu *vcpu);
void vm_setup_memory(struct vcpu *vcpu, struct kvm_sregs *sregs);
void vm_other_control(const struct regs *regs, struct regs *other);

#define RFLAGS_FIXED	0x0002
#define RFLAGS_RANDOM	0x200cd5	/* CF PF AF ZF SF DF OF ID */

#define VCPU_IOCTL(vcpu, nr, arg) vcpu_ioctl(vcpu, nr, #nr, arg)
void vcpu_ioctl(struct vcpu *vcpu, unsigned long nr, const char *name,
		void *arg);
void vcpu_random_regs(struct vcpu *vcpu, bool interrupts);
void vcpu_setup(struct vcpu *vcpu, bool interrupts);
void vcpu_set_regs(struct vcpu *vcpu);
void vcpu_get_regs(struct vcpu *vcpu, struct regs *regs);
void vcpu_make_runnable(struct vcpu *vcpu);
void vcpu_counts(const struct vcpu *vcpu, struct counts *counts);
int vcpu_run(struct vcpu *vcpu);
int vcpu_run_often(struct vcpu *vcpu, long ns,
		   void (*between)(struct vcpu *vcpu));
int vcpu_run_kicked(struct vcpu *vcpu);
void vcpu_set_regs_at(struct vcpu *vcpu, uint64_t counter, int step);
int vcpu_set_regs_on(struct vcpu *vcpu);
char vcpu_thread_state(struct vcpu *vcpu);
bool vcpu_blocked(struct vcpu *vcpu);
void vcpu_start(struct vcpu *vcpu);
bool vcpu_wait(struct vcpu *vcpu);
void vcpu_catch_kicks(void);
bool vcpu_stop(struct vcpu *vcpu);
void vcpu_destroy(struct vcpu *vcpu);

/* nested.c: vCPUs that run a guest of their own */

/* The layout of what is at vcpu_nested_gpa(), as far as programs touch it */
#define VMCB_RIP	0x578
#define VMCS12_RIP	544
#define NESTED_POINTER	0x1ff8	/* its own address */
#define ENTER_LEN	3	/* VMRUN or VMLAUNCH */

bool nested_can(void);
void nested_reset(struct vcpu *vcpu);
void nested_setup(struct vcpu *vcpu);
bool nested_called(const struct vcpu *vcpu);

/* record.c: what the host reports */

struct record {
	bool error;		/* a vcpu_info_error event */
	int vm_pid, vm_fd, caller_id, vcpu_id;
	int pid, ns_pid, ns_level, cpu;
	unsigned int state, flags, attempts, valid;
	struct regs regs;
	struct counts counts;
	uint32_t why;		/* VCPU_INFO_WHY_* */
	uint64_t cookie;
	char reason[24];
	int result;
	uint64_t count;
};

void reader_open(void);
void reader_close(void);
void reader_drain(void);
bool reader_next(struct record *rec);
bool reader_poll(struct record *rec);
unsigned long reader_lost(void);
const char *state_name(unsigned int state);

/* check.c: is a record true? */

struct tally {
	unsigned long wanted;		/* so many records of the wanted state */
	unsigned long snapshots;	/* those that there are */
	unsigned long valid;		/* of these, with all that must be valid */
	unsigned long wrong;		/* records with something wrong, any state */
	unsigned long nested;		/* records of a nested guest's registers */
	unsigned long polled;		/* of one in HLT that was not blocked */
	unsigned long unread;		/* of one preempted, with all but RFLAGS */
	unsigned long states[NR_STATES];	/* records of each state */
	unsigned long requests;
	unsigned int attempts_max;
	unsigned int notes;		/* lines about what is wrong */
	char failure[200];		/* the first */
};

/* What is expected of one record. */
struct expect {
	const struct vcpu *caller;	/* NULL: the host */
	const struct vcpu *target;
	unsigned int want;		/* state; 0: any */
	int step;			/* in the wanted state; -1: any */
	unsigned int flags;		/* in the wanted state */
	bool wake;			/* end its HLT just before */
	uint32_t why;			/* what the caller says */
	uint64_t cookie;
	struct counts before, after;
	uint64_t counter_min, counter_max;	/* what OP_STORE wrote */
};

struct test;

void failed(struct tally *tally, const char *fmt, ...) __printf(2, 3);
bool check_record(struct tally *tally, const struct expect *expect,
		  const struct record *rec);
unsigned int must_regs(unsigned int state);
unsigned int must_percent(const struct test *test);
void want_more(struct tally *tally);
bool is_enough(const struct test *test, struct tally *tally);

/* request.c: asking */

void caller_setup(struct vcpu *caller);
bool request_raw(struct vcpu *caller, uint64_t rax, uint64_t rbx, long *result,
		 struct tally *tally);
bool request_why(struct vcpu *caller, uint64_t rbx, uint64_t why,
		 uint64_t cookie, long *result, struct tally *tally);
bool request(struct vcpu *caller, struct vcpu *target, struct expect *expect,
	     struct record *rec, struct tally *tally);
bool nothing_recorded(struct vm *vm, struct tally *tally, const char *what);

/* hostask.c: the host asks */

void host_ask_begin(void);
bool host_ask(const struct vcpu *target, struct vcpu_info_host_vcpu *entry,
	      struct tally *tally);
void host_check_entry(const struct vcpu_info_host_vcpu *entry,
		      const struct record *rec, struct tally *tally);
void host_check_exit(const struct vcpu_info_host_vcpu *entry,
		     const struct vcpu *target, struct tally *tally);

/* states.c, many.c and races.c: the tests */

struct options {
	unsigned long count;
	enum mode mode;
	int vcpus;
	int pidns;		/* levels of PID namespaces below /proc's */
};

#define T_TWO_CPUS	0x01	/* needs a host CPU beside the caller's */
#define T_64		0x02	/* only in 64-bit mode */
#define T_ALL_MODES	0x04	/* --all runs it in all modes */
#define T_NESTED	0x08	/* its vCPU runs a nested guest */
#define T_VCPU		0x10	/* only a vCPU can ask */
#define T_ASKED		0x20	/* only by its name: for a test of its own */

struct test {
	const char *name;
	unsigned int flags;
	unsigned int state;	/* whose rule of registers holds; 0: any */
	void (*run)(const struct test *test, const struct options *options,
		    struct tally *tally);
	const void *data;
};

extern const struct test state_tests[];
extern const size_t nr_state_tests;

void code_lockstep(struct vcpu *vcpu);
void code_cr3(struct vcpu *vcpu);

struct race;
extern const struct race race_moving;
extern const struct race race_resumed;
extern const struct race race_vapic;

void test_race(const struct test *test, const struct options *options,
	       struct tally *tally);
void test_reset(const struct test *test, const struct options *options,
		struct tally *tally);

void test_storm(const struct test *test, const struct options *options,
		struct tally *tally);
void test_isolation(const struct test *test, const struct options *options,
		    struct tally *tally);
void test_nested_call(const struct test *test, const struct options *options,
		      struct tally *tally);
void test_refused(const struct test *test, const struct options *options,
		  struct tally *tally);

/* util.c */

__noreturn void die(const char *fmt, ...) __printf(1, 2);
void note(const char *fmt, ...) __printf(1, 2);
unsigned long parse_number(const char *text, unsigned long min,
			   unsigned long max);
uint64_t random64(void);
void random_seed(uint64_t seed);
bool read_file(const char *path, char *buf, size_t size);
void bind_to_cpu(int cpu);
void thread_ids(struct thread_id *id);
int host_take_vm(pid_t pid, int fd);
bool poll_for(bool (*done)(struct vcpu *vcpu), struct vcpu *vcpu);

#endif /* ORACLE_H */
