#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vcpu-info diagnose: guests of a few instructions that have one fault each, or none,
# under a real VMM. Each must get its word.
# rows: bookworm-amd
# needs: linux-guest
# silence: 900
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

# boot NAME CODE - a VM whose boot sector is that code, in the background; it comes
# before what this test does besides
boot()
{
	local name=$1

	boot_sector "/tmp/boot-$name" "$2"
	nice -n -10 qemu-system-x86_64 -name "$name,debug-threads=on" -enable-kvm -nodefaults -display none \
		-m 16 -cpu "$GUEST_CPU" -no-reboot \
		-drive "file=/tmp/boot-$name,format=raw" \
		</dev/null >"/tmp/$name.log" 2>&1 &
	vmm=$!
}

# end - the VM that was booted last
end()
{
	kill "$vmm"
	kill -CONT "$vmm" 2>/dev/null
	wait "$vmm" 2>/dev/null
}

# diagnosed NAME WORD [OPTION...] - what is found of its only vCPU, in
# /tmp/diagnosis
diagnosed()
{
	says "$@" && in_boot_sector
}

# says NAME WORD [OPTION...] - wherever it is: one that was stopped may be in the firmware,
# in the handler of an interrupt
says()
{
	local name=$1 word=$2

	shift 2
	vcpu-info diagnose --json "$@" "$name" >/tmp/diagnosis 2>/tmp/err &&
		[ "$(jq -r '.vcpus[0].word' /tmp/diagnosis)" = "$word" ]
}

# in_boot_sector - it has left the firmware
in_boot_sector()
{
	local rip

	rip=$(jq -r '.vcpus[0].rip' /tmp/diagnosis)
	[[ $rip =~ ^0x7c[0-9a-f]{2}$ ]]
}

# has WHAT FILTER WANT - a value of the diagnosis
has()
{
	is "$1" "$(jq -r "$2" /tmp/diagnosis)" "$3"
}

# shows ERE - as text
shows()
{
	like "as text" "$(vcpu-info diagnose --interval 200ms 2>&1 | tee /tmp/text)" \
		"$1"
	diag </tmp/text
}

check "the module loads" module_load
vcpu-info diagnose >/tmp/out 2>&1
is "no VM: exit status" $? 9
vcpu-info diagnose --interval 1ms >/tmp/out 2>&1
is "too short an interval: exit status" $? 2

# All that changes is told of meanwhile.

cat >/tmp/hook <<'END'
#!/bin/sh
echo "$VCPU_INFO_VM_NAME $VCPU_INFO_WORD_BEFORE $VCPU_INFO_WORD $(jq -r .type)" >>/tmp/hook.out
END
chmod 700 /tmp/hook
mkdir /tmp/kept
vcpu-info watch --interval 1s --json --exec /tmp/hook --collect /tmp/kept \
	>/tmp/watch.json 2>/tmp/watch.err &
watch=$!

# told VM WORD - the last change of a VM
told()
{
	[ "$(jq -r "select(.vm_name == \"$1\") | .word" /tmp/watch.json |
		tail -n 1)" = "$2" ]
}

boot halted-off '\xfa\xf4\xeb\xfd'		# cli; hlt; jmp
check "halted with interrupts off" poll_until 120 diagnosed halted-off halted-off
has "IF is clear" '.vcpus[0].interrupts_on' false
has "it does not run" '.vcpus[0].run_percent < 20' true
has "the VM is hung" .word hung
check "JSON is as the schema has it" python3 /lab/check_schema.py --valid \
	/lab/record.schema.json /tmp/diagnosis
shows '^  vCPU 0 thread [0-9]+ halted-off: in .* IF=0, rip 0x7c'

# To the journal: a socket in its daemon's place keeps what comes. A value of more
# than a line has its length before it.
mkdir -p /run/systemd
mount -t tmpfs none /run/systemd		# where systemd runs it has its own there
mkdir /run/systemd/journal
socat -u UNIX-RECV:/run/systemd/journal/socket,unlink-early \
	OPEN:/tmp/journal,creat,append &
journal=$!
check "there is a journal's socket" poll_until 30 test -S /run/systemd/journal/socket
vcpu-info watch --journal --interval 1s halted-off >/tmp/journal.out 2>&1 &
journal_watch=$!
# entry FIELD=VALUE - such a line is in it
entry()
{
	grep -aqx "$1" /tmp/journal 2>/dev/null
}
check "the journal is told of it" poll_until 120 entry VCPU_INFO_WORD=hung
for field in PRIORITY=4 VCPU_INFO_VM_NAME=halted-off "VCPU_INFO_VM_PID=$vmm" \
	VCPU_INFO_WORD_BEFORE=well SYSLOG_IDENTIFIER=vcpu-info \
	MESSAGE_ID=4b1d6d1b0f0b4f0fa3d3c6c8f7a94e51; do
	check "with $field" entry "$field"
done
is "and the diagnosis as JSON" "$(sed -n 's/^VCPU_INFO_DIAGNOSIS=//p' /tmp/journal |
	head -n 1 | jq -r '.type, .word' | xargs)" "diagnosis hung"
