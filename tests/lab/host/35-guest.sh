#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The guest's device: bad arguments, CPUs that come and go, other modules.
# needs: linux-guest
# guest: shared
# silence: 600
. /lab/host/lib.sh
. /lab/host/module.sh

# guest_tap WHAT COMMAND - results of a test program in the guest as ours
guest_tap()
{
	tap_relay "" guest_run lab "$2 2>&1"
	is "$1: the program ends well" $? 0
}

module_unlimited
check "the shared guest is there" guest_share || exit 1

guest_tap "bad ioctls" /bin/abuse
guest_tap "CPU hotplug" "/bin/hotplug 1 3"

clear_records
check "a module that calls vcpu_info() loads" \
	guest_run lab insmod /lab/hc_export.ko
call=/sys/module/hc_export/parameters/call
is "its call of vcpu_info(1) returns 0" \
	"$(guest_run lab "echo 1 >$call; cat $call")" 0
like "and is recorded" "$(records)" ' vcpu_id=1 '
is "an unknown id is -EINVAL" \
	"$(guest_run lab "echo 999 >$call; cat $call")" -22

check "the guest's module unloads" guest_run lab \
	'rmmod hc_export; rmmod vcpu_info_guest'
guest_run lab vcpu-info-guest trigger >/tmp/out 2>&1
is "without the device: exit status 3" $? 3
like "and how to get it" "$(cat /tmp/out)" 'modprobe vcpu_info_guest'
check "it loads again" guest_run lab 'modprobe vcpu_info_guest'
check "and works" guest_run lab vcpu-info-guest trigger
tap_end
