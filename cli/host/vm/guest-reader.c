// SPDX-License-Identifier: GPL-2.0
#include <stdlib.h>
#include <string.h>

#include "introspect/remote.h"
#include "vm/guest-child.h"
#include "vm/guest-reader.h"

/* So many questions may take GUEST_CHILD_SECONDS. */
#define QUESTIONS	64

struct reader {
	struct remote_client client;
	struct guest_memory memory;
	struct guest_kernel *kernel;
	struct guest_stack_copy copy;
	struct guest_stack stack;
	struct guest_seen_tasks seen;
	struct guest_look *look;
};

static void find_kernel(struct reader *reader, const struct question *question)
{
	struct guest_look *look = reader->look;
	struct guest_registers root;

	if (reader->kernel && question->wants & WANT_CHECK &&
	    !guest_kernel_refresh(reader->kernel)) {
		guest_kernel_close(reader->kernel);
		reader->kernel = NULL;
		reader->seen = (struct guest_seen_tasks){ 0 };
	}
	look->error = KERNEL_OK;
	if (reader->kernel)
		return;
	look->error = KERNEL_NO_IMAGE;
	if (question->wants & WANT_OPEN &&
	    guest_registers(&question->root, &root))
		look->error = guest_kernel_open(&reader->kernel, &reader->memory,
						&root);
}

static void look_at_task(struct reader *reader, const struct question *question,
			 const struct guest_registers *registers)
{
	const struct guest_cpu *cpu =
		guest_kernel_cpu(reader->kernel, question->vcpu.vcpu_id);
	struct guest_look *look = reader->look;

	if (cpu)
		look->cpu = cpu - reader->kernel->cpus;
	look->has_task = cpu && guest_task_of_cpu(reader->kernel, cpu, registers,
						  &reader->seen, &look->task);
	if (!(question->wants & WANT_STACK))
		return;
	guest_stack_of_cpu(reader->kernel, cpu,
			   look->has_task ? &look->task : NULL, registers,
			   &reader->copy, &reader->stack);
	look->of_moment = reader->stack.of_moment;
	named_stack_make(reader->kernel, &reader->stack, &look->stack);
}

/* What the module has copied, if it was by the page table of this kernel */
static void use_moment(struct reader *reader, const struct question *question)
{
	const struct remote_client *client = &reader->client;
	const struct vcpu_info_host_stack *moment = &client->shared[client->at].moment;

	reader->copy.moment = NULL;
	if (reader->kernel && question->wants & WANT_STACK && moment->len &&
	    question->stack_root == reader->kernel->paging.root)
		reader->copy.moment = moment;
}

/*
 * All but the frames starts empty. The other side makes nothing of what it was before, or
 * of what is behind the NUL of a text.
 */
static void look_at(struct reader *reader, const struct question *question)
{
	struct guest_look *look = reader->look;
	struct guest_registers registers;

	memset(look, 0, offsetof(struct guest_look, banner));
	memset(&look->stack, 0, offsetof(struct named_stack, frames));
	look->banner[0] = '\0';
	look->place.name[0] = '\0';
	look->place.module[0] = '\0';
	look->cpu = -1;
	guest_registers(&question->vcpu, &registers);
	reader->copy.nr = 0;
	use_moment(reader, question);
	if (reader->kernel && question->wants & WANT_STACK)
		guest_stack_copy(reader->kernel, &registers, &reader->copy);
	find_kernel(reader, question);
	if (!reader->kernel)
		return;
	use_moment(reader, question);
	look->stack_root = reader->kernel->paging.root;
	look->stack_levels = reader->kernel->paging.levels;
	strcpy(look->banner, reader->kernel->banner);
	look->user = guest_is_user(&registers);
	named_place_find(reader->kernel, registers.r[PT_REG_IP], &look->place);
	if (question->wants & (WANT_OPEN | WANT_CHECK))
		look->has_uptime = guest_kernel_uptime(reader->kernel,
						       &look->uptime_ns);
	if (question->wants & (WANT_TASK | WANT_STACK))
		look_at_task(reader, question, &registers);
}

static size_t look_len(const struct guest_look *look)
{
	return offsetof(struct guest_look, stack) + named_stack_len(&look->stack);
}

bool guest_look_take(struct guest_look *look, const struct guest_look *answer,
		     size_t len)
{
	const size_t head = offsetof(struct guest_look, stack);

	if (len < head)
		return false;
	memcpy(look, answer, offsetof(struct guest_look, banner));
	memccpy(look->banner, answer->banner, '\0', sizeof(look->banner));
	look->banner[sizeof(look->banner) - 1] = '\0';
	look->task.comm[sizeof(look->task.comm) - 1] = '\0';
	named_place_take(&look->place, &answer->place);
	return (unsigned int)look->error <= KERNEL_OUT_OF_MEMORY &&
	       named_stack_take(&look->stack, &answer->stack, len - head);
}

void guest_reader_run(int fd, struct remote_slot *shared,
		      const struct guest_memory *memory)
{
	struct reader *reader = calloc(1, sizeof(*reader));
	struct remote_client *client;
	struct question question;
	unsigned int nr = 0;

	_Static_assert(sizeof(question) <= REMOTE_QUESTION, "it fits");
	_Static_assert(sizeof(*reader->look) <= REMOTE_ANSWER, "so does this");
	if (!reader || !guest_child_confine(fd, GUEST_CHILD_SECONDS))
		return;
	client = &reader->client;
	client->fd = fd;
	client->shared = shared;
	reader->memory = *memory;
	reader->memory.read = remote_read;
	reader->memory.context = client;
	while (remote_wait(client)) {
		while (client->at < client->nr) {
			if (!(nr++ % QUESTIONS))
				guest_child_allow(GUEST_CHILD_SECONDS);
			memcpy(&question, client->shared[client->at].question,
			       sizeof(question));
			reader->look = remote_room(client);
			look_at(reader, &question);
			if (!remote_answered(client, look_len(reader->look)))
				return;
		}
		if (!remote_done(client))
			return;
	}
}