like "the message is for people" "$(tr -d '\0' </tmp/journal)" \
	'vCPU 0 thread [0-9]+ halted-off: '
is "nothing is printed" "$(cat /tmp/journal.out)" ""
kill "$journal_watch" "$journal"
wait "$journal_watch" "$journal" 2>/dev/null
umount /run/systemd
rmdir --ignore-fail-on-non-empty /run/systemd

kill -STOP "$vmm"
stopped()
{
	grep -q '^State:.T' "/proc/$vmm/status"
}
check "its VMM is stopped" poll_until 30 stopped
vcpu-info diagnose --json --interval 200ms >/tmp/diagnosis
like "that changes nothing of a halted vCPU, or it has left KVM_RUN" \
	"$(jq -r '.vcpus[0].word' /tmp/diagnosis)" '^(halted-off|paused)$'
end

boot idle '\xfb\xf4\xeb\xfd'			# sti; hlt; jmp hlt
check "an idle guest is idle" poll_until 120 diagnosed idle idle
has "and so is the VM" .word idle
has "IF is set" '.vcpus[0].interrupts_on' true

# ends_early PID - it sleeps between its samples, and ends at a signal
ends_early()
{
	grep -q poll "/proc/$1/wchan" && kill "$1"
}
vcpu-info diagnose --no-guest-memory --interval 60s idle >/tmp/early 2>&1 &
early=$!
check "a signal comes between the samples" poll_until 60 ends_early "$early"
wait "$early"
is "that is no success" $? 1
is "it says what there is not" "$(cat /tmp/early)" \
	"vcpu-info: interrupted before the second sample"
end

boot spinning '\xfa\xeb\xfe'			# cli; jmp .
check "spinning with interrupts off" poll_until 120 diagnosed spinning spinning
has "it runs" '.vcpus[0].run_percent >= 90' true
has "the VM is hung" .word hung

check "watch tells of it" poll_until 120 told spinning hung
check "its program is run" poll_until 60 grep -qx \
	'spinning well hung diagnosis' /tmp/hook.out
kept()
{
	ls /tmp/kept/vcpu-info-"$vmm"-*.tar.zst >/tmp/archives 2>/dev/null
}
check "and evidence collected" poll_until 120 kept
like "which has a diagnosis" "$(vcpu-info diagnose "$(cat /tmp/archives)")" \
	'^  vCPU 0 thread [0-9]+ [a-z-]+: in '

# What is kept of it tells the same when it is gone.

# in_archive FILE - one of its files
in_archive()
{
	tar -xOf "$archive" --wildcards "vcpu-info-*/$1"
}

archive=/tmp/spinning.tar.zst
check "its evidence is collected" vcpu-info collect spinning -o $archive
pid=$vmm
end
is "the archive is its owner's" "$(stat -c %a $archive)" 600
tar -tf $archive | sort | diag
check "it says of what it is" test \
	"$(in_archive collection.json | jq -r .vm_pid)" = "$pid"
is "no part has failed" "$(in_archive collection.json |
	jq -r '.parts[] | select(.exit_code != 0) | .file')" ""
in_archive collection.json >/tmp/collection
check "collection.json is as the schema has it" python3 /lab/check_schema.py \
	--valid /lab/record.schema.json /tmp/collection
