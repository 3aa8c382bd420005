// SPDX-License-Identifier: GPL-2.0
/*
 * 'stack' and 'symbols': options, what they print of a fake guest, and the two
 * processes that share the work.
 */
#include <pthread.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

#include "cmd/commands.h"
#include "fake-btf.h"
#include "fake-linux.h"
#include "introspect/remote.h"
#include "introspect/turn.h"
#include "print/stack.h"
#include "support.h"
#include "vm/guest-child.h"

static struct fake_linux fake;

static enum opt_outcome parse(struct stack_params *params, struct opt_parser *op,
			      const char *a, const char *b)
{
	static char *argv[4];

	argv[0] = (char *)"stack";
	argv[1] = (char *)a;
	argv[2] = (char *)b;
	return stack_parse(op, b ? 3 : 2, argv, params);
}

static void options(void **state)
{
	struct stack_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse(&params, &op, "web", "--json"), OPT_RUN);
	assert_true(params.json);
	assert_int_equal(params.count, 1);
	assert_int_equal(params.interval_ns, 1000000000);
	assert_true(select_has_vm(&params.select, 1, 2, "web", "qemu"));
	assert_false(select_has_vm(&params.select, 1, 2, "db", "qemu"));
	select_free(&params.select);
	assert_int_equal(parse(&params, &op, "--interval=20ms", "--count=3"), OPT_RUN);
	assert_int_equal(params.count, 3);
	assert_int_equal(params.interval_ns, 20000000);
	assert_int_equal(parse(&params, &op, "--count=0", NULL), OPT_BAD);
	assert_string_equal(op.err, "--count takes a number from 1 on");
	assert_int_equal(parse(&params, &op, "--interval=1ms", NULL), OPT_BAD);
	assert_int_equal(parse(&params, &op, "--vcpu=x", NULL), OPT_BAD);
	assert_int_equal(parse(&params, &op, "--help", NULL), OPT_HELP);
	assert_int_equal(parse(&params, &op, "--wrong", NULL), OPT_BAD);
}

static void symbols_options(void **state)
{
	char *argv[4] = { NULL };
	struct opt_parser op;
	struct select select;

	(void)state;
	argv[0] = (char *)"symbols";
	argv[1] = (char *)"web";
	assert_int_equal(symbols_parse(&op, 2, argv, &select), OPT_RUN);
	assert_true(select_has_vm(&select, 1, 2, "web", "qemu"));
	select_free(&select);
	argv[2] = (char *)"db";
	assert_int_equal(symbols_parse(&op, 3, argv, &select), OPT_BAD);
	argv[1] = NULL;
	assert_int_equal(symbols_parse(&op, 1, argv, &select), OPT_BAD);
	assert_string_equal(op.err, "give one VM: its name, PID or PID:FD");
}

static enum opt_outcome parse_dmesg(struct dmesg_params *params,
				    struct opt_parser *op, const char *one,
				    const char *two)
{
	char *argv[4] = { (char *)"dmesg", (char *)one, (char *)two };

	return dmesg_parse(op, two ? 3 : 2, argv, params);
}

