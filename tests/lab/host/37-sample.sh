#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vcpu-info sample: guests that know nothing of us, hang or are no Linux; a VMM that
# is stopped; and what it says when it cannot.
# needs: linux-guest
# rows: bookworm-amd
# silence: 1800
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

# sample ARGUMENT... - as JSON, one object a vCPU. Names are what 38-stack looks at,
# and take long in an emulated host.
sample()
{
	vcpu-info sample --no-guest-memory --json "$@"
}

# value KEY - of each line
value()
{
	jq -r ".$1"
}

# valid FILE - each line is as the schema has it
valid()
{
	python3 /lab/check_schema.py --valid /lab/record.schema.json "$1"
}

check "the module loads" module_load
says "no VM" 9 'no VM runs' vcpu-info sample

# A Linux guest without our module

check "a guest boots, without our module" \
	eval 'GUEST_APPEND=lab.nomod guest_start quiet'
pid=$(guest_pid quiet)
sample quiet >/tmp/sample.json
is "sample by name: exit status" $? 0
is "it prints both vCPUs" "$(value vcpu_id </tmp/sample.json | xargs)" "0 1"
is "the host asked" "$(value caller_id </tmp/sample.json | xargs)" "-1 -1"
is "their threads are QEMU's" "$(value pid </tmp/sample.json | xargs)" \
	"$(guest_threads quiet | cut -d ' ' -f 3 | xargs)"
is "and their VM" "$(value vm_name </tmp/sample.json | xargs)" "quiet quiet"
check "JSON is as the schema has it" valid /tmp/sample.json
is "none was recorded" "$(records 'caller_id=-1')" ""
for format in text table csv; do
	like "as $format" "$(vcpu-info sample --no-guest-memory --format $format "$pid" 2>&1)" \
		"$pid"
done
vcpu-info sample --trace --vm "$pid" --vcpu 1 >/dev/null
is "with --trace: exit status" $? 0
like "the event is there" "$(records)" 'caller_id=-1 vcpu_id=1 '
is "of that vCPU alone" "$(records | wc -l)" 1

guest_pause quiet
sample quiet --vcpu 0 >/tmp/sample.json
is "a paused vCPU is in its VMM" "$(value state </tmp/sample.json)" user
rip=$(guest_info_registers quiet | sed -nE 's/^RIP=([0-9a-f]+).*/\1/p' | head -n 1)
is "RIP is what QEMU says" "$(value rip </tmp/sample.json)" \
	"$(printf '0x%x' "0x$rip")"
check "and what it left KVM_RUN for is known" \
	test "$(value userspace_exit.reason </tmp/sample.json)" != null
guest_resume quiet

sample --counters quiet >/tmp/counters.json
is "counters of both vCPUs" "$(value vcpu_id </tmp/counters.json | xargs)" "0 1"
check "they count exits" test "$(value exits </tmp/counters.json | head -n 1)" \
	-gt 1000
check "counters are as the schema has it" valid /tmp/counters.json
for format in text table csv; do
	like "counters as $format" \
		"$(vcpu-info sample --counters --format $format quiet 2>&1)" \
		'exits|EXITS'
done
sample --count 3 --interval 20ms --vcpu 1 quiet >/tmp/sample.json
is "three times" "$(value vcpu_id </tmp/sample.json | xargs)" "1 1 1"

# vms asks the module

vcpu-info vms --long --json quiet >/tmp/vms.json
check "vms --long is as the schema has it" valid /tmp/vms.json
is "it has each vCPU's thread and the VMM's index" \
	"$(jq -r '.vcpus[] | "\(.index) \(.vcpu_id) \(.pid)"' /tmp/vms.json)" \
	"$(guest_threads quiet)"
is "and what the guest calls them" "$(jq -c '[.vcpus[].guest_cpu]' /tmp/vms.json)" \
	'[0,1]'
is "unless its memory is to be left alone" "$(vcpu-info vms --long --json \
	--no-guest-memory quiet | jq -c '[.vcpus[].guest_cpu]')" '[null,null]'
diag "$(vcpu-info vms --long quiet)"

# top needs no guest's help either

vcpu-info top --batch --count 2 --interval 1s quiet >/tmp/top
is "top: exit status" $? 0
is "it has both vCPUs each time" "$(grep -c '^quiet ' /tmp/top)" 4
check "with rates of exits and times" \
	awk '/^quiet / { if ($8 !~ /^[0-9]/ || $14 !~ /^[0-9.]+$/) bad = 1; n++ }
		END { exit bad || n != 4 }' /tmp/top
check "and what RIP is in" eval '[ "$(grep -c " [a-z0-9_/]*\(+0x[0-9a-f]*\| (user)\)$" /tmp/top)" -ge 2 ]'
diag </tmp/top
vcpu-info top --counters --batch --count 1 --interval 1s quiet >/tmp/top
is "with counters alone there is no RIP" "$(grep -c '0x[0-9a-f]*$' /tmp/top)" 0

# Its VMM is stopped: nothing of it answers, and there is no libvirt here

