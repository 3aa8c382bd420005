// SPDX-License-Identifier: GPL-2.0
/* What it costs when the host asks: whoever asks, and the vCPU that is asked for */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <x86intrin.h>

#include "bench.h"

#define TARGET		1
#define SAMPLE_ATTEMPTS	2	/* as vcpu-info sample */
#define PAUSE_US	3000	/* in which a vCPU that was kicked runs again */

struct asker {
	int device;
	uint32_t state;		/* that the vCPUs have to be in; 0: any */
	unsigned long asked, found;
	struct vcpu_info_host_sample args;
	struct vcpu_info_host_vcpu entries[VM_MAX_VCPUS];
};

static void asker_begin(struct asker *asker, int vm_fd, int nr, uint32_t flags)
{
	memset(asker, 0, sizeof(*asker));
	asker->device = open(VCPU_INFO_HOST_DEV_PATH, O_RDWR | O_CLOEXEC);
	if (asker->device < 0)
		die("%s: %s", VCPU_INFO_HOST_DEV_PATH, strerror(errno));
	asker->args = (struct vcpu_info_host_sample) {
		.size = sizeof(asker->args),
		.flags = VCPU_INFO_SAMPLE_COPY | flags,
		.vm_fd = vm_fd,
		.max_attempts = SAMPLE_ATTEMPTS,
		.nr_entries = nr,
		.entry_size = sizeof(asker->entries[0]),
		.entries = (uintptr_t)asker->entries,
	};
}

static void ask(void *data)
{
	struct asker *asker = data;
	uint32_t i;

	if (ioctl(asker->device, VCPU_INFO_HOST_IOC_SAMPLE, &asker->args))
		die("a sample: %s", strerror(errno));
	for (i = 0; i < asker->args.nr_done; i++) {
		asker->asked++;
		asker->found += !asker->state ||
				asker->entries[i].state == asker->state;
	}
}

/* One that runs may just be in an exit. */
static void must_find(const struct asker *asker)
{
	unsigned int percent = asker->state == VCPU_INFO_STATE_GUEST ? 80 : 100;

	if (!asker->asked || asker->found * 100 < asker->asked * percent)
		die("%lu of %lu vCPUs were in state %u", asker->found,
		    asker->asked, asker->state);
}

/* A vCPU that has left KVM_RUN */
static void make_user(struct vm *vm)
{
	guest_loop(guest_caller(vm, TARGET), OTHER_NR, 0, 1);
}

static void make_preempted(struct vm *vm)
{
	guest_counting(vm, TARGET, host.cpus[0]);
}

static void make_running(struct vm *vm)
{
	guest_counting(vm, TARGET, host.cpus[1]);
}

static void make_halted(struct vm *vm)
{
	guest_halted(vm, TARGET);
}

static void make_never_run(struct vm *vm)
{
	vm_add_vcpu(vm, TARGET, -1);
}

static const struct {
	const char *name;
	uint32_t state;
	uint32_t flags;
	void (*make)(struct vm *vm);
} states[] = {
	{ "halted", VCPU_INFO_STATE_HALTED, 0, make_halted },
	{ "user", VCPU_INFO_STATE_USER, 0, make_user },
	{ "never-run", VCPU_INFO_STATE_NEVER_RUN, 0, make_never_run },
	{ "preempted", VCPU_INFO_STATE_PREEMPTED, 0, make_preempted },
	{ "guest", VCPU_INFO_STATE_GUEST, 0, make_running },
	{ "counts", 0, VCPU_INFO_SAMPLE_COUNTS, make_halted },
};

/* sample STATE: ticks of asking for one vCPU in that state */
void case_sample(char **argv)
{
	struct vm *vm = vm_create(MODE_64);
	struct asker asker;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (!strcmp(states[i].name, argv[0]))
			break;
	if (i == ARRAY_SIZE(states))
		die("there is no state '%s'", argv[0]);
	states[i].make(vm);
	asker_begin(&asker, vm->fd, 1, states[i].flags);
	asker.state = states[i].state;
	print_best(ask, &asker);
	must_find(&asker);
	vm_destroy(vm);
}