static void dmesg_options(void **state)
{
	struct dmesg_params params;
	struct opt_parser op;

	(void)state;
	assert_int_equal(parse_dmesg(&params, &op, "web", "-l5"), OPT_RUN);
	assert_string_equal(op.note, "");
	assert_true(select_has_vm(&params.select, 1, 2, "web", "qemu"));
	assert_int_equal(params.last, 5);
	assert_false(params.json);
	select_free(&params.select);
	assert_int_equal(parse_dmesg(&params, &op, "--json", "web"), OPT_RUN);
	assert_true(params.json);
	select_free(&params.select);
	/* what it was called before */
	assert_int_equal(parse_dmesg(&params, &op, "web", "-n6"), OPT_RUN);
	assert_int_equal(params.last, 6);
	assert_string_equal(op.note, "-n is now --last; the old letter will go with the next release");
	select_free(&params.select);
	assert_int_equal(parse_dmesg(&params, &op, "web", "--lines=7"), OPT_RUN);
	assert_int_equal(params.last, 7);
	assert_string_equal(op.note, "--lines is now --last; the old name will go with the next release");
	select_free(&params.select);
	assert_int_equal(parse_dmesg(&params, &op, "web", "--last=0"), OPT_BAD);
	assert_string_equal(op.err, "invalid number '0' (1 to 1000000)");
	assert_int_equal(parse_dmesg(&params, &op, "web", "--help"), OPT_HELP);
	assert_int_equal(parse_dmesg(&params, &op, "web", "db"), OPT_BAD);
	select_free(&params.select);
	assert_int_equal(parse_dmesg(&params, &op, "--json", NULL), OPT_BAD);
	assert_string_equal(op.err, "give one VM: its name, PID or PID:FD");
}

static struct vm vm = {
	.vmm = { .pid = 200, .comm = "qemu", .vm = { .vmm = "qemu", .name = "web" } },
	.fd = 10,
};

struct printing {
	struct guest_kernel *kernel;
	bool json;
};

/* A vCPU in an interrupt, one in user mode, one without a stack. */
static int print_all(void *arg)
{
	const struct printing *printing = arg;
	static struct guest_stack stack;
	static struct named_stack named;

	for (int i = 0; i < 3; i++) {
		const struct guest_cpu *cpu;
		struct guest_task task;
		struct stack_record record = {
			.vm = &vm, .vcpu_id = 2 * i,
			.state = VCPU_INFO_STATE_HALTED,
			.view = { .kernel = printing->kernel->banner, .exact = !i },
		};

		cpu = guest_kernel_cpu(printing->kernel, 2 * i);
		if (cpu && guest_task_current(printing->kernel, cpu, &task)) {
			record.view.task = &task;
			record.view.stack = &named;
			record.view.user = guest_is_user(&fake.registers[i]);
			guest_stack_of_cpu(printing->kernel, cpu, &task,
					   &fake.registers[i], NULL,
					   &stack);
			named_stack_make(printing->kernel, &stack, &named);
		} else {
			record.state = 0;
			record.view.why = "the vCPU has not been started";
		}
		if (printing->json)
			stack_print_json(stdout, &record);
		else
			stack_print_text(stdout, &record);
	}
	return 0;
}

static void output(bool json, const char *golden)
{
	struct printing printing = { .json = json };
	struct captured cap;

	fake_linux_make(&fake, FAKE_7_0, 0);
	assert_int_equal(guest_kernel_open(&printing.kernel, &fake.memory,
					   &fake.registers[0]), KERNEL_OK);
	cap = capture(print_all, &printing);
	golden_check(golden, cap.out);
	captured_free(&cap);
	guest_kernel_close(printing.kernel);
	fake_linux_free(&fake);
}

static void text(void **state)
{
	(void)state;
	output(false, "stack.text");
}

static void json(void **state)
{
	(void)state;
	output(true, "stack.json");
}

static void registers(void **state)
{
	struct vcpu_info_host_vcpu vcpu = {
		.have = VCPU_INFO_HAVE_STATE, .valid = (1 << VCPU_INFO_NR_REGS) - 1,
	};
	struct guest_registers r;

	(void)state;
	for (int i = 0; i < VCPU_INFO_NR_REGS; i++)
		vcpu.regs[i] = 100 + i;
	assert_true(guest_registers(&vcpu, &r));
	assert_int_equal(r.r[PT_REG_AX], 100 + VCPU_INFO_REG_RAX);
	assert_int_equal(r.r[PT_REG_SP], 100 + VCPU_INFO_REG_RSP);
	assert_int_equal(r.r[PT_REG_R15], 100 + VCPU_INFO_REG_R15);
	assert_int_equal(r.r[PT_REG_IP], 100 + VCPU_INFO_REG_RIP);
	assert_int_equal(r.cr3, 100 + VCPU_INFO_REG_CR3);
	vcpu.valid &= ~(1U << VCPU_INFO_REG_RSP);
	assert_false(guest_registers(&vcpu, &r));
	vcpu.valid = UINT32_MAX;
	vcpu.have = 0;
	assert_false(guest_registers(&vcpu, &r));
}