kill -STOP "$pid"
check "the VMM is stopped" poll_until 30 grep -q '^State:.T' "/proc/$pid/status"
sample quiet >/tmp/sample.json
is "sample of a stopped VMM: exit status" $? 0
is "all vCPUs are there" "$(value vcpu_id </tmp/sample.json | xargs)" "0 1"
check "with registers" test "$(value rip </tmp/sample.json | grep -c ^0x)" -eq 2
diag "$(vcpu-info sample --no-guest-memory --format table quiet)"
kill -CONT "$pid"

# What is wrong is said

says "no such VM" 9 "no such VM 'nonsense'" vcpu-info sample nonsense
says "one of two" 9 "no such VM '$pid:0'" vcpu-info sample --counters quiet "$pid:0"
says "the others are sampled" 9 '"vcpu_id":1' \
	vcpu-info sample --no-guest-memory --json nonsense name:quiet
says "and diagnosed" 9 "no such VM 'nonsense'" \
	vcpu-info diagnose --no-guest-memory quiet nonsense
says "and listed" 9 "no such VM 'nonsense'" vcpu-info vms "pid:$pid" nonsense
says "a file is not begun" 9 "no such VM 'nonsense'" \
	vcpu-info record -o /tmp/none.dat -t 1 --vm quiet --vm nonsense
check "nor is there one" test ! -e /tmp/none.dat
says "follow waits for it" 0 "there is no VM 'nonsense' yet" \
	vcpu-info follow --duration 100ms nonsense
says "so does top" 0 "there is no VM 'nonsense' yet" \
	vcpu-info top --batch --count 1 nonsense
says "no such vCPU" 9 'no vCPU of that number' vcpu-info sample --vcpu 77 quiet
says "no capability" 5 'root' \
	setpriv --reuid=65534 --regid=65534 --clear-groups vcpu-info sample quiet
says "not the VM's owner" 5 'CAP_SYS_PTRACE' \
	setpriv --bounding-set=-sys_ptrace --inh-caps=-sys_ptrace \
	vcpu-info sample quiet
says "options that exclude each other" 2 'do not go together' \
	vcpu-info sample --counters --trace quiet
module_unload
says "no module" 3 'modprobe vcpu_info' vcpu-info sample quiet
module_load

# The VM goes while it is watched

vcpu-info sample --no-guest-memory --interval 50ms --format csv quiet >/tmp/watch.csv 2>/tmp/watch.err &
watch=$!
check "it is watched" poll_until 60 grep -q ^record /tmp/watch.csv
guest_stop quiet
wait $watch
is "the VM ends, and so does the watch: exit status" $? 9
like "which says so" "$(cat /tmp/watch.err)" 'gone|no (such )?VM runs'

# A Linux guest that hangs in its early boot: there is no init, and it stays so

qemu-system-x86_64 -name hangs -enable-kvm -M q35 -nodefaults -display none \
	-cpu "$GUEST_CPU" -smp 2 -m 192 -no-reboot \
	-kernel /usr/lib/vcpu-info-lab/vmlinuz -serial file:/tmp/hangs.console \
	-append "console=ttyS0 quiet panic=0 tsc=reliable cryptomgr.notests" \
	</dev/null >/tmp/hangs.log 2>&1 &
hangs=$!
check "a guest without a root hangs in its panic" \
	poll_until 300 grep -q 'end Kernel panic' /tmp/hangs.console ||
	diag "$(tail -n 10 /tmp/hangs.console /tmp/hangs.log)"
sample hangs >/tmp/sample.json
is "sample of one that hangs: exit status" $? 0
like "it is in its kernel" "$(value rip </tmp/sample.json)" '^0xffffffff[89a-f]'
diag "$(vcpu-info sample --format table hangs)"
vcpu-info dmesg hangs >/tmp/dmesg
is "its messages can be read" $? 0
like "the last ones say what it died of" "$(tail -n 30 /tmp/dmesg)" \
	'Kernel panic - not syncing: VFS: Unable to mount root'
diag "$(tail -n 8 /tmp/dmesg)"
kill "$hangs"
wait "$hangs" 2>/dev/null

# One that is no Linux: a boot sector, "cli; hlt; jmp"

boot_sector /tmp/boot '\xfa\xf4\xeb\xfd'
qemu-system-x86_64 -name payload -enable-kvm -nodefaults -display none -m 16 \
	-cpu "$GUEST_CPU" -drive file=/tmp/boot,format=raw </dev/null >/tmp/payload.log 2>&1 &
payload=$!
asleep()
{
	sample payload 2>/dev/null >/tmp/sample.json &&
		[ "$(value state </tmp/sample.json)" = halted ] &&
		[ "$(value rip </tmp/sample.json)" = 0x7c02 ]
}
check "a boot sector is found at its HLT" poll_until 120 asleep
is "which nothing but an NMI ends: IF is clear" \
	$(($(value rflags </tmp/sample.json) & 0x200)) 0
diag "$(vcpu-info sample payload)"
kill "$payload"
wait "$payload" 2>/dev/null
tap_end
