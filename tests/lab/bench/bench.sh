# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What the measurements share.
. /lab/host/lib.sh
. /lab/host/module.sh

OTHER=0x564f5448	# a hypercall that nobody has
PARAMETERS=/sys/module/vcpu_info/parameters
INSTANCE=/sys/kernel/tracing/instances/vcpu_info
EVENT=$INSTANCE/events/vcpu_info/vcpu_info/enable

# figure NAME VALUE
figure()
{
	if [ -n "$2" ]; then
		echo "@bench $1 $2"
	else
		not_ok "$1 was measured"
	fi
}

# measure NAME RESULT CASE ARGUMENT... - the guest has to get that result
measure()
{
	local name=$1 want=$2 got ticks

	shift 2
	read -r got ticks < <(/lab/bin/bench "$@")
	is "$name: what the guest is told" "${got:-}" "$want"
	figure "$name" "${ticks:-}"
}

parameter()
{
	echo "$2" >"$PARAMETERS/$1"
}

# As strict as can be without ever refusing: limits are looked at.
module_generous()
{
	module_load vm_rate=1000000 vm_burst=1000000 host_rate=1000000
}

# storm NAME NR VCPUS CPU MS - figures NAME_counted and NAME_calls: what a VM on the
# first CPU counts while VCPUS of another one, on that CPU, make calls
storm()
{
	local counted calls

	read -r counted calls < <(/lab/bin/bench storm "$2" "$3" "$4" "$5")
	figure "$1_counted" "${counted:-}"
	figure "$1_calls" "${calls:-}"
}

# records_made - how many records the module says it has written
records_made()
{
	count records
}

# buffered WHAT - "entries", "bytes", "overrun" of the instance, over all CPUs
buffered()
{
	awk -v what="$1:" '$1 == what { sum += $2 } END { print sum }' \
		$INSTANCE/per_cpu/cpu*/stats
}

# payload_start CODE [COMMAND...] - a guest of QEMU that is the bytes CODE in a boot
# sector, printf's; sets PAYLOAD to its process
payload_start()
{
	local code=$1

	shift
	boot_sector /tmp/boot "$code"
	rm -f /tmp/memory
	"$@" qemu-system-x86_64 -name payload -enable-kvm -nodefaults -display none \
		-cpu "$GUEST_CPU" -m 16 -machine memory-backend=memory \
		-object memory-backend-file,id=memory,size=16M,mem-path=/tmp/memory,share=on \
		-drive file=/tmp/boot,format=raw \
		-monitor unix:/tmp/monitor,server=on,wait=off \
		</dev/null >/tmp/payload.log 2>&1 &
	PAYLOAD=$!
}

# It counts at 0x8000, and nothing but the host interrupts it:
# cli; xor ax, ax; mov ds, ax; inc dword [0x8000]; jmp back
# shellcheck disable=SC2034 # for payload_start
COUNTING='\xfa\x31\xc0\x8e\xd8\x66\xff\x06\x00\x80\xeb\xf9'
COUNTING_INSNS=2
# cli; hlt; jmp back
# shellcheck disable=SC2034
HALTING='\xfa\xf4\xeb\xfd'

payload_stop()
{
	kill "$PAYLOAD"
	wait "$PAYLOAD" 2>/dev/null
}

# payload_counts - whether it does
payload_counts()
{
	local count

	count=$(od -An -tu4 -j 0x8000 -N 4 /tmp/memory)
	[ "$((count))" -gt 1000 ]
}

payload_is()
{
	[ "$(vcpu-info sample --json "$PAYLOAD" | jq -r .state)" = "$1" ]
}

# taken HOW [COMMAND...] - "EXITS TICKS CPU_NS COUNTED" each time it is asked for
taken()
{
	local how=$1 dir tid

	shift
	dir=$(compgen -G "/sys/kernel/debug/kvm/$PAYLOAD-*" | head -n 1)
	tid=$(vcpu-info sample --json "$PAYLOAD" | jq -r .pid)
	"$@" /lab/bin/bench taken "$PAYLOAD" "${dir##*-}" "$tid" /tmp/monitor \
		/tmp/memory "$how"
}

# lost PREFIX COLUMN HOW... - of each, what it takes beside what is taken anyway: exits
# and instructions, by the time in COLUMN (2: ticks, 3: CPU time of the vCPU's thread)
# less the guest's own; figures PREFIX_HOW_exits and PREFIX_HOW_lost
lost()
{
	local prefix=$1 column=$2 how name base of

	shift 2
	base=$(taken counts)
	diag "$prefix counts: $base"
	for how; do
		name=${prefix}_$how
		of=$(taken "$how")
		diag "$prefix $how: $of"
		if [ -z "$base" ] || [ -z "$of" ]; then
			not_ok "$name was measured"
			continue
		fi
		figure "${name}_exits" \
			"$(awk '{ print $5 - $1 }' <<<"$base $of")"
		figure "${name}_lost" \
			"$(awk -v c="$column" -v insns="$COUNTING_INSNS" '
				{ print $(c + 4) - $c - insns * ($8 - $4) }' \
				<<<"$base $of")"
	done
}

TIMEFORMAT='%3U %3S'

# cpu_ns COMMAND... - CPU time that it takes with its children, to a millisecond; its
# output is in /tmp/output and /tmp/errors
cpu_ns()
{
	{ time "$@" >/tmp/output 2>/tmp/errors; } 2>&1 |
		awk '{ printf "%.0f\n", ($1 + $2) * 1e9 }'
}