word=$(in_archive diagnosis.json | jq -r '.vcpus[0].word')
like "the diagnosis in it has a word" "$word" '^(spinning|running|starved)$'
like "diagnose reads it" "$(vcpu-info diagnose $archive)" \
	"^  vCPU 0 thread [0-9]+ $word: in .* IF=0"
vcpu-info report --json $archive >/tmp/report.json
is "report reads it: samples of that VM alone" \
	"$(jq -r .vm_pid /tmp/report.json | uniq -c | xargs)" "5 $pid"
# One that was taken in the middle of a VM exit has none.
is "they are where it loops" \
	"$(jq -r 'select(.state != "in-exit") | .rip' /tmp/report.json | sort -u)" 0x7c01
like "it has the VMM's command line" "$(in_archive vmm/command-line)" '^-enable-kvm$'
like "its limits" "$(in_archive vmm/limits)" '^Max open files '
like "its threads" "$(in_archive 'vmm/threads/*/comm')" '^CPU 0/KVM$'
like "and the host's log" "$(in_archive host/kernel-log)" 'vcpu_info: .* serving'

# As on another machine: a root that has the command, its libraries, the file and
# /dev/null, and nothing else; no module, no VM, no /proc, and not root.
elsewhere=/tmp/elsewhere
for file in "$(command -v vcpu-info)" $(ldd "$(command -v vcpu-info)" | grep -o '/[^ ]*'); do
	install -D "$file" "$elsewhere$file"
done
install -m 644 $archive $elsewhere/spinning.tar.zst
mkdir $elsewhere/dev
mknod -m 666 $elsewhere/dev/null c 1 3
in_elsewhere()
{
	chroot --userspec=65534:65534 $elsewhere "$(command -v vcpu-info)" "$@"
}
in_elsewhere diagnose >/tmp/out
is "in a clean root there is no KVM to ask: exit status" $? 7
is "diagnose reads the file there" "$(in_elsewhere diagnose /spinning.tar.zst)" \
	"$(vcpu-info diagnose $archive)"
is "and as JSON" "$(in_elsewhere diagnose --json /spinning.tar.zst |
	jq -r '.vcpus[0].word')" "$word"
is "report does so, too" "$(in_elsewhere report --json /spinning.tar.zst |
	jq -r .vm_pid | uniq -c | xargs)" "5 $pid"
rm -r $elsewhere

vcpu-info collect spinning -o $archive 2>/tmp/err
is "of a VM that is gone there is none: exit status" $? 9
vcpu-info collect $$ -o /nonexistent/x.tar.zst 2>/tmp/err
is "nor of another process" $? 9

boot running '\xfb\xeb\xfe'			# sti; jmp .
check "a busy guest with interrupts on is running" \
	poll_until 120 diagnosed running running
has "nothing is wrong with the VM" .word none
kill -STOP "$vmm"
check "its VMM is stopped" poll_until 30 stopped
check "then it is paused" poll_until 60 says running paused
has "with the VM" .word paused
has "it has no exits" '.vcpus[0].exits' 0
check "watch tells of it" poll_until 120 told running paused
kill -CONT "$vmm"
check "and that it is well again" poll_until 120 told running well

taskset -ap 1 "$vmm" >/dev/null
hogs_start
check "without a host CPU it is starved" poll_until 120 diagnosed running starved
has "it waits" '.vcpus[0].wait_percent >= 50' true
has "so does the VM" .word starved
hogs_end
end

# mov dx, 0x80; out dx, al; jmp out
boot exit-loop '\xfa\xba\x80\x00\xee\xeb\xfd'
check "an exit loop" poll_until 120 diagnosed exit-loop exit-loop
has "its kind is named" \
	'.vcpus[0].exits_by_kind | to_entries | max_by(.value).key' io
check "watch tells of it" poll_until 120 told exit-loop exit-loop
end
check "an idle VM was never told of" test \
	"$(grep -c '"vm_name":"idle"' /tmp/watch.json)" = 0
check "changes are as the schema has them" python3 /lab/check_schema.py --valid \
	/lab/record.schema.json /tmp/watch.json
kill "$watch"
wait "$watch"
is "watch ends well" $? 0
# of VMs that ended while their evidence was collected
diag </tmp/watch.err
tap_end
