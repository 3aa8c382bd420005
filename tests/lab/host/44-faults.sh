#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The faults that diagnose is for, and what is healthy, as guests of a few instructions
# under a real VMM: each try has to give the right word. Prints the confusion matrix.
# asked
# silence: 900
. /lab/host/lib.sh
. /lab/host/module.sh
. /lab/host/diagnosed.sh

# boot NAME CODE [QEMU ARGUMENT...] - a VM whose boot sector is that code, in the
# background, before all else that this test does; sets vmm
boot()
{
	local name=$1

	boot_sector "/tmp/boot-$name" "$2"
	shift 2
	rm -f "/tmp/$name.monitor"
	nice -n -10 qemu-system-x86_64 -name "$name" -enable-kvm -nodefaults -display none \
		-m 16 -cpu "$GUEST_CPU" \
		-monitor "unix:/tmp/$name.monitor,server=on,wait=off" \
		-drive "file=/tmp/boot-$name,format=raw" "$@" \
		</dev/null >"/tmp/$name.log" 2>&1 &
	vmm=$!
}

# end - the VM that was booted last
end()
{
	kill -CONT "$vmm" 2>/dev/null
	kill "$vmm"
	wait "$vmm" 2>/dev/null
}

# monitor NAME COMMAND - of QEMU
monitor()
{
	echo "$2" | socat - "UNIX-CONNECT:/tmp/$1.monitor" >/dev/null
}

# in_boot_sector NAME - it has left the firmware, which is halted and spins, too
in_boot_sector()
{
	diagnose_once "$1" '.vcpus[0].rip' && grep -qE '^0x7c[0-9a-f]{2}$' /tmp/word
}

