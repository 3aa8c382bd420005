#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Refusals that are told of together, the burst of a VM with many vCPUs, and the
# policy for many VMs and by name.
# rows: bookworm-amd trixie-bpo-amd
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

# told_of N - events account for so many refusals
told_of()
{
	[ "$(errors | sed 's/.*count=//' | awk '{ sum += $1 } END { print sum + 0 }')" \
		-ge "$1" ]
}

# ids - of each event, who asked for which vCPU, and how many it stands for
ids()
{
	local line

	errors | while read -r line; do
		echo "$(field caller_id "$line")>$(field vcpu_id "$line")x$(field count "$line")"
	done | xargs
}

check "load: nobody is served" module_load policy=none
clear_records
check "three vCPUs ask" /lab/bin/fleet callers 3
check "all refusals are told of" poll_until 60 told_of 3
is "the second event has the last caller and what it asked for" "$(ids)" \
	"0>1x1 2>3x2"

# burst NR - how many requests a VM with so many vCPUs has at once
burst()
{
	/lab/bin/fleet burst "$1" | sed -n 's/.* served=//p'
}

# Kernel memory that was freed can be had again once a module is loaded.
forget_freed()
{
	modprobe dummy && modprobe -r dummy
}

# A token may come back meanwhile.
check "load with a small burst" module_load vm_rate=1 vm_burst=5 host_rate=0
like "a VM of 40 vCPUs may ask for all of them at once" "$(burst 40)" '^4[01]$'
check "its memory can be had again" forget_freed
like "a VM in its place has the burst that is set" "$(burst 3)" '^[56]$'
check "load with the usual burst" module_load vm_rate=1
like "a VM of 512 vCPUs may ask for all of them at once, too" "$(burst 512)" \
	'^5(1[2-9]|2[0-9])$'

# KVM calls a VM's directory by the thread that made it; the VM is its process's.

check "load again" module_load
/lab/bin/fleet thread 2 >/tmp/made &
fleet=$!
check "two threads make a VM each" poll_until 60 eval '[ "$(grep -c "answer=0$" /tmp/made)" = 2 ]'
fds=$(sed -n 's/^made fd=\([0-9]*\) .*/\1/p' /tmp/made | xargs)
is "their records name the process, and each VM's own descriptor" \
	"$(records | while read -r line; do
		echo "$(field vm_pid "$line")/$(field vm_fd "$line")/$(field vcpu_id "$line")"
	done | xargs)" "$fleet/${fds% *}/1 $fleet/${fds#* }/0"
vcpu-info vms --json >/tmp/vms.json
is "vms has both, with the vCPU's thread from debugfs" \
	"$(jq -r '"\(.vm_pid)/\(.vm_fd)/\(.vcpus[0].vcpu_id)/\(.vcpus[0].pid)"' \
	/tmp/vms.json | xargs)" "$fleet/${fds% *}/1/$fleet $fleet/${fds#* }/0/$fleet"
diag "$(find /sys/kernel/debug/kvm -mindepth 1 -maxdepth 1 -type d)"
kill $fleet
wait $fleet

# The policy

NAMES=/etc/vcpu-info/policy
policy=/sys/module/vcpu_info/parameters/policy

policy_is()
{
	[ "$(cat $policy)" = "$1" ]
}

check "load again" module_load
check "a policy lists 2,000 processes" /lab/bin/fleet policy 2000
rm -rf /etc/vcpu-info
check "udev starts" /usr/lib/systemd/systemd-udevd --daemon
like "a VM that does not run is allowed" "$(vcpu-info policy allow fleet)" \
	'^allow, by name'
check "nobody is served" policy_is none
check "until it starts" /lab/bin/fleet until 0
check "and when it is restarted" /lab/bin/fleet until 0
check "the module is loaded afresh" module_load
check "and has the policy that was kept" poll_until 60 policy_is none
check "for VMs that start now" /lab/bin/fleet until 0
like "the VM is denied" "$(vcpu-info policy deny fleet)" '^deny, by name'
check "all are served" policy_is all
check "except that, when it starts" /lab/bin/fleet until 13
vcpu-info policy all >/dev/null 2>&1
check "another policy forgets names" test ! -e $NAMES
check "and the VM is served" /lab/bin/fleet until 0
udevadm control --exit
check "the module unloads" module_unload
tap_end
