// SPDX-License-Identifier: GPL-2.0
/*
 * Names out of a guest's memory: the guest is a fake one in this process, the
 * reader of its memory a child without privileges, as always.
 */
#include <unistd.h>

#include "unit.h"

#include "fake-vm.h"
#include "trace-time.h"
#include "vm/guest-child.h"

#define NO_SUCH_FD	11

static uint64_t cost;
static uint64_t moved;
static bool has_root;
static struct guest_look look;

static bool take_memory(int vm_pid, int vm_fd, struct guest_memory *memory)
{
	fake_vm.now += cost;
	if (vm_fd == NO_SUCH_FD) {
		fake_vm.memory_asked++;
		return false;
	}
	assert_int_equal(vm_pid, getpid());
	fake_vm_memory(vm_pid, vm_fd, memory);
	for (size_t i = 0; i < memory->nr_slots; i++)
		memory->slots[i].size -= moved;
	return true;
}

static struct vcpu_info_host_vcpu make_vcpu(int cpu, uint64_t rip);

static bool get_root(int vm_pid, int vm_fd, struct vcpu_info_host_vcpu *vcpu)
{
	(void)vm_pid;
	(void)vm_fd;
	*vcpu = make_vcpu(1, 0);
	return has_root;
}

static const struct guest_source source = {
	.memory = take_memory,
	.root = get_root,
	.stand_still = fake_vm_stand_still,
	.clock = fake_vm_clock,
};

static struct guest_names *start(enum fake_version version)
{
	fake_linux_make(&fake_vm.guest, version, 0);
	fake_vm.now = 1000 * NS_PER_SEC;
	fake_vm.memory_asked = 0;
	moved = 0;
	cost = 0;
	has_root = false;
	return guest_names_new_of(&source, 0);
}

static void end(struct guest_names *names)
{
	guest_names_free(names);
	fake_linux_free(&fake_vm.guest);
}

/* A vCPU with the registers of a CPU, but for where it is; 0: there, too */
static struct vcpu_info_host_vcpu make_vcpu(int cpu, uint64_t rip)
{
	struct vcpu_info_host_vcpu vcpu = fake_vm_vcpu(cpu);

	if (rip)
		vcpu.regs[VCPU_INFO_REG_RIP] = rip;
	return vcpu;
}

/* The number by the guest, of a vCPU of which only counters are known */
static int cpu_of(struct guest_names *names, int vcpu_id)
{
	const struct vcpu_info_host_vcpu vcpu = { .vcpu_id = vcpu_id };
	const struct guest_vcpu which = { getpid(), 10, 0, &vcpu };

	return guest_names_cpu(names, &which);
}

static void guest_cpus(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_names *names = start(version);

		/* nothing leads to the kernel */
		assert_int_equal(cpu_of(names, 0), -1);
		fake_vm.now += NS_PER_SEC;
		has_root = true;
		assert_int_equal(cpu_of(names, 0), 0);
		assert_int_equal(cpu_of(names, 2), 1);
		assert_int_equal(cpu_of(names, 1), -1);
		end(names);
	}
	assert_int_equal(cpu_of(NULL, 0), -1);
}

static const char *name_of(struct guest_names *names, uint64_t rip, uint64_t age)
{
	struct vcpu_info_host_vcpu vcpu = make_vcpu(0, rip);
	const struct guest_vcpu which = { getpid(), 10, age, &vcpu };
	const struct named_place *place = guest_names_find(names, &which);

	return place ? place->name : NULL;
}

static void functions(void **state)
{
	(void)state;
	for (int version = 0; version < NR_FAKE_VERSIONS; version++) {
		struct guest_names *names = start(version);
		struct vcpu_info_host_vcpu vcpu;
		struct guest_vcpu which = { getpid(), 10, 0, &vcpu };
		const struct named_place *place;

		assert_string_equal(name_of(names, fake_address(&fake_vm.guest, "worker"), 0),
				    "worker");
		vcpu = make_vcpu(0, FAKE_MODULE + 0x110);
		place = guest_names_find(names, &which);
		assert_string_equal(place->name, "demo_run");
		assert_string_equal(place->module, "demo");
		assert_int_equal(place->offset, 0x10);
		assert_null(name_of(names, fake_address(&fake_vm.guest, "_end"), 0));
		assert_null(name_of(names, 0x401000, 0));
		/* the second time they are remembered */
		assert_string_equal(name_of(names, fake_address(&fake_vm.guest, "worker"), 0),
				    "worker");
		assert_int_equal(fake_vm.memory_asked, 1);
		end(names);
	}
}

