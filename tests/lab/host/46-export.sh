#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# vcpu-info export: metrics of guests of a few instructions over HTTP, through a Unix
# socket and in a file; what a scrape does to a vCPU (nothing); hangs, cures and ends.
# rows: bookworm-amd
# needs: linux-guest
# silence: 900
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

PORT=9100
SOCKET=/run/export.sock

# boot NAME CODE - a VM whose boot sector is that code, in the background; it comes
# before what this test does besides
boot()
{
	boot_sector "/tmp/boot-$1" "$2"
	nice -n -10 qemu-system-x86_64 -name "guest=$1,debug-threads=on" -enable-kvm \
		-nodefaults -display none -m 16 -cpu "$GUEST_CPU" -no-reboot \
		-uuid 00c0ffee-0000-4000-8000-000000000046 \
		-drive "file=/tmp/boot-$1,format=raw" \
		</dev/null >"/tmp/$1.log" 2>&1 &
	vmm=$!
}

# get [PATH [HEADER]] - an answer without its headers. The server closes, not we.
get()
{
	printf 'GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n' "${1:-/metrics}" "${2-}" |
		socat -t 60 - "TCP:127.0.0.1:$PORT,shut-none" | sed '1,/^\r*$/d'
}

# sample NAME LABELS - the value of one
sample()
{
	get >/tmp/metrics
	value "$@" </tmp/metrics
}

# value NAME LABELS - of a text; the labels are a part of them
value()
{
	grep -F "$1{" | grep -F -- "$2" | sed 's/.* //'
}

# is_now WANT NAME LABELS
is_now()
{
	local want=$1

	shift
	[ "$(sample "$@")" = "$want" ]
}

# in_boot_sector NAME - it has left the firmware
in_boot_sector()
{
	[[ $(vcpu-info sample --no-guest-memory --json "$1" 2>/dev/null |
		jq -r .rip) =~ ^0x7c[0-9a-f]{2}$ ]]
}

# counters KEY - of the VM "off", by another command
counters()
{
	vcpu-info sample --counters --json off | jq -r ".$1"
}

busybox ifconfig lo 127.0.0.1 up
module_unload
vcpu-info export >/tmp/metrics 2>/tmp/err
is "no module: exit status" $? 3
is "a metric says so" "$(grep ^vcpu_info_module_loaded /tmp/metrics)" \
	"vcpu_info_module_loaded 0"
vcpu-info export --textfile /tmp/out.prom 2>/tmp/err
is "with a file: exit status" $? 3
is "the file says so" "$(grep ^vcpu_info_up /tmp/out.prom)" "vcpu_info_up 0"

check "the module loads" module_load
vcpu-info export --listen ":$PORT" 2>/tmp/server.err &
server=$!
serves()
{
	get / | grep -q vcpu-info
}
check "it serves" poll_until 60 serves
is "there is the module" "$(get | grep ^vcpu_info_module_loaded)" \
	"vcpu_info_module_loaded 1"
is "and no VM" "$(get | grep ^vcpu_info_exporter_vms\ )" \
	"vcpu_info_exporter_vms 0"
http=$(pgrep -P $server)
is "who serves is nobody" "$(stat -c %U "/proc/$http")" nobody
is "without capabilities" "$(sed -n 's/^CapEff:\t//p' "/proc/$http/status")" \
	0000000000000000
is "behind a filter" "$(sed -n 's/^Seccomp:\t//p' "/proc/$http/status")" 2

# Those that are slow, or ask for nothing, hold up nobody.

slow=()
for ((i = 0; i < 200; i++)); do
	exec {fd}<>"/dev/tcp/127.0.0.1/$PORT"
	[ $((i % 2)) = 0 ] || printf 'GET /metrics HTTP/1.1\r\nX: ' >&"$fd"
	slow+=("$fd")
done
began=$SECONDS
printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n' |
	socat -t 60 - "TCP:127.0.0.1:$PORT,shut-none" >/tmp/reply
diag "$((SECONDS - began)) s, $(wc -c </tmp/reply) bytes: $(head -n 1 /tmp/reply)"
is "the next after 200 silent clients is served" \
	"$(grep ^vcpu_info_up /tmp/reply)" "vcpu_info_up 1"
for fd in "${slow[@]}"; do
	exec {fd}>&-
done

boot off '\xfa\xf4\xeb\xfd'			# cli; hlt; jmp
off=$vmm
check "a guest halts for good" poll_until 240 in_boot_sector off
check "its vCPU is found" poll_until 60 is_now 1 vcpu_info_vcpu_state \
	'vm="off"'
is "it is halted" "$(sample vcpu_info_vcpu_state 'state="halted"')" 1
like "what is known of it" "$(get | grep ^vcpu_info_vm_info)" \
	"vm=\"off\",vm_id=\"$off:[0-9]+\",pid=\"$off\",uuid=\"00c0ffee-0000-4000-8000-000000000046\",vmm=\"qemu\",comm=\"qemu-system-x86\""

# Nothing of a vCPU that halts for good changes: so all numbers have to agree.

