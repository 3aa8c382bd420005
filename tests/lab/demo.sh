#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The demo's part in the lab host: a guest asks, the host shows the record.
# shellcheck source-path=SCRIPTDIR source=host/lib.sh
. /lab/host/lib.sh

heading()
{
	printf '\n== %s\n' "$*"
}

fail()
{
	echo "demo: $*"
	exit 1
}

modprobe vcpu_info || fail "the host module does not load"
echo "@stage booting a Linux guest with 2 vCPUs in the host"
guest_start demo || fail "the guest does not boot"
echo "@stage the guest makes the hypercall for each of its vCPUs"

heading "guest# vcpu-info-guest trigger"
guest_run demo vcpu-info-guest trigger 2>&1 || fail "the trigger failed"

heading "host# vcpu-info show"
vcpu-info show 2>&1 || fail "vcpu-info show failed"
echo

# One record for each vCPU, by the threads that QEMU itself names.
shown=$(vcpu-info show --json | jq -r .pid | sort -n | xargs)
want=$(guest_threads demo | awk '{ print $3 }' | sort -n | xargs)
[ "$shown" = "$want" ] ||
	fail "records of threads '$shown', but the vCPU threads are '$want'"
