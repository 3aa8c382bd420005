#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 'vcpu-info follow' under load: each record is printed, or counted as lost.
# needs: linux-guest
# rows: bookworm-amd trixie-bpo-amd
# guest: shared
# silence: 900
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

STORM=/sys/module/vcpu_info_storm/parameters

follow_is_on()
{
	[ "$(cat /sys/kernel/tracing/instances/vcpu_info.follow.*/events/vcpu_info/enable \
		2>/dev/null)" = 1 ]
}

# follow_start OPTION... - its output is in /tmp/followed
follow_start()
{
	# A shell has its background jobs ignore SIGINT, and follow keeps it so.
	env --default-signal=INT vcpu-info follow "$@" >/tmp/followed 2>/tmp/follow.err &
	follow=$!
	check "follow $* begins" poll_until 60 follow_is_on
}

# follow_end - sets what it says it has printed and lost
follow_end()
{
	kill -INT $follow
	wait $follow
	is "Ctrl-C ends it well" $? 0
	read -r printed lost < <(sed -nE 's/^vcpu-info: ([0-9]+) records and 0 failed requests in .* s; ([0-9]+) events lost$/\1 \2/p' \
		/tmp/follow.err)
	diag "$(head -n 1 /tmp/follow.err)"
}

# accounts LINES WRITTEN PERCENT - lines printed, records written, of which so
# many are printed at least
accounts()
{
	check "it printed $3 % of the records at least" \
		test $((printed * 100)) -ge $(($2 * $3)) -a "$printed" -gt 0
	is "it printed as many as it says" "$1" "$printed"
	is "printed and lost make all that were written" \
		$((printed + lost)) "$2"
	is "it says so if some were lost" \
		"$(grep -c 'larger --buffer-kb' /tmp/follow.err)" $((lost > 0))
}

# bad_lines - lines of CSV out of order, twice, or with registers of another
bad_lines()
{
	awk -F, 'NR == 1 {
			for (i = 1; i <= NF; i++)
				col[$i] = i
			last = -1
			next
		}
		{
			nr = $col["exits"] + 0
			if (nr <= last || $col["vcpu_id"] != nr % 4 ||
			    $col["rax"] != sprintf("0x%x", nr) ||
			    $col["rbx"] != sprintf("0x%x", 4 * nr))
				print
			last = nr
		}' /tmp/followed
}

# switches - how often follow has waited so far
switches()
{
	sed -n 's/^voluntary_ctxt_switches:[[:space:]]*//p' /proc/$follow/status
}

# printed_some N - so many lines of CSV are there
printed_some()
{
	[ "$(grep -c '^record,' /tmp/followed)" -ge "$1" ]
}

# 50,000 records a second, from a module in the place of ours

module_unload
check "a module that writes records loads" \
	insmod /lab/modules/vcpu_info_storm.ko rate=50000 || exit 1
follow_start --format csv
before=$(switches)
# nothing happens in these
sleep 10
woken=$(($(switches) - before))
check "follow sleeps while there are no records (woken $woken times in 10 s)" \
	test $woken -lt 30
echo 1 >$STORM/write
check "and wakes for one" poll_until 60 printed_some 1
follow_end
follow_start --format csv
echo 100000 >$STORM/write
diag "100000 records in $(cat $STORM/usecs) us"
follow_end
accounts "$(grep -c '^record,' /tmp/followed)" 100000 1
is "each is whole and in order" "$(bad_lines | head -n 3)" ""

# From each CPU in turn: what is read of one can be younger than what comes of
# the other. Slow enough to be read, so that both are looked at often.

echo 4000 >$STORM/rate
echo 10 >$STORM/hop
follow_start --format csv
echo 40000 >$STORM/write
diag "40000 records in $(cat $STORM/usecs) us"
follow_end
accounts "$(grep -c '^record,' /tmp/followed)" 40000 50
is "each is whole and in order, whatever CPU it is from" \
	"$(bad_lines | head -n 3)" ""
changes=$(awk -F, 'NR == 1 {
		for (i = 1; i <= NF; i++)
			if ($i == "caller_cpu")
				col = i
		next
	}
	col && $col != last {
		changes++
		last = $col
	}
	END {
		print changes + 0
	}' /tmp/followed)
diag "$changes stretches of records of one CPU"
check "the CPU changed often" test "$changes" -ge 1000
echo 0 >$STORM/hop

# More than anybody can read

echo 0 >$STORM/rate
before=$(cat $STORM/written)
follow_start --json --buffer-kb 64
echo 200000 >$STORM/write
diag "200000 records in $(cat $STORM/usecs) us"
follow_end
accounts "$(grep -c '^{"schema":1,"type":"record"' /tmp/followed)" \
	$(($(cat $STORM/written) - before)) 0
check "some were lost" test "$lost" -gt 0
is "the last line of JSON says how many" \
	"$(tail -n 1 /tmp/followed |
		jq -c '[.type, .overrun + .commit_overrun + .dropped]')" \
	"[\"lost\",$lost]"

# It ends by itself while more comes than it can read

echo 1000000000 >$STORM/write &
writer=$!
vcpu-info follow --format csv --duration 1s >/tmp/followed 2>/tmp/follow.err &
follow=$!
check "follow --timeout ends" poll_until 120 sh -c "! kill -0 $follow 2>/dev/null"
wait $follow
is "well" $? 0
check "while records are still made" kill -0 $writer
check "and after some were printed" grep -q '^record,' /tmp/followed
kill $writer
wait $writer
rmmod vcpu_info_storm

# A guest that asks as fast as it can

module_unlimited
check "the shared guest is there" guest_share || exit 1
follow_start --format csv --vm lab
before=$(count records)
check "it asks 1000 times" guest_run lab \
	'vcpu-info-guest trigger --count 500 --interval 0 >/dev/null'
written=$(($(count records) - before))
is "and each time the module wrote a record" $written 1000
follow_end
accounts "$(grep -c '^record,' /tmp/followed)" $written 50
tap_end
