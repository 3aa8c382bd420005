#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# long
# with: UPSTREAM
# silence: 3000
# KVM is left as it was: the kernel's own tests of it give the same results
# with the module loaded as without. UPSTREAM_TESTS in the lab's configuration:
# which of them; else all.
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/conf

# Hypercalls, VM exits, registers, state of VMs. 4 is their exit status for "not
# on this CPU".
names="cpuid_test cr4_cpuid_sync_test debug_regs emulator_error_test
	fix_hypercall_test get_msr_index_features hyperv_cpuid hyperv_features
	kvm_binary_stats_test kvm_pv_test platform_info_test
	set_memory_region_test set_sregs_test smm_test state_test
	svm_int_ctl_test svm_nested_soft_inject_test svm_vmcall_test
	sync_regs_test triple_fault_event_test tsc_msrs_test userspace_io_test
	userspace_msr_exit_test vmx_apic_access_test
	vmx_preemption_timer_test xapic_state_test xen_shinfo_test
	xen_vmcall_test"
# Under Bochs a CPU that runs this one's guest no longer answers IPIs.
[ "$VENDOR" = amd ] || names=${names/set_memory_region_test/}
names=${UPSTREAM_TESTS:-$names}

limit=60
[ "$VENDOR" = amd ] || limit=180

# status NAME - exit status of one of them; 124 if it does not end
status()
{
	local status

	timeout --kill-after=5 $limit "/lab/upstream/$1" \
		>/dev/null 2>&1 </dev/null
	status=$?
	# So says timeout when it had to kill.
	[ $status -ne 137 ] || status=124
	echo $status
}

passed=0
compared=0
diag "row test without with seconds"
for name in $names; do
	if [ ! -x "/lab/upstream/$name" ]; then
		[ -z "${UPSTREAM_TESTS:-}" ] || not_ok "upstream has no $name"
		continue
	fi
	begin=$SECONDS
	module_unload
	without=$(status "$name")
	module_unlimited || not_ok "the module loads"
	with=$(status "$name")
	diag "row $name $without $with $((SECONDS - begin))"
	what="upstream's $name: exit status $without, with the module too"
	case $without,$with in
	4,4) skip "$what" "it needs another CPU" ;;
	124,124) skip "$what" "it does not end here in $limit s" ;;
	*) is "$what" "$with" "$without" ;;
	esac
	grep -qx active /sys/kernel/vcpu_info/hook ||
		not_ok "the hook is still there after $name"
	[ "$with" -ne 0 ] || passed=$((passed + 1))
	compared=$((compared + 1))
done
check "at least a third of them pass ($passed of $compared)" \
	test $((passed * 3)) -ge "$compared" -a "$passed" -gt 0
tap_end