static void without_paging(void **state)
{
	struct guest_names *names = start(FAKE_7_0);
	struct vcpu_info_host_vcpu vcpu = make_vcpu(0, 0);
	struct guest_vcpu which = { getpid(), 10, 0, &vcpu };

	(void)state;
	vcpu.regs[VCPU_INFO_REG_CR0] = 1;
	assert_null(guest_names_find(names, &which));
	assert_string_equal(guest_names_look(names, &which, true, &look),
			    "paging is off: the vCPU has not started a kernel");
	vcpu = make_vcpu(0, 0);
	vcpu.valid &= ~(1U << VCPU_INFO_REG_CR3);
	assert_null(guest_names_find(names, &which));
	vcpu = make_vcpu(0, 0);
	vcpu.flags = VCPU_INFO_F_NESTED;
	assert_null(guest_names_find(names, &which));
	/* for none of them the guest's memory was looked at */
	assert_int_equal(fake_vm.memory_asked, 0);
	/* a vCPU that runs has a name once the kernel is known by another one */
	assert_string_equal(name_of(names, fake_address(&fake_vm.guest, "leaf"), 0), "leaf");
	vcpu = make_vcpu(0, fake_address(&fake_vm.guest, "worker") + 5);
	vcpu.valid &= ~(1U << VCPU_INFO_REG_CR3 | 1U << VCPU_INFO_REG_CR0);
	vcpu.regs[VCPU_INFO_REG_CR0] = 0;
	assert_string_equal(guest_names_find(names, &which)->name, "worker");
	assert_null(guest_names_look(names, &which, true, &look));
	end(names);
}

/* Where the page tables are another vCPU tells. */
static void by_another_vcpu(void **state)
{
	struct guest_names *names = start(FAKE_6_12);
	struct vcpu_info_host_vcpu vcpu = make_vcpu(0, 0);
	struct guest_vcpu which = { getpid(), 10, 0, &vcpu };

	(void)state;
	vcpu.valid &= ~(1U << VCPU_INFO_REG_CR3);
	assert_null(guest_names_find(names, &which));
	assert_int_equal(fake_vm.memory_asked, 0);
	has_root = true;
	assert_string_equal(guest_names_find(names, &which)->name, "leaf");
	end(names);
}

static void another_boot(void **state)
{
	struct guest_names *names = start(FAKE_6_12);
	uint64_t leaf = fake_address(&fake_vm.guest, "leaf");
	char *banner = fake_at(&fake_vm.guest, fake_address(&fake_vm.guest, "linux_banner"));

	(void)state;
	assert_string_equal(name_of(names, leaf, 0), "leaf");
	banner[20] ^= 1;
	fake_vm.now += NS_PER_SEC / 2;
	assert_string_equal(name_of(names, leaf, 0), "leaf");
	assert_int_equal(fake_vm.memory_asked, 1);
	fake_vm.now += NS_PER_SEC;
	/* it is seen, and the kernel is looked for anew */
	assert_string_equal(name_of(names, leaf, 0), "leaf");
	assert_int_equal(fake_vm.memory_asked, 3);
	end(names);
}

/* Records may be of the boot before. */
static void old_records(void **state)
{
	struct guest_names *names = start(FAKE_7_0);
	uint64_t leaf = fake_address(&fake_vm.guest, "leaf");

	(void)state;
	assert_string_equal(name_of(names, leaf, 99 * NS_PER_SEC), "leaf");
	assert_null(name_of(names, leaf, 101 * NS_PER_SEC));
	assert_null(name_of(names, leaf, UINT64_MAX));
	end(names);
}

