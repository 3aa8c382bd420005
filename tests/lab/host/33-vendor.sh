#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# A module that runs guests in the place of KVM's own: this one's, under another
# name, stands for it.
# rows: bookworm-amd bookworm-intel
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

own=kvm_$VENDOR
other=$(printf "kvm_%.${#VENDOR}s" pvm_and_more)

# load_other - the same code, under a name of the same length, and without what
# was the signature of the other
load_other()
{
	local file

	file=$(modinfo -n "$own")
	case $file in
	*.xz) xz -dc "$file" ;;
	*.zst) zstd -dc "$file" ;;
	*) cat "$file" ;;
	esac | sed "s/$own/$other/g" >/tmp/other.ko
	strip --strip-debug /tmp/other.ko && insmod /tmp/other.ko
}

module_unload
check "$own unloads" rmmod "$own"
check "$other loads" load_other
before=$(log_lines)
check "the module refuses to load beside it" \
	eval '! modprobe vcpu_info 2>/dev/null'
like "the log says why" "$(log_since "$before")" \
	"neither kvm_amd nor kvm_intel .*\[$other\]"
is "no hook is left" "$(hooks)" ""
check "$other unloads" rmmod "$other"

check "the module loads when none is there" modprobe vcpu_info vm_rate=0 host_rate=0
before=$(log_lines)
check "$other loads under the module" load_other
like "the log says that requests are not served" "$(log_since "$before")" \
	"KVM uses $other now"
like "a guest is told that its host has no vcpu_info" \
	"$(/lab/bin/fleet callers 1)" 'vCPU 0 is told -1000'
is "nothing was recorded, nor even counted" \
	"$(records) $(errors) $(count requests)" "  0"
check "$other unloads again" rmmod "$other"

check "$own loads under the module" modprobe "$own"
check "and requests are served" /lab/bin/oracle --count 3 --state halted
check "the module unloads" module_unload
tap_end
