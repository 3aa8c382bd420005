#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The host's module is loaded with KVM, and harms nobody where it cannot be.
. /lab/host/lib.sh
. /lab/host/module.sh

loaded()
{
	[ -d "/sys/module/$1" ]
}

kvm=kvm_$VENDOR

module_load
check "KVM can be unloaded, and takes the module along" modprobe -r "$kvm"
check "it is gone" eval '! loaded vcpu_info'
check "so is KVM" eval "! loaded $kvm"
check "KVM is loaded again" modprobe "$kvm"
check "and the module with it" loaded vcpu_info
is "its hook is active" "$(cat /sys/kernel/vcpu_info/hook)" active

# What udev's rule 80-drivers does with the CPU it finds at boot; it cares not
# either that some driver finds no device.
modprobe -r "$kvm"
alias=$(sed -n s/^MODALIAS=//p /sys/devices/system/cpu/cpu0/uevent)
modprobe -b "$alias"
check "the CPU's alias loads KVM, as at boot" loaded "$kvm"
check "and the module" loaded vcpu_info
check "but not the guest's module, as this is no KVM guest" \
	eval '! loaded vcpu_info_guest'

# Not built for this kernel
modprobe -r "$kvm"
file=$(modinfo -F filename vcpu_info)
mv "$file" /tmp/
depmod
before=$(log_lines)
is "without the module KVM is loaded and nothing is said" \
	"$(modprobe "$kvm" 2>&1)" ""
check "KVM is there" loaded "$kvm"
is "nor is anything logged about it" \
	"$(log_since "$before" | grep vcpu_info)" ""
mv "/tmp/$(basename "$file")" "$file"
depmod
check "the module loads again" module_load
