#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Tests of the lab itself that need neither root nor a boot: the log scanner,
# the table, the cache. Prints TAP.
set -u -o pipefail

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../tap.sh
. "$TOP/tests/tap.sh"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# A line each that a kernel writes when something is wrong.
faults()
{
	cat <<'END'
BUG: unable to handle page fault for address: ffffffffc0a01000
BUG: kernel NULL pointer dereference, address: 0000000000000008
BUG: scheduling while atomic: qemu-system-x86/210/0x00000002
BUG: sleeping function called from invalid context at kernel/locking/mutex.c:580
BUG: KASAN: slab-use-after-free in vcpu_info_hook+0x12/0x40
kernel BUG at arch/x86/kvm/x86.c:9500!
WARNING: CPU: 1 PID: 99 at kernel/trace/ftrace.c:2144 ftrace_bug+0x1/0x2
WARNING: possible circular locking dependency detected
WARNING: possible recursive locking detected
WARNING: inconsistent lock state
WARNING: suspicious RCU usage
INFO: lockdep is turned off.
Oops: 0002 [#1] PREEMPT SMP NOPTI
general protection fault, probably for non-canonical address 0x1: 0000 [#1]
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:
rcu: rcu_preempt kthread starved for 5250 jiffies! g9 f0x0 RCU_GP_WAIT_FQS(5)
INFO: task modprobe:212 blocked for more than 120 seconds.
watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [qemu-system-x86:210]
watchdog: Watchdog detected hard LOCKUP on cpu 1
UBSAN: array-index-out-of-bounds in module/host/policy.c:10:2
BUG: KFENCE: out-of-bounds read in test+0x1/0x2
refcount_t: underflow; use-after-free.
list_add corruption. prev->next should be next
unchecked MSR access error: WRMSR to 0x10 at rIP: 0xffffffff81062b74
Call Trace:
Kernel panic - not syncing: Attempted to kill init!
BUG: using smp_processor_id() in preemptible [00000000] code: modprobe/210
ODEBUG: free active (active state 0) object type: timer_list hint: test+0x0/0x8
kmemleak: 1 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
rcu: INFO: rcu_preempt detected expedited stalls on CPUs/tasks: { 1-... } 21 jiffies
INFO: rcu_tasks detected stalls on tasks:
rcu: INFO: rcu_tasks_trace detected stalls on tasks:
vcpu-info[311]: segfault at 8 ip 000055d0c8a41b52 sp 00007ffd4a error 4 in vcpu-info
traps: vcpu-info[311] trap invalid opcode ip:55d0c8a41b52 sp:7ffd4a error:0
traps: oracle[311] general protection fault ip:401b52 sp:7ffd4a error:0
lab: crashed: vcpu-info pid 311 signal 6
------------[ cut here ]------------
invalid opcode: 0000 [#1] PREEMPT SMP NOPTI
kvm_intel: vmx: unexpected exit reason 0x3
kvm_intel: *** Guest State ***
SVM: VMCB 00000000c0de0000, last attempted VMRUN on CPU 1
Out of memory: Killed process 311 (qemu-system-x86) total-vm:1000kB
vcpu-info invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0
vcpu_info: disagrees about version of symbol kvm_get_kvm
END
}

# Lines of ordinary boots that look a little like the others.
harmless()
{
	cat <<'END'
Linux version 6.1.0-56-cloud-amd64 (debian-kernel@lists.debian.org)
Command line: console=ttyS0 panic=-1 debug mitigations=off
Spectre V2 : User space: Vulnerable
clocksource: tsc: mask: 0xffffffffffffffff max_cycles: 0x1cd42e4dffb
vcpu_info: loading out-of-tree module taints kernel.
module verification failed: signature and/or required key missing
mtrr: your CPUs had inconsistent fixed MTRR settings
Unstable clock detected, switching default tracing clock to "global"
Warning: unmaintained hardware is detected: x86 virtual CPU
rcu: Preemptible hierarchical RCU implementation.
rcu: RCU event tracing is enabled.
rcu: RCU calculated value of scheduler-enlistment delay is 25 jiffies.
kvm [147]: vcpu0, guest rIP: 0xffffffff82c73744 Unhandled WRMSR(0xc0010007)
DMI: not present or invalid.
debugfs: Directory 'kvm' with parent '/' already present!
printk: console [ttyS0] enabled
lockdep_init not built in
END
}

# scan_finds LINE - the scanner fails on the line, between harmless ones, and
# prints it
scan_finds()
{
	local out status

	{
		harmless
		echo "[   12.345678] $1"
		harmless
	} >"$tmp/log"
	out=$(scan_logs "$tmp/log")
	status=$?
	[ $status -eq 1 ] && grep -qF -e "$1" <<<"$out"
}

# The same line as a guest's log has it, from /dev/kmsg.
scan_finds_kmsg()
{
	local status

	echo "4,127,409240,-;$1" >"$tmp/log"
	scan_logs "$tmp/log" >/dev/null
	status=$?
	[ $status -eq 1 ]
}

while read -r line; do
	scan_finds "$line" && scan_finds_kmsg "$line"
	result $? "found: $line"
done < <(faults)

harmless >"$tmp/clean"
out=$(scan_logs "$tmp/clean")
result $? "harmless lines are left alone${out:+: $out}"

echo "BUG: first" >"$tmp/bad"
scan_logs "$tmp/clean" "$tmp/bad" >/dev/null
[ $? -eq 1 ]
result $? "a fault in the second of two logs is found"

scan_logs "$tmp/clean" "$tmp/none" >/dev/null
[ $? -eq 2 ]
result $? "a log that is not there is a failure"

: >"$tmp/empty"
scan_logs "$tmp/empty" >/dev/null
[ $? -eq 2 ]
result $? "an empty log is a failure"

# The cache: complete or not there.
CACHE=$tmp/cache HOST=host
mkdir -p "$CACHE/image-host-1.tmp/half"

# shellcheck disable=SC2317 # called by cached
good()
{
	[ ! -e "$1/half" ] && echo whole >"$1/file"
}

# shellcheck disable=SC2317
bad()
{
	echo part >"$1/file"
	return 1
}

cached image-host-1 good && [ -f "$CACHE/image-host-1/file" ] &&
	[ ! -e "$CACHE/image-host-1/half" ]
result $? "what an interrupted build left is not used"
cached image-host-1 bad
result $? "what is there is not built again"
! cached image-host-2 bad && [ ! -e "$CACHE/image-host-2" ] &&
	[ ! -e "$CACHE/image-host-2.tmp" ]
result $? "a build that fails leaves nothing"
for i in 3 4 5; do
	cached image-host-$i good
	touch -d "2020-01-0$i" "$CACHE/image-host-$i"
done
prune image 2
[ "$(cd "$CACHE" && echo ./*)" = "./image-host-1 ./image-host-5" ]
result $? "only what was used last is kept"

for row in $(row_names); do
	(row_load "$row")
	result $? "the table's row $row is complete"
done
# selected ROW PART - the tests that a row runs then
selected()
{
	# shellcheck source=run.sh
	(row_load "$1" && . "$LAB/run.sh" && PART=$2 && select_tests host)
}

for row in bookworm-amd bookworm-intel trixie-amd trixie-bpo-amd; do
	all=$(selected "$row" "" | sort)
	[ -n "$all" ] &&
		[ "$all" = "$({ selected "$row" check; selected "$row" rest; } | sort)" ]
	result $? "$row: make check or the rest has each test, not both"
done

# The words that a test's header may have: those of CONTRIBUTING.md's table.
words()
{
	sed -nE 's/^\| `# ([a-z]+)[:`].*/\1/p' "$TOP/CONTRIBUTING.md"
}

# headers FILE - the words of its header: comment lines that are one word, or
# begin with one and a colon
headers()
{
	sed -nE '/^[^#]/q; s/^# ([a-z]+)(: .*)?$/\1/p' "$1"
}

# unknown FILE... - words that are none
unknown()
{
	local file

	for file; do
		headers "$file" | grep -vxFf <(words)
	done
}

result "$(words | grep -c . | awk '{ print $1 < 8 }')" \
	"CONTRIBUTING.md has the table of header words"
for file in "$LAB"/{host,bench,plant}/*.sh; do
	found=$(unknown "$file" | xargs)
	[ -z "$found" ]
	result $? "${file#"$TOP/"}: its header has known words${found:+, but: $found}"
done
printf '#!/bin/bash\n# SPDX-License-Identifier: GPL-2.0\n# hostil\n# needs: x\n' >"$tmp/test"
[ "$(unknown "$tmp/test")" = hostil ]
result $? "an unknown word is an error"

# The emulator: what is not known, and is not what it was, is refused.
# shellcheck source-path=SCRIPTDIR source=emulator.sh
. "$LAB/emulator.sh"
cp /bin/true "$tmp/qemu"
out=$(mend_emulator "$tmp/qemu" 9:99 2>&1)
[ $? -eq 1 ] && grep -q "is not in emulator.lock" <<<"$out"
result $? "an emulator that seems to need no mending is refused" "$out"
known=$(awk '!/^#/ { print $1; exit }' "$LAB/emulator.lock")
out=$(mend_emulator "$tmp/qemu" "$known" 2>&1)
[ $? -eq 1 ] && grep -q "is not the file" <<<"$out"
result $? "a known version with other bytes is refused" "$out"
cmp -s /bin/true "$tmp/qemu"
result $? "and is left as it was"

(row_load none 2>/dev/null)
[ $? -eq 1 ]
result $? "a row that is not there is an error"

tap_end
