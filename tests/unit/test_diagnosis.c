// SPDX-License-Identifier: GPL-2.0
/*
 * How often a diagnosis looks: at vCPUs that are in a VM exit at nearly every look, and
 * at those that seem to be stuck.
 */
#include "unit.h"

#include "diagnosis.h"
#include "fake-vms.h"
#include "host-file.h"
#include "signals.h"
#include "support.h"

#define NR_VCPUS	3

static struct diagnosis diagnosis;
static const struct select everything;
static struct vcpu_finding findings[NR_VCPUS];

static bool keep(const struct vm_diagnosis *found, void *arg)
{
	assert_int_equal(found->nr, NR_VCPUS);
	for (size_t i = 0; i < found->nr; i++)
		findings[i] = found->vcpus[i].finding;
	(*(int *)arg)++;
	return true;
}

/* So many looks at the beginning, and at the end, meet an exit. */
static void diagnose_kind(enum fake_kind kind, unsigned int first,
			  unsigned int second, uint64_t goes_on)
{
	char *root = tree_make();
	int nr = 0;

	memset(&fake_vms, 0, sizeof(fake_vms));
	fake_vms_make(root, 1, NR_VCPUS);
	host_file_set_root(root);
	fake_vms.kinds[0] = kind;
	fake_vms.goes_on = goes_on;
	fake_vms.now = 1000 * NS_PER_SEC;
	diagnosis_init(&diagnosis, &everything);
	fake_vms.in_exit = first;
	assert_true(diagnosis_begin(&diagnosis));
	fake_vms.now += NS_PER_SEC;
	fake_vms.in_exit = second;
	assert_true(diagnosis_end(&diagnosis, keep, &nr));
	assert_int_equal(nr, 1);
	diagnosis_free(&diagnosis);
	host_file_set_root("");
	tree_remove(root);
}

static void diagnose(unsigned int first, unsigned int second)
{
	diagnose_kind(FAKE_BUSY, first, second, 0);
}

static void looks_once(void **state)
{
	(void)state;
	diagnose(0, 0);
	assert_int_equal(fake_vms.registers, 2 * NR_VCPUS);
	for (int i = 0; i < NR_VCPUS; i++)
		assert_true(findings[i].have_rip);
}

/* The others are not looked at again: each look may be an interrupt. */
static void asks_again(void **state)
{
	(void)state;
	diagnose(5, NR_VCPUS + 2);
	assert_int_equal(fake_vms.registers, 2 * NR_VCPUS + 5 + NR_VCPUS + 2);
	for (int i = 0; i < NR_VCPUS; i++)
		assert_true(findings[i].have_rip);
}

static void gives_up(void **state)
{
	(void)state;
	diagnose(NR_VCPUS * (1 + DIAGNOSIS_RETRIES), 0);
	assert_int_equal(fake_vms.registers,
			 NR_VCPUS * (2 + DIAGNOSIS_RETRIES));
	for (int i = 0; i < NR_VCPUS; i++)
		assert_false(findings[i].have_rip);
}

static void assert_words(enum vcpu_word first, enum vcpu_word others)
{
	for (int i = 0; i < NR_VCPUS; i++)
		assert_string_equal(vcpu_word_name(findings[i].word),
				    vcpu_word_name(i ? others : first));
}

static void stuck_at_each_look(void **state)
{
	(void)state;
	diagnose_kind(FAKE_SPINNING, 0, 0, 0);
	assert_int_equal(fake_vms.registers, (2 + RULE_SPIN_LOOKS) * NR_VCPUS);
	assert_words(VCPU_SPINNING, VCPU_SPINNING);
}

/* The last look at the first vCPU finds it elsewhere: it is not stuck. */
static void goes_on_at_the_last_look(void **state)
{
	(void)state;
	diagnose_kind(FAKE_SPINNING, 0, 0,
		      (1 + RULE_SPIN_LOOKS) * NR_VCPUS + 1);
	assert_words(VCPU_RUNNING, VCPU_SPINNING);
}

/* It is not looked at any more then. */
static void goes_on_at_the_first_look(void **state)
{
	(void)state;
	diagnose_kind(FAKE_SPINNING, 0, 0, 2 * NR_VCPUS + 1);
	assert_words(VCPU_RUNNING, VCPU_SPINNING);
	assert_int_equal(fake_vms.registers, 3 * NR_VCPUS +
			 (RULE_SPIN_LOOKS - 1) * (NR_VCPUS - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(looks_once),
		cmocka_unit_test(asks_again),
		cmocka_unit_test(gives_up),
		cmocka_unit_test(stuck_at_each_look),
		cmocka_unit_test(goes_on_at_the_last_look),
		cmocka_unit_test(goes_on_at_the_first_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
