#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The faults that diagnose is for, and what is healthy, as guests of a few instructions
# under a real VMM: each try has to give the right word. Prints the confusion matrix.
# needs: linux-guest
# asked
. /lab/host/lib.sh
. /lab/host/module.sh

case $SIZE in
long) TRIES=100 ;;
*) TRIES=10 ;;
esac

# boot NAME CODE [QEMU ARGUMENT...] - a VM whose boot sector is that code, in the
# background, before all else that this test does; sets vmm
boot()
{
	local name=$1

	printf '%b' "$2" >"/tmp/boot-$name"
	truncate -s 510 "/tmp/boot-$name"
	printf '\x55\xaa' >>"/tmp/boot-$name"
	shift 2
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

# diagnose_once NAME FILTER - what is found, in /tmp/word
diagnose_once()
{
	vcpu-info diagnose --json --interval 300ms "$1" >/tmp/diagnosis 2>/tmp/err &&
		jq -r "$2" /tmp/diagnosis >/tmp/word
}

# first NAME FILTER WORD - it is there for the first time: the firmware has ended
first()
{
	diagnose_once "$1" "$2" && [ "$(cat /tmp/word)" = "$3" ]
}

# gives NAME WORD [FILTER] - each try does; by default the word of the first vCPU
gives()
{
	local name=$1 word=$2 filter=${3:-.vcpus[0].word} i

	check "$name: $word" poll_until 120 first "$name" "$filter" "$word"
	: >/tmp/words
	for ((i = 0; i < TRIES; i++)); do
		diagnose_once "$name" "$filter" || echo failed >/tmp/word
		cat /tmp/word >>/tmp/words
	done
	echo "# matrix $name $(sort /tmp/words | uniq -c | xargs)"
	is "$name: each of $TRIES tries" "$(sort /tmp/words | uniq -c | xargs)" \
		"$TRIES $word"
}

check "the module loads" module_load

boot idle '\xfb\xf4\xeb\xfd'			# sti; hlt; jmp hlt
gives idle idle
gives idle idle .word
end

boot busy '\xfb\xeb\xfe'			# sti; jmp .
gives busy running
gives busy none .word
monitor busy stop
gives busy paused .word
monitor busy cont
gives busy running
kill -STOP "$vmm"
gives busy paused .word
kill -CONT "$vmm"
end

boot interrupts-off '\xfa\xeb\xfe'		# cli; jmp .
gives interrupts-off spinning
gives interrupts-off hung .word
end

boot halted-off '\xfa\xf4\xeb\xfd'		# cli; hlt; jmp hlt
gives halted-off halted-off
gives halted-off hung .word
end

# mov dx, 0x80; out dx, al; jmp out
boot port-loop '\xfa\xba\x80\x00\xee\xeb\xfd'
gives port-loop exit-loop
end

# Nothing is at 0xd0000000. It takes a segment of 4 GiB: cli; xor ax, ax; mov ds, ax;
# lgdt [0x7c24]; CR0.PE on; the code that follows; at 0x24 the GDT, with one segment
ENTER='\xfa\x31\xc0\x8e\xd8\x0f\x01\x16\x24\x7c\x0f\x20\xc0\x0c\x01\x0f\x22\xc0'
GDT='\x0f\x00\x2a\x7c\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00'

# mov bx, 8; mov ds, bx; CR0.PE off; mov [0xd0000000], al; jmp mov
boot mmio-loop "$ENTER"'\xbb\x08\x00\x8e\xdb\x24\xfe\x0f\x22\xc0\x67\xa2\x00\x00\x00\xd0\xeb\xf8'"$GDT"'\x92\xcf\x00'
gives mmio-loop exit-loop
is "its kind is named" "$(jq -r '.vcpus[0].exits_by_kind | to_entries |
	max_by(.value).key' /tmp/diagnosis)" mmio
end

# jmp far 8:0xd0000000: KVM cannot emulate what is not there, and QEMU stops the VM
boot emulation-failure "$ENTER"'\x66\xea\x00\x00\x00\xd0\x08\x00\x90\x90\x90\x90\x90\x90\x90\x90\x90\x90'"$GDT"'\x9a\xcf\x00'
gives emulation-failure paused .word
like "QEMU says why" "$(cat /tmp/emulation-failure.log)" 'KVM internal error|emulation failure'
end

# lidt of nothing; int3
boot triple-fault '\xfa\x0f\x01\x1e\x08\x7c\xcc\x90\x00\x00\x00\x00\x00\x00' \
	-action reboot=shutdown,shutdown=pause
gives triple-fault paused .word
end

# mov dx, 0xe9; out dx, al; jmp out: nobody reads what the port's pipe has
mkfifo /tmp/blocked.fifo
exec 5<>/tmp/blocked.fifo
boot blocked '\xfa\xba\xe9\x00\xee\xeb\xfd' -smp 2 -debugcon file:/tmp/blocked.fifo
gives blocked in-vmm
like "and says where" "$(jq -r '.vcpus[0].sleeps_in' /tmp/diagnosis)" pipe
end
exec 5<&-

# A CPU quota of 5 %

mkdir -p /tmp/cgroup
check "control groups can be had" mount -t cgroup2 none /tmp/cgroup
echo +cpu >/tmp/cgroup/cgroup.subtree_control
mkdir /tmp/cgroup/slow
echo "5000 100000" >/tmp/cgroup/slow/cpu.max
boot quota '\xfb\xeb\xfe'
check "it runs" poll_until 120 first quota '.vcpus[0].word' running
echo "$vmm" >/tmp/cgroup/slow/cgroup.procs
gives quota starved
end

# Four that are busy share a host CPU

vmms=()
for i in 1 2 3 4; do
	boot "steal$i" '\xfb\xeb\xfe'
	vmms+=("$vmm")
done
for i in 1 2 3 4; do
	check "VM $i runs" poll_until 240 first "steal$i" '.vcpus[0].pid > 0' true
	taskset -ap 1 "${vmms[i - 1]}" >/dev/null
done
gives steal1 starved
kill "${vmms[@]}"
wait "${vmms[@]}" 2>/dev/null
umount /tmp/cgroup 2>/dev/null
tap_end