/* A server of this process's own memory. */
static uint8_t pages[600 << 10];
static struct guest_slot slot = { .size = sizeof(pages) };

static bool sample(void *arg, int vcpu_id, struct vcpu_info_host_vcpu **vcpus,
		   size_t *nr)
{
	(void)arg;
	*nr = vcpu_id < 0 ? 2 : 1;
	*vcpus = vcpu_id > 5 ? NULL : calloc(*nr, sizeof(**vcpus));
	if (*vcpus)
		(*vcpus)[0].vcpu_id = vcpu_id;
	return *vcpus;
}

/* Of vCPU 4 the stack is copied, by a table at 0x5000 alone. */
static bool sample_stack(void *arg, int vcpu_id, uint64_t root, int levels,
			 struct vcpu_info_host_vcpu *vcpu,
			 struct vcpu_info_host_stack *stack)
{
	(void)arg;
	*vcpu = (struct vcpu_info_host_vcpu){ .vcpu_id = vcpu_id };
	if (vcpu_id == 4 && root == 0x5000 && levels == 4) {
		stack->address = 0xffffc90000003ff0;
		stack->len = 16;
		memcpy(stack->data, "0123456789abcdef", 16);
	}
	return vcpu_id <= 5;
}

/* The CPU has gone on to another task than the one whose stack it was on. */
static void task_by_stack(void **state)
{
	struct guest_seen_tasks seen = { 0 };
	struct guest_registers where;
	const struct guest_cpu *first, *second;
	struct guest_kernel *kernel;
	struct guest_task task;

	(void)state;
	fake_linux_make(&fake, FAKE_6_12, 0);
	assert_int_equal(guest_kernel_open(&kernel, &fake.memory, &fake.registers[0]),
			 KERNEL_OK);
	first = guest_kernel_cpu(kernel, 0);
	second = guest_kernel_cpu(kernel, 2);
	where = fake.registers[0];
	where.r[PT_REG_SP] = 0xffffc90000003e00;
	/* never seen: the one that runs */
	assert_true(guest_task_of_cpu(kernel, second, &where, &seen, &task));
	assert_int_equal(task.pid, 12);
	assert_true(guest_task_of_cpu(kernel, first, &where, &seen, &task));
	assert_int_equal(task.pid, 7);
	assert_true(guest_task_of_cpu(kernel, second, &where, &seen, &task));
	assert_int_equal(task.pid, 7);
	assert_int_equal(task.stack, 0xffffc90000000000);
	/* in user mode the stack pointer is the program's */
	assert_true(guest_task_of_cpu(kernel, second, &fake.registers[1], &seen, &task));
	assert_int_equal(task.pid, 12);
	/* it has ended, and its memory is another one's */
	*(int32_t *)fake_at(&fake, task.address - 0x200 + FAKE_TASK_PID) = 99;
	*(uint64_t *)fake_at(&fake, task.address - 0x200 + FAKE_TASK_STACK) += 1 << 20;
	assert_true(guest_task_of_cpu(kernel, second, &where, &seen, &task));
	assert_int_equal(task.pid, 12);
	guest_kernel_close(kernel);
	fake_linux_free(&fake);
}

static struct remote_client client;

static void *serve(void *arg)
{
	struct remote_server server = {
		.fd = *(int *)arg, .pid = getpid(), .slots = &slot, .nr_slots = 1,
		.sample = sample, .sample_stack = sample_stack,
		.shared = client.shared,
	};

	remote_serve(&server);
	close(server.fd);
	return NULL;
}