/* samples N: ticks of asking for N vCPUs that are halted, by one call */
void case_samples(char **argv)
{
	int i, nr = parse_number(argv[0], 1, VM_MAX_VCPUS);
	struct vm *vm = vm_create(MODE_64);
	struct asker asker;

	for (i = 0; i < nr; i++)
		guest_halted(vm, i);
	asker_begin(&asker, vm->fd, nr, 0);
	asker.state = VCPU_INFO_STATE_HALTED;
	print_best(ask, &asker);
	if ((int)asker.args.nr_done != nr)
		die("%u of %d vCPUs were taken", asker.args.nr_done, nr);
	must_find(&asker);
	vm_destroy(vm);
}

#define PAGE		4096ULL
#define STACK_PAGES	(VCPU_INFO_HOST_STACK_SIZE / PAGE)
#define STACK_TOP	0xffffc90000004000ULL
#define TABLES_GPA	0x1c0000U	/* one for each level, from the root on */
#define STACK_GPA	0x1d0000U
#define PRESENT		1U

static void put_entry(struct vm *vm, uint32_t table, unsigned int index,
		      uint32_t to)
{
	uint64_t entry = to | PRESENT;

	memcpy(vm->mem + table + index * sizeof(entry), &entry, sizeof(entry));
}

/* Page tables of four levels, in pages of 4 KiB, that have the stack */
static void map_stack(struct vm *vm)
{
	uint64_t at = STACK_TOP - STACK_PAGES * PAGE;
	uint32_t table = TABLES_GPA;
	unsigned int i;

	for (i = 39; i > 12; i -= 9, table += PAGE)
		put_entry(vm, table, at >> i & 511, table + PAGE);
	for (i = 0; i < STACK_PAGES; i++)
		put_entry(vm, table, (at >> 12 & 511) + i, STACK_GPA + i * PAGE);
	memset(vm->mem + STACK_GPA, 1, STACK_PAGES * PAGE);
}

/* One vCPU that runs, and its stack */
struct stack_asker {
	struct asker asker;
	struct vcpu_info_host_stack stack;
	unsigned int pages;
	unsigned long copied;
};

static void ask_with_stack(void *data)
{
	struct stack_asker *with = data;

	ask(&with->asker);
	with->copied += with->stack.len == with->pages * PAGE;
}

/* stack PAGES: ticks of asking for a vCPU that runs, with so much of its stack */
void case_stack(char **argv)
{
	static struct stack_asker with;
	struct vm *vm = vm_create(MODE_64);
	struct asker *asker = &with.asker;
	int i;

	with.pages = parse_number(argv[0], 0, STACK_PAGES);
	map_stack(vm);
	guest_on_stack(vm, TARGET, host.cpus[1], STACK_TOP - with.pages * PAGE);
	asker_begin(asker, vm->fd, 1, with.pages ? VCPU_INFO_SAMPLE_STACK : 0);
	asker->state = VCPU_INFO_STATE_GUEST;
	if (with.pages) {
		asker->args.stack_root = TABLES_GPA;
		asker->args.stack_levels = 4;
		asker->args.stacks = (uintptr_t)&with.stack;
	}
	print_best(ask_with_stack, &with);
	for (i = 0; i < 300; i++)
		ask_with_stack(&with);
	must_find(asker);
	if (with.copied * 100 < asker->asked * 80)
		die("%lu of %lu stacks were copied", with.copied, asker->asked);
	vm_destroy(vm);
}

/* A monitor of QEMU, for people */
static int open_monitor(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", path);
	if (sock < 0 || connect(sock, (struct sockaddr *)&addr, sizeof(addr)))
		die("%s: %s", path, strerror(errno));

	return sock;
}

