#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Refusals that are told of together, and the burst of a VM with many vCPUs.
# rows: bookworm-amd trixie-bpo-amd
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
check "the module unloads" module_unload
tap_end