static void no_kernel(void **state)
{
	struct guest_names *names = start(FAKE_6_1);
	uint64_t leaf = fake_address(&fake_vm.guest, "leaf");

	(void)state;
	memset(fake_vm.guest.ram, 0, fake_vm.guest.size);
	for (int i = 0; i < 20; i++)
		assert_null(name_of(names, leaf + i, 0));
	assert_int_equal(fake_vm.memory_asked, 4);
	fake_vm.now += 2 * NS_PER_SEC;
	assert_null(name_of(names, leaf, 0));
	assert_int_equal(fake_vm.memory_asked, 5);
	end(names);
}

static void no_memory(void **state)
{
	struct guest_names *names = start(FAKE_6_1);
	struct vcpu_info_host_vcpu vcpu = make_vcpu(0, 0);
	struct guest_vcpu which = { getpid(), NO_SUCH_FD, 0, &vcpu };

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_null(guest_names_find(names, &which));
	assert_int_equal(fake_vm.memory_asked, 4);
	end(names);
}

/* One kernel costs much, and those of all VMs more than there is time for. */
static void time_is_bounded(void **state)
{
	struct guest_names *names = start(FAKE_6_1);
	struct vcpu_info_host_vcpu vcpu = make_vcpu(0, 0);
	struct guest_vcpu first = { getpid(), 10, 0, &vcpu };
	struct guest_vcpu other = { getpid(), 12, 0, &vcpu };

	(void)state;
	cost = NS_PER_SEC;
	assert_non_null(guest_names_find(names, &first));
	fake_vm.now += NS_PER_SEC;
	assert_null(guest_names_find(names, &other));
	assert_int_equal(fake_vm.memory_asked, 1);
	fake_vm.now += 3 * NS_PER_SEC;
	assert_non_null(guest_names_find(names, &other));
	assert_int_equal(fake_vm.memory_asked, 2);
	end(names);
}

static void moved_memory(void **state)
{
	struct guest_names *names = start(FAKE_6_1);
	uint64_t leaf = fake_address(&fake_vm.guest, "leaf");

	(void)state;
	assert_string_equal(name_of(names, leaf, 0), "leaf");
	moved = GUEST_PAGE_SIZE;
	fake_vm.now += 2 * NS_PER_SEC;
	assert_string_equal(name_of(names, leaf, 0), "leaf");
	assert_int_equal(fake_vm.memory_asked, 3);
	end(names);
}

static void looks(void **state)
{
	struct guest_names *names = start(FAKE_7_0);
	struct vcpu_info_host_vcpu vcpu = make_vcpu(0, 0);
	struct guest_vcpu which = { getpid(), 10, 0, &vcpu };

	(void)state;
	fake_vm.still = true;
	assert_null(guest_names_look(names, &which, true, &look));
	assert_true(look.has_task && look.exact && !look.user);
	assert_string_equal(look.task.comm, "kworker/?[0:1");
	assert_string_equal(look.place.name, "leaf");
	assert_int_equal(look.stack.nr, 7);
	assert_string_equal(look.stack.frames[6].place.name, "ret_from_fork_asm");
	assert_int_equal(strncmp(look.banner, "Linux version ", 14), 0);
	fake_vm.still = false;
	assert_null(guest_names_look(names, &which, true, &look));
	assert_false(look.exact);
	/* user mode, and no stack wanted */
	vcpu = make_vcpu(1, 0);
	assert_null(guest_names_look(names, &which, false, &look));
	assert_true(look.user && look.has_task);
	assert_string_equal(look.task.comm, "mysqld");
	assert_string_equal(look.place.name, "");
	assert_int_equal(look.stack.nr, 0);
	vcpu.state = VCPU_INFO_STATE_NEVER_RUN;
	assert_string_equal(guest_names_look(names, &which, true, &look),
			    "the vCPU has not been started");
	end(names);
}

