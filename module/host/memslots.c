// SPDX-License-Identifier: GPL-2.0
/*
 * VCPU_INFO_HOST_IOC_MEMSLOTS: where a VM's memory is in its VMM, which a process
 * of the host can read by process_vm_readv().
 *
 * A VMM that changes its slots waits for those who look at them (SRCU). So this
 * looks at a few at a time, and is never preempted meanwhile: a process of the
 * host that gets no CPU must not hold up a VMM.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/preempt.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/srcu.h>

#include "compat/kvm.h"
#include "memslots.h"
#include "userstruct.h"
#include "vcpu_info_abi.h"
#include "vmfile.h"

#define BATCH		16
#define MAX_RESTARTS	16

/* The layout has to be the same for 32-bit programs. */
static_assert(sizeof(struct vcpu_info_host_memslots) == 48);
static_assert(offsetof(struct vcpu_info_host_memslots, entries) == 40);
static_assert(sizeof(struct vcpu_info_host_memslot) == 32);
static_assert(sizeof_field(struct vcpu_info_host_memslots, generation) ==
	      sizeof_field(struct kvm, memslots) / sizeof(void *) * sizeof(u64));

/**
 * struct batch - some slots of an address space
 * @as_id: it
 * @next_gfn: they begin here or above
 * @generation: of all of its slots
 * @nr: how many there are; less than BATCH: no more come
 * @slots: they
 */
struct batch {
	u16 as_id;
	u64 next_gfn;
	u64 generation;
	unsigned int nr;
	struct vcpu_info_host_memslot slots[BATCH];
};

static struct kvm_memory_slot *slot_of(struct rb_node *node, int idx)
{
	return container_of(node, struct kvm_memory_slot, gfn_node[idx]);
}

/* The first slot that begins at a frame or above it */
static struct rb_node *first_from(struct kvm_memslots *slots, gfn_t gfn)
{
	struct rb_node *node = slots->gfn_tree.rb_node, *found = NULL;

	while (node) {
		if (slot_of(node, slots->node_idx)->base_gfn >= gfn) {
			found = node;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}

	return found;
}

static void copy_slot(const struct kvm_memory_slot *slot,
		      struct vcpu_info_host_memslot *to)
{
	*to = (struct vcpu_info_host_memslot) {
		.base_gfn = slot->base_gfn,
		.npages = slot->npages,
		.userspace_addr = slot->userspace_addr,
		.flags = slot->flags,
		.as_id = slot->as_id,
		.id = slot->id,
	};
}

static void take_batch(struct kvm *kvm, struct batch *batch)
{
	struct kvm_memslots *slots;
	struct rb_node *node;
	int srcu;

	batch->nr = 0;
	preempt_disable();
	srcu = srcu_read_lock(&kvm->srcu);
	slots = __kvm_memslots(kvm, batch->as_id);
	batch->generation = slots->generation;
	node = first_from(slots, batch->next_gfn);
	for (; node && batch->nr < BATCH; node = rb_next(node))
		copy_slot(slot_of(node, slots->node_idx),
			  &batch->slots[batch->nr++]);
	srcu_read_unlock(&kvm->srcu, srcu);
	preempt_enable();

	if (batch->nr)
		batch->next_gfn = batch->slots[batch->nr - 1].base_gfn + 1;
}

static int put_slots(const struct vcpu_info_host_memslots *args, u32 at,
		     const struct batch *batch)
{
	void __user *to = u64_to_user_ptr(args->entries);
	unsigned int i;

	for (i = 0; i < batch->nr && at + i < args->nr_entries; i++)
		if (vcpu_info_user_put(to + (size_t)(at + i) * args->entry_size,
				       &batch->slots[i],
				       sizeof(batch->slots[i]),
				       args->entry_size))
			return -EFAULT;

	return 0;
}

/*
 * Return: how many slots the address space has; -EAGAIN if they changed
 * meanwhile.
 */
static long put_space(struct kvm *kvm, struct vcpu_info_host_memslots *args,
		      u16 as_id, u32 at)
{
	struct batch batch = { .as_id = as_id };
	u32 nr = 0;
	int err;

	do {
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
		take_batch(kvm, &batch);
		if (!nr)
			args->generation[as_id] = batch.generation;
		else if (args->generation[as_id] != batch.generation)
			return -EAGAIN;
		err = put_slots(args, at + nr, &batch);
		if (err)
			return err;
		nr += batch.nr;
	} while (batch.nr == BATCH);

	return nr;
}

static long put_spaces(struct kvm *kvm, struct vcpu_info_host_memslots *args)
{
	int restarts = 0;
	u32 nr = 0;
	long ret;
	int i;

	args->nr_spaces = ARRAY_SIZE(kvm->memslots);
	for (i = 0; i < args->nr_spaces; i++) {
		do {
			ret = put_space(kvm, args, i, nr);
		} while (ret == -EAGAIN && ++restarts < MAX_RESTARTS);
		if (ret < 0)
			return ret;
		nr += ret;
	}
	args->nr_entries = nr;

	return 0;
}

/**
 * vcpu_info_memslots() - serve VCPU_INFO_HOST_IOC_MEMSLOTS
 * @argp: the caller's struct vcpu_info_host_memslots
 *
 * Return: 0; -EINVAL for bad arguments; -EAGAIN if the slots change all the time;
 * what vcpu_info_user_get() and vcpu_info_vmfile_get() say; -EINTR.
 */
long vcpu_info_memslots(void __user *argp)
{
	struct vcpu_info_host_memslots args;
	struct file *file;
	long size, ret;

	size = vcpu_info_user_get(&args, sizeof(args), argp);
	if (size < 0)
		return size;
	if (args.flags || args.entry_size < sizeof(u64) ||
	    args.entry_size > PAGE_SIZE)
		return -EINVAL;

	file = vcpu_info_vmfile_get(args.vm_fd);
	if (IS_ERR(file))
		return PTR_ERR(file);

	ret = put_spaces(vcpu_info_vmfile_kvm(file), &args);
	fput(file);
	if (ret)
		return ret;

	return vcpu_info_user_put(argp, &args, sizeof(args), size);
}