/* A server in a thread, which ends by itself */
static void start_server(pthread_t *thread, int *fds)
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	client = (struct remote_client){
		.fd = fds[1], .by_socket = true, .shared = remote_share(),
	};
	assert_non_null(client.shared);
	assert_int_equal(pthread_create(thread, NULL, serve, &fds[0]), 0);
}

static void end_server(pthread_t thread)
{
	pthread_join(thread, NULL);
	close(client.fd);
	remote_unshare(client.shared);
}

static void remote(void **state)
{
	static uint8_t copy[sizeof(pages)];
	static struct vcpu_info_host_stack stack;
	struct vcpu_info_host_vcpu *vcpus, vcpu;
	uint64_t start = (uintptr_t)pages;
	pthread_t thread;
	int fds[2];
	size_t nr;

	(void)state;
	slot.where = start;
	for (size_t i = 0; i < sizeof(pages); i++)
		pages[i] = i * 7 >> 3;
	start_server(&thread, fds);
	/* in parts */
	assert_true(remote_read(&client, start, copy, sizeof(copy)));
	assert_memory_equal(copy, pages, sizeof(copy));
	assert_true(remote_read(&client, start + 5, copy, 3));
	assert_memory_equal(copy, pages + 5, 3);
	assert_true(remote_sample(fds[1], -1, &vcpus, &nr));
	assert_int_equal(nr, 2);
	free(vcpus);
	assert_true(remote_sample(fds[1], 4, &vcpus, &nr));
	assert_int_equal(vcpus[0].vcpu_id, 4);
	free(vcpus);
	assert_false(remote_sample(fds[1], 6, &vcpus, &nr));
	assert_true(remote_sample_stack(fds[1], 4, 0x5000, 4, &vcpu, &stack));
	assert_int_equal(vcpu.vcpu_id, 4);
	assert_int_equal(stack.len, 16);
	assert_memory_equal(stack.data, "0123456789abcdef", 16);
	assert_true(remote_sample_stack(fds[1], 5, 0x5000, 4, &vcpu, &stack));
	assert_int_equal(vcpu.vcpu_id, 5);
	assert_int_equal(stack.len, 0);
	assert_false(remote_sample_stack(fds[1], 6, 0x5000, 4, &vcpu, &stack));
	assert_false(remote_sample_stack(fds[1], 4, 0x5000, 6, &vcpu, &stack));
	/* what is not the guest's is not served, and nothing after that */
	assert_false(remote_read(&client, start + sizeof(pages) - 4, copy, 5));
	assert_false(remote_read(&client, start, copy, 1));
	end_server(thread);
}

static void remote_refuses(void **state)
{
	const struct {
		uint64_t where;
		size_t len;
	} bad[] = {
		{ (uintptr_t)&slot, 8 }, { 0, 8 }, { UINT64_MAX, 8 },
		{ (uintptr_t)pages - 1, 2 },
	};
	uint8_t copy[16];

	(void)state;
	slot.where = (uintptr_t)pages;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		pthread_t thread;
		int fds[2];

		start_server(&thread, fds);
		assert_false(remote_read(&client, bad[i].where, copy, bad[i].len));
		end_server(thread);
	}
}

/* Answers with the bytes at two places of the memory, and how many came along. */
static void *answer(void *arg)
{
	(void)arg;
	while (remote_wait(&client)) {
		while (client.at < client.nr) {
			const struct remote_slot *asked = &client.shared[client.at];
			uint8_t *found = remote_room(&client);
			uint64_t places[2];

			memcpy(found, (uint8_t[]){ 0, 0, asked->ahead.nr }, 3);
			memcpy(places, asked->question, sizeof(places));
			for (int i = 0; i < 2; i++)
				remote_read(&client, places[i], &found[i], 1);
			if (!remote_answered(&client, 3))
				break;
		}
		if (!remote_done(&client))
			break;
	}
	close(client.fd);
	return NULL;
}

