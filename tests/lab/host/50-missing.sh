#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Whatever is missing, each program says what it is and how to get it.
# silence: 1800
# rows: bookworm-amd trixie-bpo-amd
# rest: trixie-bpo-amd
. /lab/host/lib.sh
. /lab/host/module.sh

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

tracefs=/sys/kernel/tracing

check "all is well to begin with" module_load
says "show without records" 0 'vcpu-info-guest trigger' vcpu-info show
says "status when all is well" 0 'hook.*active' vcpu-info status
says "status as JSON" 0 '"hook" ?: ?"active"' vcpu-info status --json

says "show, not root" 5 'root' as_nobody vcpu-info show
says "status, not root" 5 'root' as_nobody vcpu-info status
says "a wrong option" 2 "help show" vcpu-info show --nonsense
says "no command: that of show" 0 'no records yet' vcpu-info
says "a wrong vCPU list" 2 'help show' vcpu-info show --vcpu 3-1

echo 0 >$tracefs/instances/vcpu_info/events/vcpu_info/enable
says "show, events off" 6 'enable' vcpu-info show
says "status, events off" 6 'enable' vcpu-info status
echo 1 >$tracefs/instances/vcpu_info/events/vcpu_info/enable

module_load buffer_kb=0
says "show, no instance" 6 'instance' vcpu-info show
says "status, no instance" 6 'instance' vcpu-info status

module_unload
says "show, no module" 3 'modprobe vcpu_info' vcpu-info show
says "status, no module" 3 'modprobe vcpu_info' vcpu-info status

umount $tracefs
[ ! -d /sys/kernel/debug/tracing ] || umount /sys/kernel/debug 2>/dev/null
says "show, no tracefs" 4 'mount -t tracefs' vcpu-info show
says "status, no tracefs" 4 'mount -t tracefs' vcpu-info status
mount -t tracefs nodev $tracefs
mount -t debugfs nodev /sys/kernel/debug 2>/dev/null

mapfile -t vendor < <(awk '/^kvm_(amd|intel) /{ print $1 }' /proc/modules)
rmmod "${vendor[@]}" kvm
says "show, no KVM" 7 'kvm' vcpu-info show
says "status, no KVM" 7 'kvm' vcpu-info status
modprobe "${vendor[@]}"

# This host is no KVM guest itself.
says "guest CLI without a device" 3 'vcpu-info-guest-dkms|KVM guest' \
	vcpu-info-guest trigger
says "guest status without a device" 3 'vcpu-info-guest-dkms|KVM guest' \
	vcpu-info-guest status
says "guest CLI, wrong option" 2 'help trigger' \
	vcpu-info-guest trigger --nonsense
before=$(log_lines)
check "the guest module does not load here" \
	eval '! modprobe vcpu_info_guest 2>/dev/null'
like "and says that this is no KVM guest" "$(log_since "$before")" \
	'not a KVM guest|no KVM guest'

module_load
check "all is well in the end" vcpu-info status
tap_end
