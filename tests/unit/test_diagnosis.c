// SPDX-License-Identifier: GPL-2.0
/*
 * The two rounds of a diagnosis, of a VM whose memory is that of a fake guest.
 */
#include <unistd.h>

#include "unit.h"

#include "diagnosis.h"
#include "fake-vm.h"
#include "host-file.h"
#include "support.h"

#define VM_FD	10

/* Samples of a vCPU in a round, if its stack is cut off; if it has no registers */
#define MOST	8
#define MOST_BLIND	4

/* RIPs of the vCPU, sample by sample; 0: its registers are not known. */
static uint64_t rips[RULE_LOOKS + 2 * MOST];
static uint32_t state_of_all;
static size_t nr_samples;
/* From the second sample on there is one more vCPU, of which the rest is not known. */
static bool is_plugged;

enum device_status __wrap_host_device_open(struct host_device *dev)
{
	*dev = (struct host_device){ .fd = -1, .max_attempts = 16, .max_ids = 16 };
	return DEVICE_OK;
}

enum device_status __wrap_host_device_sample(struct host_device *dev,
					     struct vm_sample *sample)
{
	struct vcpu_info_host_vcpu *vcpu = malloc(2 * sizeof(*vcpu));
	size_t at = nr_samples++;

	(void)dev;
	assert_non_null(vcpu);
	assert_int_equal(sample->pid, getpid());
	assert_in_range(at, 0, ARRAY_SIZE(rips) - 1);
	*vcpu = fake_vm_vcpu(0);
	vcpu->pid = 1;
	vcpu->time_ns = (at + 1) * 1000000000;
	vcpu->state = state_of_all;
	if (!rips[at]) {
		vcpu->state = VCPU_INFO_STATE_IN_EXIT;
		vcpu->flags = VCPU_INFO_F_TORN;
		vcpu->valid = 0;
	}
	vcpu->regs[VCPU_INFO_REG_RIP] = rips[at];
	if (rips[at] == fake_address(&fake_vm.guest, "error_entry"))
		vcpu->regs[VCPU_INFO_REG_RSP] = fake_vm.guest.entry_sp;
	sample->vcpus = vcpu;
	sample->stacks = NULL;
	sample->nr = 1;
	if (is_plugged && at) {
		vcpu[1] = (struct vcpu_info_host_vcpu){
			.vcpu_id = vcpu->vcpu_id + 1, .time_ns = vcpu->time_ns,
		};
		sample->nr = 2;
	}
	return DEVICE_OK;
}

static enum vm_word vm_word;

static bool keep(const struct vm_diagnosis *found, void *arg)
{
	struct vcpu_diagnosis *vcpu = arg;

	assert_int_equal(found->nr, 1);
	*vcpu = found->vcpus[0];
	vm_word = found->finding.word;
	return true;
}

/* It stays where it is, until a test says otherwise. */
static void be_at(uint64_t rip)
{
	for (size_t i = 0; i < ARRAY_SIZE(rips); i++)
		rips[i] = rip;
}

/* Samples that both rounds take; of the second one the vCPU, and its guest */
static size_t diagnose(struct vcpu_diagnosis *vcpu)
{
	struct select select = { 0 };
	struct diagnosis diagnosis;

	diagnosis_init(&diagnosis, &select);
	diagnosis.names = guest_names_new_of(&fake_vm_source, 0);
	assert_non_null(diagnosis.names);
	nr_samples = 0;
	assert_true(diagnosis_begin(&diagnosis));
	assert_true(diagnosis_end(&diagnosis, keep, vcpu));
	diagnosis_free(&diagnosis);
	return nr_samples;
}

/* Of one that is new nothing is said, and nothing follows from it. */
static void plugged(void **state)
{
	static struct vcpu_diagnosis vcpu;

	(void)state;
	be_at(fake_vm.guest.registers[0].r[PT_REG_IP]);
	fake_vm.still = true;
	is_plugged = true;
	assert_int_equal(diagnose(&vcpu), 2);
	assert_int_equal(vcpu.last.vcpu_id, 0);
	assert_int_equal(vcpu.finding.word, VCPU_HALTED_OFF);
	assert_int_equal(vm_word, VM_HUNG);
	is_plugged = false;
}

/*
 * At the first RIP the stack is whole, at the other one its frame has another size: it is
 * cut off, as that of one that has gone on.
 */
static void cut_off(void **state)
{
	const uint64_t whole = fake_vm.guest.registers[0].r[PT_REG_IP];
	const uint64_t other = fake_address(&fake_vm.guest, "kthread") + 4;
	static struct vcpu_diagnosis vcpu;
	size_t nr;

	(void)state;
	be_at(whole);
	fake_vm.still = false;
	assert_int_equal(diagnose(&vcpu), 2);
	nr = vcpu.guest.nr;
	assert_true(nr > 2);

	/* each round looks again, and what it sees then is what it says */
	rips[0] = other;
	rips[2] = other;
	assert_int_equal(diagnose(&vcpu), 4);
	assert_int_equal(vcpu.guest.nr, nr);
	assert_int_equal(vcpu.last.regs[VCPU_INFO_REG_RIP], whole);
	assert_int_equal(vcpu.last.time_ns, 4000000000);

	/* not for ever */
	be_at(other);
	assert_int_equal(diagnose(&vcpu), 2 * MOST);
	assert_true(vcpu.guest.nr < nr);

	/* what stood still has no other stack */
	fake_vm.still = true;
	assert_int_equal(diagnose(&vcpu), 2);
	assert_true(vcpu.guest.nr < nr);
}