# sleeps VM ERE - one of the last answers has where the thread of vCPU 0 sleeps, or a new one
sleeps()
{
	jq -es --arg where "$2" 'any(.[].vcpus[0].sleeps_in // ""; test($where))' \
		/tmp/answers/* >/dev/null ||
		poll_until 60 first "$1" '.vcpus[0].sleeps_in' ".*($2).*"
}

# booted NAME - it is where its code is
booted()
{
	check "$1: its code runs" poll_until 240 in_boot_sector "$1" ||
		diag "$(jq -c . /tmp/diagnosis) $(tail -n 3 "/tmp/$1.log")"
}

check "the module loads" module_load

if wanted idle; then
	boot idle '\xfb\xf4\xeb\xfd'		# sti; hlt; jmp hlt
	booted idle
	gives idle idle 'idle: idle'
	end
fi

if wanted busy; then
	boot busy '\xfb\xeb\xfe'		# sti; jmp .
	booted busy
	gives busy busy 'none: running'
	monitor busy stop
	gives busy paused-by-monitor 'paused: paused'
	monitor busy cont
	gives busy continued 'none: running'
	kill -STOP "$vmm"
	gives busy vmm-stopped 'paused: paused'
	kill -CONT "$vmm"
	gives busy vmm-continued 'none: running'
	end
fi

if wanted interrupts-off; then
	boot interrupts-off '\xfa\xeb\xfe'	# cli; jmp .
	booted interrupts-off
	gives interrupts-off interrupts-off 'hung: spinning'
	end
fi

if wanted halted-off; then
	boot halted-off '\xfa\xf4\xeb\xfd'	# cli; hlt; jmp hlt
	booted halted-off
	gives halted-off halted-off 'hung: halted-off'
	end
fi

# is_kind KIND - which the loop of the last diagnosis consists of
is_kind()
{
	is "its kind is named" "$(jq -r '.vcpus[0].exits_by_kind | to_entries |
		max_by(.value).key' /tmp/diagnosis)" "$1"
}

if wanted port-loop; then
	# mov dx, 0x80; out dx, al; jmp out
	boot port-loop '\xfa\xba\x80\x00\xee\xeb\xfd'
	booted port-loop
	gives port-loop port-loop 'none: exit-loop'
	is_kind io
	end
fi

# Nothing is at 0xd0000000. It takes a segment of 4 GiB: cli; xor ax, ax; mov ds, ax;
# lgdt [0x7c24]; CR0.PE on; the code that follows; at 0x24 the GDT, with one segment
ENTER='\xfa\x31\xc0\x8e\xd8\x0f\x01\x16\x24\x7c\x0f\x20\xc0\x0c\x01\x0f\x22\xc0'
GDT='\x0f\x00\x2a\x7c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00'

if wanted mmio-loop; then
	# mov bx, 8; mov ds, bx; CR0.PE off; mov [0xd0000000], al; jmp mov
	boot mmio-loop "$ENTER"'\xbb\x08\x00\x8e\xdb\x24\xfe\x0f\x22\xc0\x67\xa2\x00\x00\x00\xd0\xeb\xf8'"$GDT"'\x92\xcf\x00'
	booted mmio-loop
	gives mmio-loop mmio-loop 'none: exit-loop'
	is_kind mmio
	end
fi

if wanted emulation-failure; then
	# jmp far 8:0xd0000000: KVM cannot emulate what is not there, and QEMU stops the VM
	boot emulation-failure "$ENTER"'\x66\xea\x00\x00\x00\xd0\x08\x00\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90'"$GDT"'\x9a\xcf\x00'
	gives emulation-failure emulation-failure 'paused: paused'
	like "QEMU says why" "$(cat /tmp/emulation-failure.log)" \
		'KVM internal error|emulation failure'
	end
fi

if wanted triple-fault; then
	# lidt of nothing; int3
	boot triple-fault '\xfa\x0f\x01\x1e\x08\x7c\xcc\x90\x00\x00\x00\x00\x00\x00' \
		-action reboot=shutdown,shutdown=pause
	gives triple-fault triple-fault 'paused: paused'
	is "KVM_RUN returned for that" \
		"$(jq -r '.vcpus[0].userspace_exit.reason' /tmp/diagnosis)" shutdown
	end
fi

if wanted blocked; then
	# mov dx, 0xe9; out dx, al; jmp out: nobody reads what the port's pipe has. The
	# firmware parks the other vCPU.
	mkfifo /tmp/blocked.fifo
	exec 5<>/tmp/blocked.fifo
	boot blocked '\xfa\xba\xe9\x00\xee\xeb\xfd' -smp 2 -debugcon file:/tmp/blocked.fifo \
		5<&-
	gives blocked blocked in-vmm '.vcpus[0].word'
	# QEMU opens it without blocking, and tries again after a while: it may be just then.
	check "and says where it sleeps" sleeps blocked 'pipe|nanosleep' || diag </tmp/word
	# As long as there is room for nothing, QEMU takes no signal either. With nobody to
	# read any more, it gets an error.
	exec 5<&-
	end
fi

if wanted ap-not-started; then
	# Interrupts masked at the PIC, identity-mapped pages of 4 MiB, paging on; sti; hlt.
	# The firmware has parked the other vCPU.
	boot ap-not-started '\xfa\x31\xc0\x8e\xd8\xb0\xff\xe6\x21\xe6\xa1\xc6\x06\x00\x80\x83\x66\xb8\x00\x80\x00\x00\x0f\x22\xd8\x0f\x20\xe0\x0c\x10\x0f\x22\xe0\x0f\x20\xc0\x66\x0d\x01\x00\x00\x80\x0f\x22\xc0\xfb\xf4\xeb\xfc' -smp 2
	booted ap-not-started
	gives ap-not-started ap-not-started 'cpu-not-started: idle not-started'
	is "it is named" "$(jq .about_vcpu /tmp/diagnosis)" 1
	end
fi

if wanted lost-ipi; then
	# mov bx, 8; mov ds, bx; CR0.PE off; jmp 0x3a, where: the local APIC's ICR: vector
	# 0x40 to APIC 1, which the firmware has halted with interrupts off; pause until
	# [0x500] is 1, which nobody sets
	boot lost-ipi "$ENTER"'\xbb\x08\x00\x8e\xdb\x24\xfe\x0f\x22\xc0\xeb\x1c\x90\x90\x90\x90\x90\x90'"$GDT"'\x92\xcf\x00\x67\x66\xc7\x05\x10\x03\xe0\xfe\x00\x00\x00\x01\x67\x66\xc7\x05\x00\x03\xe0\xfe\x40\x40\x00\x00\xf3\x90\x67\x80\x3d\x00\x05\x00\x00\x01\x75\xf4' -smp 2
	booted lost-ipi
	gives lost-ipi lost-ipi 'hung: spinning halted-off'
	end
fi

if wanted quota; then
	mkdir -p /tmp/cgroup
	check "control groups can be had" mount -t cgroup2 none /tmp/cgroup
	echo +cpu >/tmp/cgroup/cgroup.subtree_control
	mkdir /tmp/cgroup/slow
	echo "5000 100000" >/tmp/cgroup/slow/cpu.max
	boot quota '\xfb\xeb\xfe'
	booted quota
	echo "$vmm" >/tmp/cgroup/slow/cgroup.procs
	gives quota quota 'starved: starved'
	end
	umount /tmp/cgroup
fi

if wanted steal; then
	# Four that are busy share a host CPU.
	vmms=()
	for i in 1 2 3 4; do
		boot "steal$i" '\xfb\xeb\xfe'
		vmms+=("$vmm")
	done
	for i in 1 2 3 4; do
		booted "steal$i"
		taskset -ap 1 "${vmms[i - 1]}" >/dev/null
	done
	for i in 1 2 3 4; do
		gives "steal$i" "steal-$i" 'starved: starved'
	done
	kill "${vmms[@]}"
	wait "${vmms[@]}" 2>/dev/null
fi
matrix
tap_end