/* The stack of a vCPU that runs is exact if it came with the sample. */
static void stack_of_moment(void **state)
{
	static struct vcpu_info_host_stack stack;
	struct vcpu_info_host_vcpu vcpu = make_vcpu(0, 0);
	const struct guest_vcpu which = {
		.vm_pid = getpid(), .vm_fd = 10, .vcpu = &vcpu,
	};
	struct guest_names *names = start(FAKE_6_12);
	struct vm_sample sample = {
		.pid = getpid(), .fd = 10, .vcpus = &vcpu, .nr = 1,
	};

	(void)state;
	vcpu.state = VCPU_INFO_STATE_GUEST;
	vcpu.regs[VCPU_INFO_REG_RIP] = fake_address(&fake_vm.guest, "kthread") + 4;
	vcpu.regs[VCPU_INFO_REG_RSP] = 0xffffc90000003fe8;
	guest_names_want_stacks(names, &sample);
	assert_int_equal(sample.stack_levels, 0);
	assert_null(guest_names_look(names, &which, true, &look));
	assert_int_equal(look.stack.nr, 2);
	assert_false(look.exact);
	/* now it is known where its stacks are */
	guest_names_want_stacks(names, &sample);
	assert_int_equal(sample.stack_levels, 4);
	assert_int_equal(sample.stack_root, look.stack_root);
	stack.address = vcpu.regs[VCPU_INFO_REG_RSP];
	stack.len = 24;
	memcpy(stack.data, (uint8_t *)fake_at(&fake_vm.guest, 0xffffc90000003000) + 0xfe8, 24);
	memset(fake_at(&fake_vm.guest, 0xffffc90000003000), 0, GUEST_PAGE_SIZE);
	assert_null(guest_names_look(names, &which, true, &look));
	assert_int_equal(look.stack.nr, 1);
	sample.stacks = &stack;
	guest_names_use_stacks(names, &sample);
	assert_null(guest_names_look(names, &which, true, &look));
	assert_int_equal(look.stack.nr, 2);
	assert_true(look.exact);
	/* that of another moment is not used, nor is one later on */
	stack.address -= 8;
	assert_null(guest_names_look(names, &which, true, &look));
	assert_int_equal(look.stack.nr, 1);
	stack.address += 8;
	guest_names_use_stacks(names, NULL);
	assert_null(guest_names_look(names, &which, true, &look));
	assert_false(look.exact);
	end(names);
}

struct found_looks {
	const char *why[40];
	size_t frames[40];
	bool exact[40];
	size_t nr;
};

static void note_look(void *arg, size_t index, const char *why,
		      const struct guest_look *what)
{
	struct found_looks *found = arg;

	assert_true(index < ARRAY_SIZE(found->why));
	assert_null(found->why[index]);
	found->why[index] = why ?: "found";
	found->frames[index] = what->stack.nr;
	found->exact[index] = what->exact;
	found->nr++;
	if (!why && what->user)
		assert_string_equal(what->task.comm, "mysqld");
	else if (!why)
		assert_string_equal(what->stack.frames[0].place.name, "leaf");
}

static void check_looks(struct guest_names *names,
			const struct vcpu_info_host_vcpu *const *vcpus, size_t nr)
{
	struct found_looks found = { 0 };

	guest_names_look_all(names, getpid(), 10, vcpus, nr, note_look, &found);
	assert_int_equal(found.nr, nr);
	for (size_t i = 0; i < nr; i++) {
		if (vcpus[i]->state == VCPU_INFO_STATE_NEVER_RUN) {
			assert_string_equal(found.why[i],
					    "the vCPU has not been started");
			continue;
		}
		assert_string_equal(found.why[i], "found");
		assert_int_equal(found.frames[i], vcpus[i]->vcpu_id ? 1 : 7);
		assert_int_equal(found.exact[i], !guest_runs(vcpus[i]));
	}
}