agree()
{
	local key=$1

	shift
	is "$key is that of sample --counters" "$(sample "$@")" \
		"$(counters "$key")"
}
agree exits vcpu_info_vcpu_exits_total 'vm="off"'
agree io_exits vcpu_info_vcpu_exits_by_kind_total 'kind="io"'
agree halt_exits vcpu_info_vcpu_exits_by_kind_total 'kind="halt"'
agree irq_exits vcpu_info_vcpu_exits_by_kind_total 'kind="irq"'
agree irq_injections vcpu_info_vcpu_interrupts_injected_total 'vm="off"'
agree halt_wakeup vcpu_info_vcpu_halt_wakeups_total 'vm="off"'
vcpu-info export --textfile /tmp/out.prom
is "a file: exit status" $? 0
is "it has the same number" \
	"$(value vcpu_info_vcpu_exits_total 'vm="off"' </tmp/out.prom)" \
	"$(counters exits)"
is "and no end mark, which the textfile collector does not know" \
	"$(grep -c '^# EOF' /tmp/out.prom)" 0
is "OpenMetrics has it" "$(get /metrics \
	$'Accept: application/openmetrics-text\r\n' | tail -n 1)" "# EOF"

# A scrape takes no snapshot, which alone interrupts a vCPU.

boot spin '\xfa\xeb\xfe'			# cli; jmp .
spin=$vmm
check "another spins" poll_until 240 in_boot_sector spin

trace=/sys/kernel/tracing/instances/lab-export
mkdir $trace
echo vcpu_info_snapshot_other >$trace/set_ftrace_filter
echo function >$trace/current_tracer
snapshots()
{
	grep -c vcpu_info_snapshot_other $trace/trace
}
exits=$(counters exits)
for ((i = 0; i < 10; i++)); do
	get >/tmp/metrics
	vcpu-info export --textfile /tmp/out.prom
	vcpu-info export --no-diagnosis off spin >/tmp/metrics
done
taken=$(snapshots)
looks=$(get | sed -n 's/^vcpu_info_exporter_looks_total //p')
# each look at one of the two takes two snapshots of its only vCPU; one may be on
check "30 scrapes took no snapshot; looks of the diagnosis did ($taken, $looks)" \
	test "$taken" -le $((looks * 2 + 2))
is "a halted vCPU had no exit" "$(counters exits)" "$exits"
vcpu-info export --textfile /tmp/alone.prom --interval 1s --no-diagnosis &
alone=$!
kill $server
wait $server
is "a signal ends it: exit status" $? 0
before=$(snapshots)
written()
{
	[ /tmp/alone.prom -nt "$1" ]
}
for ((i = 0; i < 5; i++)); do
	touch /tmp/mark
	check "the file is written again" poll_until 60 written /tmp/mark
done
is "without diagnosis there is no snapshot at all" "$(snapshots)" "$before"
kill $alone
wait $alone
check "a file that nobody keeps up to date is removed" test ! -e /tmp/alone.prom
vcpu-info sample --no-guest-memory spin >/tmp/sample
check "sample does take one" test "$(snapshots)" -gt "$before"
echo nop >$trace/current_tracer
rmdir $trace

# Diagnoses come by themselves.

vcpu-info export --listen $SOCKET 2>>/tmp/server.err &
server=$!
get()
{
	printf 'GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n' "${1:-/metrics}" "${2-}" |
		socat -t 60 - "UNIX:$SOCKET,shut-none" | sed '1,/^\r*$/d'
}
check "through a Unix socket" poll_until 60 serves
is "which is its owner's and group's" "$(stat -c %a $SOCKET)" 660
hung()
{
	# asking is work for the CPU that the VM should have
	sleep 5
	get | grep -E '^vcpu_info_vm_diagnosis\{vm="spin".*diagnosis="hung"\} 1$'
}
check "the spinning VM is hung" poll_until 240 hung
diag "$(get | grep -E '_diagnosis[_{].* 1$|_looks')"
like "and since when" "$(sample \
	vcpu_info_vm_diagnosis_changed_timestamp_seconds 'vm="spin"')" '^[0-9]{10}$'

# What is gone leaves no series.

kill $spin
wait $spin
# gone VM - no series is of it; the text of the last second is still given out
gone()
{
	[ "$(get | grep -c "vm=\"$1\"")" = 0 ]
}
check "a VM that is gone has no series" poll_until 20 gone spin
check "the other one has" test "$(get | grep -c 'vm="off"')" -gt 20
module_unload
check "without the module there is none" poll_until 20 gone off
is "and it is said" "$(get | grep -E '^vcpu_info_(module_loaded|up)' | xargs)" \
	"vcpu_info_up 0 vcpu_info_module_loaded 0"
check "the module loads again" module_load
check "and the VM is back" poll_until 60 is_now 1 vcpu_info_vcpu_state \
	'vm="off"'
kill $off
wait $off
kill $server
wait $server
is "a signal ends it: exit status" $? 0
check "the socket is removed" test ! -e $SOCKET
diag </tmp/server.err
tap_end