struct asking {
	struct remote_server server;
	pthread_t thread;
};

static void start_other(struct asking *asking, void *(*other)(void *arg), void *arg)
{
	int fds[2];

	slot.where = (uintptr_t)pages;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	asking->server = (struct remote_server){
		.fd = fds[0], .pid = getpid(), .slots = &slot, .nr_slots = 1,
		.shared = remote_share(),
	};
	assert_non_null(asking->server.shared);
	client = (struct remote_client){
		.fd = fds[1], .shared = asking->server.shared,
	};
	assert_int_equal(pthread_create(&asking->thread, NULL, other, arg), 0);
}

static void start_asking(struct asking *asking)
{
	start_other(asking, answer, NULL);
}

static void end_asking(struct asking *asking)
{
	remote_end(&asking->server);
	pthread_join(asking->thread, NULL);
	close(asking->server.fd);
	remote_unshare(asking->server.shared);
}

static void expect_answer(const struct asking *asking, uint32_t which, uint8_t a,
			  uint8_t b, uint8_t along)
{
	size_t len;
	const uint8_t *found = remote_answer_of(&asking->server, which, &len);

	assert_int_equal(len, 3);
	assert_int_equal(found[0], a);
	assert_int_equal(found[1], b);
	assert_int_equal(found[2], along);
}

static void remote_ahead(void **state)
{
	struct remote_reads ahead = { 0 };
	uint64_t start = (uintptr_t)pages;
	uint64_t places[2] = { start + 7, start + 5000 };
	struct asking asking;

	(void)state;
	start_asking(&asking);
	asking.server.ahead[0] = &ahead;
	memcpy(asking.server.shared[0].question, places, sizeof(places));
	pages[7] = 1;
	pages[5000] = 2;
	assert_true(remote_ask(&asking.server, 1));
	expect_answer(&asking, 0, 1, 2, 0);
	assert_int_equal(ahead.nr, 2);
	/* what is there now, not what was there the last time */
	pages[5000] = 3;
	assert_true(remote_ask(&asking.server, 1));
	expect_answer(&asking, 0, 1, 3, 2);
	assert_int_equal(ahead.nr, 2);
	/* another place: the one that was of no use is forgotten */
	places[0] = start + 9;
	memcpy(asking.server.shared[0].question, places, sizeof(places));
	pages[9] = 4;
	assert_true(remote_ask(&asking.server, 1));
	expect_answer(&asking, 0, 4, 3, 2);
	assert_int_equal(ahead.nr, 2);
	assert_true(remote_ask(&asking.server, 1));
	expect_answer(&asking, 0, 4, 3, 2);
	/* memory that is no longer the guest's is not read */
	ahead.ranges[0].where = start + sizeof(pages);
	assert_true(remote_ask(&asking.server, 1));
	expect_answer(&asking, 0, 4, 3, 0);
	assert_int_equal(ahead.nr, 2);
	end_asking(&asking);
}

static void remote_many(void **state)
{
	static struct remote_reads ahead[REMOTE_QUESTIONS];
	uint64_t start = (uintptr_t)pages;
	struct asking asking;

	(void)state;
	start_asking(&asking);
	for (uint32_t i = 0; i < REMOTE_QUESTIONS; i++) {
		const uint64_t places[2] = { start + 100 * i, start + 5000 + i };

		memcpy(asking.server.shared[i].question, places, sizeof(places));
		pages[100 * i] = i;
		pages[5000 + i] = 2 * i;
		/* one is always read anew */
		asking.server.ahead[i] = i == 3 ? NULL : &ahead[i];
	}
	for (int round = 0; round < 3; round++) {
		assert_true(remote_ask(&asking.server, REMOTE_QUESTIONS));
		for (uint32_t i = 0; i < REMOTE_QUESTIONS; i++)
			expect_answer(&asking, i, i, 2 * i,
				      round && i != 3 ? 2 : 0);
	}
	/* fewer, and of one what was read is the guest's no longer */
	ahead[1].ranges[0].where = start + sizeof(pages);
	assert_true(remote_ask(&asking.server, 3));
	expect_answer(&asking, 0, 0, 0, 2);
	expect_answer(&asking, 1, 1, 2, 0);
	expect_answer(&asking, 2, 2, 4, 2);
	end_asking(&asking);
}