static void torn(void **state)
{
	const uint64_t whole = fake_vm.guest.registers[0].r[PT_REG_IP];
	static struct vcpu_diagnosis vcpu;

	(void)state;
	fake_vm.still = true;
	be_at(whole);
	rips[0] = 0;
	rips[2] = 0;
	rips[3] = 0;
	assert_int_equal(diagnose(&vcpu), 5);
	assert_true(vcpu.guest.nr > 2);
	assert_int_equal(vcpu.last.regs[VCPU_INFO_REG_RIP], whole);
	/* one that is met in an exit each time is known to be that */
	memset(rips, 0, sizeof(rips));
	assert_int_equal(diagnose(&vcpu), 2 * MOST_BLIND);
	assert_int_equal(vcpu.guest.nr, 0);
	assert_int_equal(vcpu.last.state, VCPU_INFO_STATE_IN_EXIT);
}

/* Of an interrupt that has not put aside all registers, it is not known what it found. */
static void entering(void **state)
{
	const uint64_t there = fake_vm.guest.registers[0].r[PT_REG_IP];
	const uint64_t entry = fake_address(&fake_vm.guest, "error_entry");
	static struct vcpu_diagnosis vcpu;

	(void)state;
	fake_vm.still = true;
	state_of_all = VCPU_INFO_STATE_PREEMPTED;
	be_at(there);
	rips[1] = entry;
	assert_int_equal(diagnose(&vcpu), 3 + RULE_LOOKS);
	assert_int_equal(vcpu.last.regs[VCPU_INFO_REG_RIP], there);
	assert_int_equal(vcpu.finding.word, VCPU_SPINNING);

	/* not for ever */
	for (size_t i = 0; i < 2 * MOST; i++)
		rips[i] = entry;
	assert_int_equal(diagnose(&vcpu), 2 * MOST + RULE_LOOKS);
	assert_string_equal(vcpu.guest.function, "error_entry");
	assert_true(vcpu.guest.in_interrupt);
	state_of_all = VCPU_INFO_STATE_HALTED;
}

/* One that may be stuck is looked at further, until it is found elsewhere. */
static void further_looks(void **state)
{
	const uint64_t there = fake_vm.guest.registers[0].r[PT_REG_IP];
	static struct vcpu_diagnosis vcpu;

	(void)state;
	fake_vm.still = true;
	state_of_all = VCPU_INFO_STATE_PREEMPTED;
	be_at(there);
	assert_int_equal(diagnose(&vcpu), 2 + RULE_LOOKS);
	assert_int_equal(vcpu.finding.word, VCPU_SPINNING);
	assert_int_equal(vcpu.finding.looks, RULE_LOOKS);
	assert_false(vcpu_moved_on(&vcpu.finding));

	/* one look does not tell */
	rips[10] = 0;
	assert_int_equal(diagnose(&vcpu), 2 + RULE_LOOKS);
	assert_int_equal(vcpu.finding.word, VCPU_SPINNING);
	assert_int_equal(vcpu.finding.looks, RULE_LOOKS - 1);

	/* in user mode */
	rips[10] = 0x401000;
	rips[12] = 0x401000;
	assert_int_equal(diagnose(&vcpu), 13);
	assert_int_equal(vcpu.finding.word, VCPU_RUNNING);
	assert_int_equal(vcpu.finding.looks, 9);
	assert_true(vcpu_moved_on(&vcpu.finding));
	state_of_all = VCPU_INFO_STATE_HALTED;
}

static int make_host(void **state)
{
	static const char line[] = "qemu-system-x86_64\0-name\0vm";
	char path[64], *root = tree_make();

	*state = root;
	state_of_all = VCPU_INFO_STATE_HALTED;
	fake_vm.now = 1000000000;
	fake_linux_make(&fake_vm.guest, FAKE_6_12, 0);
	tree_write(root, "/proc/uptime", "130.00 200.00\n");
	tree_process(root, getpid(), "qemu-system-x86", line, sizeof(line));
	snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), VM_FD);
	tree_link(root, path, "anon_inode:kvm-vm");
	host_file_set_root(root);
	return 0;
}

static int end_host(void **state)
{
	fake_linux_free(&fake_vm.guest);
	host_file_set_root("");
	tree_remove(*state);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plugged),
		cmocka_unit_test(cut_off),
		cmocka_unit_test(torn),
		cmocka_unit_test(entering),
		cmocka_unit_test(further_looks),
	};

	return cmocka_run_group_tests(tests, make_host, end_host);
}
