/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A table of fixed size of what was read of vCPUs when they came to rest. A
 * vCPU may be in one set of places only, which are two cache lines together.
 * When they are full a new vCPU takes the place that was given away longest ago;
 * who loses it has another when it next comes to rest.
 *
 * tests/unit/test_rest_table.c compiles it, too.
 */
#ifndef VCPU_INFO_REST_TABLE_H
#define VCPU_INFO_REST_TABLE_H

#define REST_SET_BITS	12
#define REST_PLACES	5

struct kvm_vcpu;

/**
 * struct rest - a vCPU at rest
 * @vcpu: it; NULL where there is none. Never followed
 * @exits: its count of VM exits, which says whether it is still the same rest
 * @rflags: RFLAGS, of which no bit above the 22nd is defined
 * @valid: bitmap of VCPU_INFO_REG_*: which of those in the VMCS were read, to
 *	@rflags or to where KVM has them
 * @preempted: it was scheduled out against its will
 * @polling: it was about to poll in kvm_vcpu_halt()
 * @polls: the end of its count of such polls before
 */
struct rest {
	const struct kvm_vcpu *vcpu;
	u64 exits;
	u32 rflags;
	u32 valid : 22;
	u32 preempted : 1;
	u32 polling : 1;
	u32 polls : 8;
};

struct rest_set {
	raw_spinlock_t lock;	/* all of the set; inside a runqueue's */
	u32 next;
	struct rest places[REST_PLACES];
} ____cacheline_aligned;

static inline struct rest_set *rest_set_of(struct rest_set *table,
					   const struct kvm_vcpu *vcpu)
{
	return &table[hash_ptr(vcpu, REST_SET_BITS)];
}

/* In its locked set: NULL if it has no place */
static inline struct rest *rest_find(struct rest_set *set,
				     const struct kvm_vcpu *vcpu)
{
	int i;

	for (i = 0; i < REST_PLACES; i++)
		if (set->places[i].vcpu == vcpu)
			return &set->places[i];

	return NULL;
}

/* The same, and if it has none it gets one. */
static inline struct rest *rest_get(struct rest_set *set,
				    const struct kvm_vcpu *vcpu)
{
	struct rest *rest = rest_find(set, vcpu);

	if (rest)
		return rest;

	rest = &set->places[set->next];
	set->next = (set->next + 1) % REST_PLACES;
	*rest = (struct rest) { .vcpu = vcpu };
	return rest;
}

static inline void rest_forget(struct rest_set *set)
{
	int i;

	for (i = 0; i < REST_PLACES; i++)
		set->places[i].vcpu = NULL;
}

#endif /* VCPU_INFO_REST_TABLE_H */