/* Memory that the process no longer has: what comes before it is of use. */
static void remote_unmapped(void **state)
{
	static struct remote_reads ahead[3];
	const size_t size = 3 * 4096;
	uint8_t *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct guest_slot old = slot;
	struct asking asking;

	(void)state;
	assert_true(memory != MAP_FAILED);
	start_asking(&asking);
	slot = (struct guest_slot){ .where = (uintptr_t)memory, .size = size };
	for (uint32_t i = 0; i < 3; i++) {
		const uint64_t places[2] = { slot.where + 4096 * i,
					     slot.where + 4096 * i + 9 };

		memcpy(asking.server.shared[i].question, places, sizeof(places));
		memory[4096 * i + 9] = 5;
		asking.server.ahead[i] = &ahead[i];
	}
	assert_true(remote_ask(&asking.server, 3));
	assert_int_equal(munmap(memory + 4096, 4096), 0);
	assert_true(remote_ask(&asking.server, 3));
	expect_answer(&asking, 0, 0, 5, 2);
	expect_answer(&asking, 1, 0, 0, 0);
	expect_answer(&asking, 2, 0, 5, 0);
	assert_int_equal(ahead[1].nr, 0);
	assert_int_equal(ahead[2].nr, 2);
	end_asking(&asking);
	munmap(memory, size);
	slot = old;
}

/* The other side may have been taken over by the guest: it is believed in nothing. */
static void remote_lies(void **state)
{
	static const uint32_t lies[] = { 0, REMOTE_ANSWER + 1, UINT32_MAX };
	struct asking asking;
	size_t len = 1;

	(void)state;
	asking.server = (struct remote_server){ .shared = remote_share() };
	for (size_t i = 0; i < ARRAY_SIZE(lies); i++) {
		asking.server.shared[0].answer_len = lies[i];
		assert_null(remote_answer_of(&asking.server, 0, &len));
		assert_int_equal(len, 0);
	}
	remote_unshare(asking.server.shared);
}

/* It ends in the middle of a question, or says what means nothing. */
static void *fall_silent(void *arg)
{
	const uint32_t *says = arg;

	if (remote_wait(&client) && says)
		turn_give(&client.shared->turn, *says, TURN_ASKS);
	close(client.fd);
	return NULL;
}

static bool stop_now(void)
{
	return true;
}

static void remote_silent(void **state)
{
	static const uint32_t nonsense = 12345;
	struct asking asking;

	(void)state;
	for (int i = 0; i < 2; i++) {
		start_other(&asking, fall_silent, i ? (void *)&nonsense : NULL);
		assert_false(remote_ask(&asking.server, 1));
		end_asking(&asking);
	}
	/* nobody waits for an answer any more */
	asking.server = (struct remote_server){
		.fd = -1, .shared = remote_share(), .stop = stop_now,
	};
	assert_false(remote_ask(&asking.server, 0));
	remote_unshare(asking.server.shared);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options),
		cmocka_unit_test(symbols_options),
		cmocka_unit_test(dmesg_options),
		cmocka_unit_test(text),
		cmocka_unit_test(json),
		cmocka_unit_test(registers),
		cmocka_unit_test(task_by_stack),
		cmocka_unit_test(remote),
		cmocka_unit_test(remote_refuses),
		cmocka_unit_test(remote_ahead),
		cmocka_unit_test(remote_many),
		cmocka_unit_test(remote_unmapped),
		cmocka_unit_test(remote_lies),
		cmocka_unit_test(remote_silent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