/* At once what is found one by one */
static void looks_at_once(void **state)
{
	const struct vcpu_info_host_vcpu *vcpus[40];
	struct vcpu_info_host_vcpu kinds[4];
	struct guest_names *names = start(FAKE_6_12);
	struct found_looks found = { 0 };
	char *banner = fake_at(&fake_vm.guest, fake_address(&fake_vm.guest, "linux_banner"));

	(void)state;
	fake_vm.still = true;
	for (int i = 0; i < 4; i++)
		kinds[i] = make_vcpu(i == 1, 0);
	kinds[2].state = VCPU_INFO_STATE_NEVER_RUN;
	kinds[3].state = VCPU_INFO_STATE_GUEST;
	for (size_t i = 0; i < ARRAY_SIZE(vcpus); i++)
		vcpus[i] = &kinds[i % 4];
	for (size_t nr = 0; nr <= ARRAY_SIZE(vcpus); nr++)
		check_looks(names, vcpus, nr);
	assert_int_equal(fake_vm.memory_asked, 1);
	/* another boot in between is seen, and no question is lost */
	banner[20] ^= 1;
	fake_vm.now += NS_PER_SEC;
	check_looks(names, vcpus, ARRAY_SIZE(vcpus));
	assert_int_equal(fake_vm.memory_asked, 3);
	end(names);
	guest_names_look_all(NULL, getpid(), 10, vcpus, 4, note_look, &found);
	assert_int_equal(found.nr, 4);
	assert_string_not_equal(found.why[0], "found");
}

static void without_names(void **state)
{
	struct vcpu_info_host_vcpu vcpu = { .state = VCPU_INFO_STATE_GUEST };
	struct guest_vcpu which = { getpid(), 10, 0, &vcpu };

	(void)state;
	assert_null(guest_names_find(NULL, &which));
	assert_non_null(guest_names_look(NULL, &which, true, &look));
	guest_names_free(NULL);
}

/* What comes from the child is believed no more than the guest. */
static bool fits(struct named_stack *stack, size_t len)
{
	static struct named_stack copy;
	bool taken = named_stack_take(&copy, stack, len);

	assert_int_equal(named_stack_check(stack, len), taken);
	for (size_t i = 0; taken && i < stack->nr; i++) {
		assert_string_equal(copy.frames[i].place.name,
				    stack->frames[i].place.name);
		assert_string_equal(copy.frames[i].place.module,
				    stack->frames[i].place.module);
	}
	return taken;
}

static void bad_stacks(void **state)
{
	static struct named_stack stack;

	(void)state;
	stack = (struct named_stack){ .nr = 2, .end = END_USER };
	assert_true(fits(&stack, named_stack_len(&stack)));
	assert_false(fits(&stack, named_stack_len(&stack) - 1));
	assert_false(fits(&stack, 3));
	memset(stack.frames[1].place.name, 'x', NAMED_SIZE);
	memset(stack.frames[1].place.module, 'x', GUEST_MODULE_NAME);
	assert_true(fits(&stack, named_stack_len(&stack)));
	assert_int_equal(strlen(stack.frames[1].place.name), NAMED_SIZE - 1);
	assert_int_equal(strlen(stack.frames[1].place.module),
			 GUEST_MODULE_NAME - 1);
	strcpy(stack.frames[0].place.name, "a\033[2Jb\n");
	strcpy(stack.frames[0].place.module, "\302\233c\177");
	assert_true(fits(&stack, named_stack_len(&stack)));
	assert_string_equal(stack.frames[0].place.name, "a?[2Jb?");
	assert_string_equal(stack.frames[0].place.module, "?c?");
	stack.frames[0].frame.stack = STACK_OTHER + 1;
	assert_false(fits(&stack, named_stack_len(&stack)));
	stack.frames[0].frame.stack = STACK_TASK;
	stack.end = END_LIMIT + 1;
	assert_false(fits(&stack, named_stack_len(&stack)));
	stack.end = END_USER;
	stack.nr = GUEST_MAX_FRAMES + 1;
	assert_false(fits(&stack, named_stack_len(&stack)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions),
		cmocka_unit_test(without_paging),
		cmocka_unit_test(by_another_vcpu),
		cmocka_unit_test(another_boot),
		cmocka_unit_test(old_records),
		cmocka_unit_test(no_kernel),
		cmocka_unit_test(no_memory),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test(moved_memory),
		cmocka_unit_test(looks),
		cmocka_unit_test(stack_of_moment),
		cmocka_unit_test(looks_at_once),
		cmocka_unit_test(guest_cpus),
		cmocka_unit_test(without_names),
		cmocka_unit_test(bad_stacks),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
