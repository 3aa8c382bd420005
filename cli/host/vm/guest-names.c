// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "introspect/remote.h"
#include "signals.h"
#include "text.h"
#include "trace-time.h"
#include "vm/guest-child.h"
#include "vm/guest-names.h"
#include "vm/guest-reader.h"
#include "vm/memory-process.h"

/* A guest that was looked at is believed to be the same for so long. */
#define CHECK_NS	NS_PER_SEC

/* Looks for a kernel in one VM in that time: not every vCPU's registers lead there. */
#define LOOKS		4

/* Where no kernel is, looking for it may take that part of the time. */
#define RETRY_PART	20
#define STALL_NS	(REMOTE_STALL_MS * NS_PER_MS)

/* Functions that are remembered of a VM, by RIP. */
#define CACHE_SIZE	512

#define NO_MEMORY	"guests' memory cannot be read on this host"
#define NO_ANSWER	"the guest's memory could not be read to the end"

/* vCPUs of a VM of which it is remembered what is read for them */
#define READS		64

struct cached {
	uint64_t rip;
	uint64_t epoch;
	struct named_place place;
};

/**
 * struct with_reader - what we have together with the process that reads
 * @job: what it is to do; the first, as memory-process.h wants it
 * @reads: what was read for the last stack of a vCPU, by its number
 */
struct with_reader {
	struct remote_job job;
	struct remote_reads reads[READS];
};

/**
 * struct named_vm - a VM and the child that reads its memory
 * @pid: of the VM
 * @fd: of the VM
 * @child: 0 if there is none
 * @socket: to it
 * @memory: the VM's slots
 * @failed: the child crashed, or took too long: there will be no other
 * @error: what the last look for a kernel came to
 * @checked: when it was last seen that the kernel is the same
 * @retry: no look for a kernel before then
 * @looks: how many there were in this second
 * @second: its start
 * @has_uptime: whether @booted is known
 * @booted: the guest was booted before that
 * @epoch: what is cached is good if it has this number
 * @cache: functions by RIP
 * @stack_root: the page table by which its kernel finds stacks
 * @stack_levels: of that; 0: not known
 * @shared: with the child
 * @reader: the process that reads the VM's memory for us and the child
 * @with_reader: with that process, and not with the child
 */
struct named_vm {
	int pid;
	int fd;
	pid_t child;
	int socket;
	struct guest_memory memory;
	bool failed;
	enum guest_kernel_error error;
	uint64_t checked;
	uint64_t retry;
	int looks;
	uint64_t second;
	bool has_uptime;
	uint64_t booted;
	uint64_t epoch;
	struct cached *cache;
	uint64_t stack_root;
	uint32_t stack_levels;
	struct remote_slot *shared;
	pid_t reader;
	struct with_reader *with_reader;
};

struct guest_names {
	const struct guest_source *source;
	struct named_vm *vms[GUEST_NAMES_MAX];
	size_t nr;
	uint64_t started;
	uint64_t allow_ns;
	uint64_t spent_ns;
	const struct vm_sample *stacks;
	struct guest_look look;
};

static void end_child(struct named_vm *vm)
{
	/* first: it may be in a read for the child */
	memory_process_end(vm->reader);
	vm->reader = 0;
	if (!vm->child)
		return;
	close(vm->socket);
	kill(vm->child, SIGKILL);
	while (waitpid(vm->child, NULL, 0) < 0 && errno == EINTR)
		;
	vm->child = 0;
	vm->epoch++;
}

static struct remote_server server_of(const struct named_vm *vm)
{
	return (struct remote_server){
		.fd = vm->socket, .pid = vm->pid, .slots = vm->memory.slots,
		.nr_slots = vm->memory.nr_slots, .stop = signals_want_abort,
		.shared = vm->shared, .job = &vm->with_reader->job,
		.reader = vm->reader,
	};
}

static bool start_reader(struct named_vm *vm)
{
	struct remote_server server = server_of(vm);

	/* what the last one was to do */
	vm->with_reader->job = (struct remote_job){ 0 };
	vm->reader = memory_process_start(&server, sizeof(*vm->with_reader), -1,
					  remote_read_for);
	return vm->reader;
}

