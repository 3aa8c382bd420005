#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The modules are loaded without being asked for: the host's with KVM, the guest's
# by udev for the CPU of a KVM guest. They harm nobody where they cannot be.
# needs: linux-guest
# rows: bookworm-amd
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

RULES=/usr/lib/udev/rules.d
OUR_RULES=$RULES/60-vcpu-info-guest-dkms.rules
kvm=kvm_$VENDOR

loaded()
{
	[ -d "/sys/module/$1" ]
}

not_loaded()
{
	! loaded "$1"
}

# The host

like "at boot the module was loaded along with KVM" \
	"$(cat /run/modules-at-boot)" '^vcpu_info '
module_load
check "KVM can be unloaded, and takes the module along" modprobe -r "$kvm"
check "the module is gone" not_loaded vcpu_info
check "so is KVM" not_loaded "$kvm"
check "KVM is loaded again" modprobe "$kvm"
check "and the module with it" loaded vcpu_info
is "its hook is active" "$(cat /sys/kernel/vcpu_info/hook)" active

# What udev's rule 80-drivers loads for the CPU it finds at boot. Not all of it is
# loaded here: there is cryptography that the emulator cannot do.
alias=$(sed -n s/^MODALIAS=//p /sys/devices/system/cpu/cpu0/uevent)
like "the CPU's alias, which udev loads at boot, stands for KVM" \
	"$(modprobe -b -R "$alias")" "^$kvm\$"
like "and for the guest's module" \
	"$(modprobe -b -R "$alias")" '^vcpu_info_guest$'
before=$(log_lines)
modprobe -b vcpu_info_guest
check "which does not stay" not_loaded vcpu_info_guest
like "as this is no KVM guest" "$(log_since "$before")" 'not a KVM guest'

modprobe -r "$kvm"
file=$(modinfo -F filename vcpu_info)
mv "$file" /tmp/
depmod
before=$(log_lines)
echo "lab: KVM comes alone" >/dev/kmsg
is "without the module KVM is loaded and nothing is said" \
	"$(modprobe "$kvm" 2>&1)" ""
check "KVM is there" loaded "$kvm"
is "nor is anything logged about it" \
	"$(log_since "$before" | grep -oE 'vcpu_info.*|lab: KVM comes alone')" \
	"lab: KVM comes alone"
mv "/tmp/$(basename "$file")" "$file"
depmod
check "the module loads again" module_unlimited

# The guest, with a udev that has the host's rules

# copy_udev DIR - udev, its rules that load modules and ours, and a user "op" in
# the group kvm
copy_udev()
{
	local file programs

	mkdir -p "$1"/{etc/udev/rules.d,run,"$RULES"}
	cp "$RULES/80-drivers.rules" "$OUR_RULES" "$1/$RULES/"
	echo 'root:x:0:0::/root:/bin/sh
op:x:1000:1000::/:/bin/sh' >"$1/etc/passwd"
	echo 'root:x:0:
kvm:x:777:op' >"$1/etc/group"
	# A newer udev loads libraries at run time.
	programs=(/usr/bin/udevadm /usr/lib/*/lib{kmod,blkid,mount,acl}.so.[0-9])
	{
		printf '%s\n' "${programs[@]}"
		ldd "${programs[@]}" | sed -nE 's,^\t(.* )?(/[^ ]+) \(.*,\2,p' |
			sort -u
	} | while read -r file; do
		mkdir -p "$1/$(dirname "$file")"
		cp -L "$file" "$1$file"
	done
	ln -s udevadm "$1/usr/bin/systemd-udevd"
}

# trigger_udev ARGUMENT... - as at boot, and wait until it is done
trigger_udev()
{
	guest_run auto "udevadm trigger $* && udevadm settle --timeout=60"
}

mode()
{
	guest_run auto "stat -c '%a %U %G' /dev/vcpu-info"
}

# as_op COMMAND - in the guest, by a user who is not root
as_op()
{
	guest_run auto "su op -c '$*'"
}

copy_udev /tmp/udev
export GUEST_APPEND=lab.nomod GUEST_EXTRA=/tmp/udev
check "a guest boots" guest_start auto || exit 1
is "its module is not loaded" "$(guest_run auto 'ls -d /dev/vcpu-info \
	/sys/module/vcpu_info_guest 2>/dev/null; ls -d /sys/module')" /sys/module
check "udev starts in it" guest_run auto systemd-udevd --daemon
check "udev looks at its CPUs" trigger_udev --action=add --subsystem-match=cpu
check "and has loaded the module" \
	guest_run auto 'grep "^vcpu_info_guest " /proc/modules'
is "whose device is root's alone" "$(mode)" "600 root root"
clear_records
check "root can use it" guest_run auto vcpu-info-guest trigger
is "the host has the records" "$(records | wc -l)" 2
as_op vcpu-info-guest trigger >/tmp/out 2>&1
is "somebody else cannot: exit status 8" $? 8
diag </tmp/out

guest_run auto 'chmod 666 /dev/vcpu-info'
check "udev looks at the device" \
	trigger_udev --action=add /sys/class/misc/vcpu-info
is "and gives it its mode" "$(mode)" "600 root root"
rule=$(sed -nE 's/^# +(SUBSYSTEM==.*GROUP="kvm".*)/\1/p' $OUR_RULES)
check "the rule for a group, of the file of our rules, is put in place" \
	guest_run auto "echo '$rule' >/etc/udev/rules.d/61-vcpu-info.rules;
		grep GROUP= /etc/udev/rules.d/61-vcpu-info.rules &&
		udevadm control --reload"
check "udev looks again" \
	trigger_udev --action=add /sys/class/misc/vcpu-info
is "and gives it to the group" "$(mode)" "660 root kvm"
clear_records
check "whose member can use it" as_op vcpu-info-guest trigger
is "and the host has the records" "$(records | wc -l)" 2
tap_end