/* Until it prompts; returns whether it has said that */
static bool read_answer(int monitor, const char *what)
{
	static const char prompt[] = "(qemu) ";
	char answer[1 << 16];
	size_t len = 0;
	ssize_t got;

	do {
		got = read(monitor, answer + len, sizeof(answer) - 1 - len);
		if (got <= 0)
			die("QEMU's monitor has ended");
		len += got;
		answer[len] = '\0';
	} while (len < sizeof(prompt) ||
		 strcmp(answer + len - strlen(prompt), prompt));

	return strstr(answer, what);
}

static void ask_monitor(int monitor)
{
	static const char command[] = "info registers\n";

	if (write(monitor, command, strlen(command)) != (ssize_t)strlen(command) ||
	    !read_answer(monitor, "IP="))
		die("QEMU does not tell registers");
}

/* CPU time of a thread in nanoseconds, as when it was last switched away from */
static uint64_t thread_time(const char *path)
{
	char text[128];

	if (!read_file(path, text, sizeof(text)))
		die("%s: %s", path, strerror(errno));
	return strtoull(text, NULL, 10);
}

/* What a guest of QEMU has had: moments that are compared */
struct moment {
	uint64_t ticks;
	uint64_t cpu_ns;
	uint64_t counted;
	uint64_t exits;
};

/* QEMU's only vCPU and its guest, which counts in its memory */
struct subject {
	struct asker counts;
	char schedstat[64];
	const uint32_t *counter;
};

static void look(struct subject *subject, struct moment *moment)
{
	ask(&subject->counts);
	moment->exits = subject->counts.entries[0].counts[VCPU_INFO_COUNT_EXITS];
	moment->cpu_ns = thread_time(subject->schedstat);
	moment->counted = __atomic_load_n(subject->counter, __ATOMIC_RELAXED);
	moment->ticks = __rdtsc();
}

static const uint32_t *map_counter(const char *memory)
{
	int fd = open(memory, O_RDONLY | O_CLOEXEC);
	uint8_t *map = mmap(NULL, 0x10000, PROT_READ, MAP_SHARED, fd, 0);

	if (fd < 0 || map == MAP_FAILED)
		die("%s: %s", memory, strerror(errno));
	close(fd);

	return (const uint32_t *)(map + 0x8000);
}

/*
 * taken PID FD TID MONITOR MEMORY HOW: "EXITS TICKS CPU_NS COUNTED" for each time
 * that a vCPU of QEMU is asked for by HOW: "counts" (which it does not notice),
 * "sample" or "registers" ("info registers")
 */
void case_taken(char **argv)
{
	enum { NR = 100 };
	int pid = parse_number(argv[0], 1, 1UL << 22), i;
	int vm_fd = host_take_vm(pid, parse_number(argv[1], 0, 1UL << 20));
	int monitor = open_monitor(argv[3]);
	struct moment before, after;
	struct subject subject;
	struct asker sample;

	if (vm_fd < 0)
		die("the VM's descriptor: %s", strerror(errno));
	snprintf(subject.schedstat, sizeof(subject.schedstat),
		 "/proc/%d/task/%s/schedstat", pid, argv[2]);
	subject.counter = map_counter(argv[4]);
	asker_begin(&subject.counts, vm_fd, 1, VCPU_INFO_SAMPLE_COUNTS);
	asker_begin(&sample, vm_fd, 1, 0);
	read_answer(monitor, "");
	usleep(PAUSE_US);
	look(&subject, &before);
	for (i = 0; i < NR; i++) {
		if (!strcmp(argv[5], "registers"))
			ask_monitor(monitor);
		else
			ask(strcmp(argv[5], "sample") ? &subject.counts : &sample);
		usleep(PAUSE_US);
	}
	look(&subject, &after);
	printf("%.2f %.1f %.1f %.1f\n",
	       (double)(after.exits - before.exits) / NR,
	       (double)(after.ticks - before.ticks) / NR,
	       (double)(after.cpu_ns - before.cpu_ns) / NR,
	       (double)(uint32_t)(after.counted - before.counted) / NR);
}