static bool start_child(struct named_vm *vm)
{
	/* for the rest of what it has begun to say */
	const struct timeval patience = { .tv_sec = 10 };
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return false;
	setsockopt(fds[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fds[0], SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	vm->socket = fds[0];
	remote_hide(vm->shared, false);
	if (start_reader(vm))
		vm->child = child_fork();
	else
		vm->child = -1;
	if (!vm->child) {
		guest_reader_run(fds[1], vm->shared, &vm->memory);
		_exit(0);
	}
	remote_hide(vm->shared, true);
	close(fds[1]);
	if (vm->child > 0)
		return true;
	vm->child = 0;
	end_child(vm);
	close(fds[0]);
	return false;
}

static bool same_slots(const struct guest_memory *a, const struct guest_memory *b)
{
	return a->nr_slots == b->nr_slots &&
	       !memcmp(a->slots, b->slots, a->nr_slots * sizeof(*a->slots));
}

/* Where the VM's memory is now: another place means another start. */
static bool take_memory(const struct guest_names *names, struct named_vm *vm)
{
	struct guest_memory memory = { 0 };
	bool ok = names->source->memory(vm->pid, vm->fd, &memory);

	if (ok && vm->child && same_slots(&vm->memory, &memory)) {
		free(memory.slots);
		return true;
	}
	end_child(vm);
	free(vm->memory.slots);
	vm->memory = memory;
	return ok && start_child(vm);
}

const struct vm_sample *guest_names_use_stacks(struct guest_names *names,
					       const struct vm_sample *sample)
{
	const struct vm_sample *before = names->stacks;

	names->stacks = sample && sample->stacks ? sample : NULL;
	return before;
}

/* The stack that was copied with a vCPU's registers, NULL if there is none. */
static const struct vcpu_info_host_stack *
find_stack(const struct guest_names *names, const struct named_vm *vm,
	   const struct vcpu_info_host_vcpu *vcpu)
{
	const struct vm_sample *sample = names->stacks;

	if (!sample || sample->pid != vm->pid || sample->fd != vm->fd)
		return NULL;
	for (size_t i = 0; i < sample->nr; i++) {
		const struct vcpu_info_host_stack *stack = &sample->stacks[i];

		if (sample->vcpus[i].vcpu_id == vcpu->vcpu_id)
			return stack->len && stack->len <= sizeof(stack->data) &&
			       stack->address == vcpu->regs[VCPU_INFO_REG_RSP] ?
			       stack : NULL;
	}
	return NULL;
}

static void put_stack(const struct guest_names *names, const struct named_vm *vm,
		      struct remote_slot *slot, struct question *question)
{
	const struct vcpu_info_host_stack *stack = NULL;

	if (question->wants & WANT_STACK)
		stack = find_stack(names, vm, &question->vcpu);
	slot->moment.len = 0;
	question->stack_root = vm->stack_root;
	if (stack)
		memcpy(&slot->moment, stack,
		       offsetof(struct vcpu_info_host_stack, data) + stack->len);
}

static void put_question(const struct guest_names *names, struct named_vm *vm,
			 struct remote_server *server, uint32_t which,
			 struct question *question)
{
	put_stack(names, vm, &server->shared[which], question);
	memcpy(server->shared[which].question, question, sizeof(*question));
	/* looking for a kernel reads much that is not read again */
	if (question->wants & WANT_STACK &&
	    !(question->wants & (WANT_OPEN | WANT_CHECK)))
		server->ahead[which] =
			&vm->with_reader->reads[(uint32_t)question->vcpu.vcpu_id % READS];
}

static bool take_look(const struct remote_server *server, uint32_t which,
		      struct guest_look *look)
{
	size_t len;
	const struct guest_look *answer = remote_answer_of(server, which, &len);

	return answer && guest_look_take(look, answer, len);
}

static void give_up(struct named_vm *vm)
{
	end_child(vm);
	vm->failed = true;
}

/*
 * Memory that did not come in time may come later: it is tried again, but not soon, and
 * counts as time spent with looking for a kernel.
 */
static void note_failed(struct guest_names *names, struct named_vm *vm,
			const struct remote_server *server)
{
	if (!server->stalled) {
		give_up(vm);
		return;
	}
	end_child(vm);
	vm->error = KERNEL_STALLED;
	vm->retry = names->source->clock() + RETRY_PART * STALL_NS;
	names->spent_ns += STALL_NS;
}

static const char *why_failed(const struct named_vm *vm)
{
	return vm->failed ? NO_ANSWER : guest_kernel_strerror(vm->error);
}

static bool ask(struct guest_names *names, struct named_vm *vm,
		struct question *question, struct guest_look *look)
{
	struct remote_server server = server_of(vm);

	put_question(names, vm, &server, 0, question);
	if (remote_ask(&server, 1) && take_look(&server, 0, look)) {
		vm->stack_root = look->stack_root;
		vm->stack_levels = look->stack_levels;
		return true;
	}
	note_failed(names, vm, &server);
	return false;
}

/* Whether a kernel may be looked for now, which may take a tenth of a second. */
static bool may_open(struct guest_names *names, struct named_vm *vm,
		     uint64_t now)
{
	if (now - vm->second >= CHECK_NS) {
		vm->second = now;
		vm->looks = 0;
	}
	if (now < vm->retry || vm->looks >= LOOKS)
		return false;
	if (names->spent_ns &&
	    names->spent_ns > names->allow_ns + (now - names->started) / 4)
		return false;
	vm->looks++;
	return true;
}

static void note_open(struct guest_names *names, struct named_vm *vm,
		      uint64_t now)
{
	uint64_t took = names->source->clock() - now;

	/* a stall has been taken note of */
	if (vm->error == KERNEL_STALLED)
		return;
	names->spent_ns += took;
	if (vm->error)
		vm->retry = now + RETRY_PART * took;
}

/* The child is asked, and first told where the memory is if it has to read much. */
static bool look_once(struct guest_names *names, struct named_vm *vm,
		      struct question *question, struct guest_look *look,
		      uint64_t now)
{
	if (question->wants & (WANT_OPEN | WANT_CHECK)) {
		vm->checked = now;
		vm->epoch++;
		if (!take_memory(names, vm)) {
			vm->error = KERNEL_NO_MEMORY_READ;
			return false;
		}
	}
	if (!ask(names, vm, question, look))
		return false;
	vm->error = look->error;
	if (question->wants & (WANT_OPEN | WANT_CHECK)) {
		vm->has_uptime = look->has_uptime;
		vm->booted = now - look->uptime_ns;
	}
	return !vm->error;
}

/* False if nothing is known: see vm->error. */
static bool get_look(struct guest_names *names, struct named_vm *vm,
		     struct question *question, struct guest_look *look)
{
	uint64_t now = names->source->clock();
	bool done;

	if (vm->failed)
		return false;
	if (vm->child && !vm->error) {
		if (now - vm->checked >= CHECK_NS)
			question->wants |= WANT_CHECK;
		if (look_once(names, vm, question, look, now))
			return true;
	}
	if (vm->failed || !may_open(names, vm, now))
		return false;
	question->root = question->vcpu;
	if (!guest_leads_to_kernel(&question->root) &&
	    !names->source->root(vm->pid, vm->fd, &question->root))
		return false;
	question->wants |= WANT_OPEN;
	done = look_once(names, vm, question, look, now);
	note_open(names, vm, now);
	return done;
}

static void free_vm(struct named_vm *vm)
{
	remote_unshare(vm->shared);
	memory_process_unshare(vm->with_reader, sizeof(*vm->with_reader));
	free(vm->cache);
	free(vm);
}

static struct named_vm *add_vm(struct guest_names *names, int pid, int fd)
{
	struct named_vm *vm;

	if (names->nr == GUEST_NAMES_MAX)
		return NULL;
	vm = calloc(1, sizeof(*vm));
	if (!vm)
		return NULL;
	vm->cache = calloc(CACHE_SIZE, sizeof(*vm->cache));
	vm->shared = remote_share();
	vm->with_reader = memory_process_share(sizeof(*vm->with_reader));
	if (!vm->cache || !vm->shared || !vm->with_reader) {
		free_vm(vm);
		return NULL;
	}
	vm->pid = pid;
	vm->fd = fd;
	vm->epoch = 1;
	vm->error = KERNEL_NO_PAGING;
	names->vms[names->nr++] = vm;
	return vm;
}

static void remove_vm(struct named_vm *vm)
{
	end_child(vm);
	free(vm->memory.slots);
	free_vm(vm);
}

/* Those that are gone make room for others. */
static void forget_ended(struct guest_names *names)
{
	size_t kept = 0;

	for (size_t i = 0; i < names->nr; i++) {
		struct named_vm *vm = names->vms[i];

		if (kill(vm->pid, 0) && errno == ESRCH)
			remove_vm(vm);
		else
			names->vms[kept++] = vm;
	}
	names->nr = kept;
}

static struct named_vm *get_vm(struct guest_names *names,
			       const struct guest_vcpu *vcpu)
{
	for (size_t i = 0; i < names->nr; i++) {
		if (names->vms[i]->pid == vcpu->vm_pid &&
		    names->vms[i]->fd == vcpu->vm_fd)
			return names->vms[i];
	}
	if (vcpu->vm_pid <= 0 || vcpu->vm_fd < 0)
		return NULL;
	if (names->nr == GUEST_NAMES_MAX)
		forget_ended(names);
	return add_vm(names, vcpu->vm_pid, vcpu->vm_fd);
}

/* Why nothing can be told of a vCPU's kernel; NULL if it can. */
static const char *why_not(const struct guest_vcpu *vcpu)
{
	const struct vcpu_info_host_vcpu *v = vcpu->vcpu;
	struct guest_registers registers;
	const char *why = guest_no_stack(v, &registers);

	/* of a vCPU that runs some CPUs do not tell CR0 and CR3 */
	if (!why && v->valid & 1U << VCPU_INFO_REG_CR0 &&
	    !(registers.cr0 & PAGING_CR0_PG))
		why = guest_kernel_strerror(KERNEL_NO_PAGING);
	return why;
}

/* Older registers may be those of another kernel. */
static bool is_of_this_boot(const struct named_vm *vm,
			    const struct guest_vcpu *vcpu, uint64_t now)
{
	return vcpu->age_ns < CHECK_NS ||
	       (vm->has_uptime && vcpu->age_ns < now - vm->booted);
}

static struct cached *in_cache(struct named_vm *vm, uint64_t rip)
{
	return &vm->cache[(rip ^ rip >> 9) % CACHE_SIZE];
}

const struct named_place *guest_names_find(struct guest_names *names,
					   const struct guest_vcpu *vcpu)
{
	uint64_t rip = vcpu->vcpu->regs[VCPU_INFO_REG_RIP];
	struct question question;
	struct named_vm *vm;
	struct cached *cached;
	uint64_t now;

	/* most are asked for often: no more is done than has to be */
	if (!names || !(rip >> 63))
		return NULL;
	vm = get_vm(names, vcpu);
	if (!vm || why_not(vcpu))
		return NULL;
	now = names->source->clock();
	cached = in_cache(vm, rip);
	if (cached->rip != rip || cached->epoch != vm->epoch ||
	    now - vm->checked >= CHECK_NS) {
		question = (struct question){ .vcpu = *vcpu->vcpu };
		if (!get_look(names, vm, &question, &names->look))
			return NULL;
		cached->rip = rip;
		cached->epoch = vm->epoch;
		cached->place = names->look.place;
	}
	return cached->place.name[0] && is_of_this_boot(vm, vcpu, now) ?
	       &cached->place : NULL;
}

const char *guest_names_look(struct guest_names *names,
			     const struct guest_vcpu *vcpu, bool with_stack,
			     struct guest_look *found)
{
	struct question question = {
		.wants = WANT_TASK | (with_stack ? WANT_STACK : 0),
		.vcpu = *vcpu->vcpu,
	};
	const char *why = why_not(vcpu);
	struct named_vm *vm;

	memset(found, 0, offsetof(struct guest_look, stack.frames));
	if (why)
		return why;
	vm = names ? get_vm(names, vcpu) : NULL;
	if (!vm)
		return NO_MEMORY;
	if (!get_look(names, vm, &question, found))
		return why_failed(vm);
	/* one that runs has gone on: it need not be interrupted again to see that */
	found->exact = found->of_moment;
	if (with_stack && !guest_runs(vcpu->vcpu))
		names->source->stand_still(vm->pid, vm->fd, &vcpu->vcpu, 1,
					   &found->exact);
	return NULL;
}

/**
 * struct looks - questions that are asked at once
 * @vm: of these
 * @vcpus: which
 * @index: of each, in the caller's list
 * @exact: whether it stood still
 * @nr: how many
 */
struct looks {
	struct named_vm *vm;
	const struct vcpu_info_host_vcpu *vcpus[REMOTE_QUESTIONS];
	size_t index[REMOTE_QUESTIONS];
	bool exact[REMOTE_QUESTIONS];
	size_t nr;
};

static void see_who_stands_still(const struct guest_names *names,
				 struct looks *looks)
{
	const struct vcpu_info_host_vcpu *before[REMOTE_QUESTIONS];
	bool still[REMOTE_QUESTIONS] = { false };
	size_t nr = 0;

	for (size_t i = 0; i < looks->nr; i++) {
		if (!guest_runs(looks->vcpus[i]))
			before[nr++] = looks->vcpus[i];
	}
	if (nr)
		names->source->stand_still(looks->vm->pid, looks->vm->fd, before,
					   nr, still);
	nr = 0;
	for (size_t i = 0; i < looks->nr; i++)
		looks->exact[i] = !guest_runs(looks->vcpus[i]) && still[nr++];
}

static const char *take_one(struct guest_names *names, struct looks *looks,
			    const struct remote_server *server, size_t i)
{
	struct guest_look *look = &names->look;

	if (looks->vm->failed || looks->vm->error)
		return why_failed(looks->vm);
	if (!take_look(server, i, look)) {
		give_up(looks->vm);
		return NO_ANSWER;
	}
	look->exact = looks->exact[i] || look->of_moment;
	return look->error ? guest_kernel_strerror(look->error) : NULL;
}

static void look_at_all(struct guest_names *names, struct looks *looks,
			guest_look_fn *found, void *arg)
{
	struct remote_server server = server_of(looks->vm);
	struct question question = { .wants = WANT_TASK | WANT_STACK };

	for (size_t i = 0; i < looks->nr; i++) {
		question.vcpu = *looks->vcpus[i];
		put_question(names, looks->vm, &server, i, &question);
	}
	if (!remote_ask(&server, looks->nr))
		note_failed(names, looks->vm, &server);
	else
		see_who_stands_still(names, looks);
	for (size_t i = 0; i < looks->nr; i++) {
		const char *why = take_one(names, looks, &server, i);

		found(arg, looks->index[i], why, &names->look);
	}
}

/* The VM, if its kernel is known and need not be seen to be still the same. */
static struct named_vm *known_vm(struct guest_names *names,
				 const struct guest_vcpu *vcpu)
{
	struct named_vm *vm = names ? get_vm(names, vcpu) : NULL;

	return vm && vm->child && !vm->error && !vm->failed &&
	       names->source->clock() - vm->checked < CHECK_NS ? vm : NULL;
}

void guest_names_look_all(struct guest_names *names, int vm_pid, int vm_fd,
			  const struct vcpu_info_host_vcpu *const *vcpus, size_t nr,
			  guest_look_fn *found, void *arg)
{
	static const struct guest_look nothing = { .cpu = -1 };
	struct looks looks = { 0 };

	for (size_t i = 0; i < nr; i++) {
		const struct guest_vcpu vcpu = {
			.vm_pid = vm_pid, .vm_fd = vm_fd, .vcpu = vcpus[i],
		};
		const char *why = why_not(&vcpu);

		if (!why && !looks.nr)
			looks.vm = known_vm(names, &vcpu);
		if (!why && looks.vm) {
			looks.index[looks.nr] = i;
			looks.vcpus[looks.nr++] = vcpus[i];
		} else if (!why && names) {
			why = guest_names_look(names, &vcpu, true, &names->look);
			found(arg, i, why, &names->look);
		} else {
			found(arg, i, why ?: NO_MEMORY, &nothing);
		}
		if (looks.nr == REMOTE_QUESTIONS || (looks.nr && i == nr - 1)) {
			look_at_all(names, &looks, found, arg);
			looks.nr = 0;
		}
	}
}

void guest_names_want_stacks(const struct guest_names *names,
			     struct vm_sample *sample)
{
	for (size_t i = 0; i < names->nr; i++) {
		const struct named_vm *vm = names->vms[i];

		if (vm->pid != sample->pid || vm->fd != sample->fd)
			continue;
		sample->stack_root = vm->stack_root;
		sample->stack_levels = vm->error ? 0 : vm->stack_levels;
	}
}

int guest_names_cpu(struct guest_names *names, const struct guest_vcpu *vcpu)
{
	struct question question = { .wants = WANT_TASK, .vcpu = *vcpu->vcpu };
	struct named_vm *vm = names ? get_vm(names, vcpu) : NULL;

	if (!vm || !get_look(names, vm, &question, &names->look))
		return -1;
	return names->look.cpu;
}

struct guest_names *guest_names_new_of(const struct guest_source *source,
				       uint64_t allow_ns)
{
	struct guest_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->source = source;
	names->started = source->clock();
	names->allow_ns = allow_ns;
	return names;
}

void guest_names_free(struct guest_names *names)
{
	for (size_t i = 0; names && i < names->nr; i++)
		remove_vm(names->vms[i]);
	free(names);
}
