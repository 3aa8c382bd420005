#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# Where the time of a guest goes, against what the guest itself counts of it: the
# functions of a module take known shares, and so does a process.
# needs: linux-guest
# rows: bookworm-amd
# guest: shared
# silence: 900
# rest
. /lab/host/lib.sh
. /lab/host/module.sh
# shellcheck source-path=SCRIPTDIR source=profiled.sh
. /lab/host/profiled.sh

# As often as an emulated host has time for, where a round takes 100 ms. Five standard
# deviations are exceeded once in a million times; the sixth is for samples that stand
# for unequal times, since rounds are late. tests/lab/bench/22-profile.sh is closer.
HZ=9
LENGTH=60
[ "${SIZE:-check}" != long ] || LENGTH=300
SIGMAS=6

check "the module loads" module_load || exit 1
check "a guest boots" guest_share || exit 1
check "a module with a known load loads" guest_run lab insmod /lab/profile_load.ko ||
	exit 1
pid=$(guest_run lab 'taskset 1 busy part 300000 700000 /tmp/busy >/dev/null 2>&1 & echo $!')

# times - what the guest says: of A, B, C and in all; of the process; its uptime
times()
{
	guest_run lab "cat /sys/kernel/debug/profile_load/times /proc/$pid/schedstat /proc/uptime" |
		xargs
}

before=$(times)
vcpu-info profile --by-vcpu --frequency $HZ --duration "$LENGTH" \
	--output "$PROFILE" lab 2>/tmp/notes
is "vcpu-info profile ends" $? 0
after=$(times)
diag </tmp/notes
head -n 3 "$PROFILE" | diag
check "JSON is as the schema has it" python3 /lab/check_schema.py --valid \
	/lab/record.schema.json "$PROFILE"
jq -r 'select(.type == "profile_stack") | "\(.ns) \(.samples) \([.frames[].name] |
	join(";"))"' "$PROFILE" | sort -rn | head -n 25 | diag

# It all adds up.
is "the states of each vCPU add up to its time" "$(jq -c 'select(.states) |
	.total_ns - ([.states[]] | add)' "$PROFILE" | sort -u)" 0
is "the stacks add up to the time of all vCPUs" "$(jq -s '(.[0].total_ns) -
	([.[] | select(.frames) | .ns] | add)' "$PROFILE")" 0
is "samples of stacks are all samples" "$(jq -s '.[0].samples -
	([.[] | select(.frames) | .samples] | add)' "$PROFILE")" 0
check "two vCPUs' time is twice the wall time, less the end of the last round" \
	jq -se '(.[0].wall_ns * 2 - .[0].total_ns) / .[0].wall_ns | . >= 0 and . < 0.1' \
	"$PROFILE"
check "there are samples enough to tell 50 % from 20 %" \
	test "$(sampled 1 '^load_[abc] ')" -ge 120

# The functions' shares of what the thread ran, and its share of its vCPU
read -r a0 b0 c0 all0 run0 _ _ up0 _ <<<"$before"
read -r a1 b1 c1 all1 run1 _ _ up1 _ <<<"$after"
guest=$((a1 - a0 + b1 - b0 + c1 - c0))
up=$(awk -v a="$up0" -v b="$up1" 'BEGIN { printf "%.0f", (b - a) * 1e9 }')
share load_a $((a1 - a0)) "$guest" 1 '^load_a ' '^load_[abc] '
share load_b $((b1 - b0)) "$guest" 1 '^load_b ' '^load_[abc] '
share load_c $((c1 - c0)) "$guest" 1 '^load_c ' '^load_[abc] '
share "the load of vCPU 1" "$guest" $((all1 - all0)) 1 '^load_[abc] '
share "the process of vCPU 0" $((run1 - run0)) "$up" 0 "^[a-z]*/$pid\$"
check "there is idle time of vCPU 1" test "$(spent 1 '^swapper/1$')" -gt 0

# The other formats. To find a kernel takes half a minute in an emulated host, so these
# have states only.
vcpu-info profile --no-guest-memory -F 50 -t 2 -o /tmp/p.folded lab 2>/dev/null
check "folded stacks: frames, a number" eval \
	'[ -s /tmp/p.folded ] && ! grep -vE "^lab(;[^;]+)+ [0-9]+$" /tmp/p.folded'
vcpu-info profile --no-guest-memory -F 50 -t 2 lab >/tmp/p.txt 2>/tmp/notes
check "a table" grep -qE '^ +[0-9.]+ +[0-9.]+  [a-z ]+ lab +' /tmp/p.txt
diag </tmp/p.txt
is "nothing is said besides" "$(cat /tmp/notes)" ""

# On a terminal
python3 -c 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)' \
	vcpu-info profile --no-guest-memory -F 50 -t 2 -o /tmp/p.json lab </dev/null >/tmp/terminal 2>&1
is "on a terminal it ends, too" $? 0
like "and says how long that takes, and how much there is" \
	"$(tr '\r' '\n' </tmp/terminal)" '[012] s left, [0-9]+ samples, [0-9]+ rounds missed'

# It ends early, and keeps what there is.
taken()
{
	[ "$(count samples)" -ge $((start + 20)) ]
}
start=$(count samples)
vcpu-info profile --no-guest-memory -t 1h -o /tmp/early.json lab 2>/dev/null &
profile=$!
check "it samples" poll_until 60 taken
check "nothing is there before it ends" test ! -e /tmp/early.json
kill -TERM $profile
wait $profile
is "a signal ends it" $? 0
check "what there was is there" jq -se '.[0].samples >= 2 and .[0].wall_ns < 3600e9' \
	/tmp/early.json

# A VM that ends meanwhile: its boot sector is "cli; hlt; jmp" to the hlt
boot_sector /tmp/boot '\xfa\xf4\xeb\xfd'
qemu-system-x86_64 -name brief -enable-kvm -nodefaults -display none -cpu "$GUEST_CPU" \
	-m 16 -drive file=/tmp/boot,format=raw </dev/null >/tmp/brief.log 2>&1 &
brief=$!
halts()
{
	[ "$(vcpu-info sample --json brief | jq -r .state)" = halted ]
}
check "another VM is there, of no Linux" poll_until 60 halts
start=$(count samples)
vcpu-info profile -t 1h -o /tmp/brief.json brief 2>/tmp/notes &
profile=$!
check "it is profiled" poll_until 60 taken
kill -KILL $brief
wait $profile
is "the profile ends with its VM" $? 0
like "which is said" "$(cat /tmp/notes)" 'VM brief ended meanwhile'
check "what there was of it is there" jq -se '.[0].samples >= 2 and .[1].vm_gone' \
	/tmp/brief.json
is "its state, which needs no names" "$(jq -sr '[.[] | select(.frames)] | max_by(.ns) |
	"\(.frames[1].name) \(.frames[1].kind)"' /tmp/brief.json)" \
	"halted with interrupts off idle"
check "a vCPU that has not moved is not looked at again" jq -se \
	'.[0].reused > .[0].samples / 2' /tmp/brief.json

guest_run lab "kill $pid; rmmod profile_load"
says "no such VM" 9 'vcpu-info vms' vcpu-info profile no-such-vm
tap_end
