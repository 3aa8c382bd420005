#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-matrix.sh [ROW...] - run the lab on every row of its table, and print
# what became of each as one table
#
# A cell is "ok", "FAILED", "skip" where the row cannot do it (a Linux guest on
# an emulated Intel host), or "-" where it was not reached. What the lab printed
# is in build/matrix/ROW.unit, ROW.tap and ROW.log. From the environment:
#
#   VCPU_INFO_JOBS   rows at a time (2)
#   VCPU_INFO_TESTS  the tests that each row runs: the modules' own, and on one row
#                    of each suite the packages'; "0 1 2 3 4 5 6 7 8 9" for all
set -u -o pipefail

# shellcheck source-path=SCRIPTDIR source=lab/lib.sh
. "$(dirname "$0")/lab/lib.sh"

OUT=$TOP/build/matrix
JOBS=${VCPU_INFO_JOBS:-2}
TESTS=${VCPU_INFO_TESTS:-}
FORMAT='%-20s %-28s %-7s %-7s %-7s %-7s %-7s %-7s %-7s %-8s %-7s %7s %7s %7s\n'

# verdict FILE REGEX - of the results in a TAP file that match
verdict()
{
	local lines

	lines=$(grep -hE '^(not )?ok ' "$1" 2>/dev/null | grep -E -- "$2")
	if [ -z "$lines" ]; then
		echo -
	elif grep -q '^not ' <<<"$lines"; then
		echo FAILED
	elif grep -qv '# SKIP' <<<"$lines"; then
		echo ok
	else
		echo skip
	fi
}

# test_verdict ROW NAME - of one of the lab's tests: what it found, and what
# was found of it (that it took too long, or that it was skipped)
test_verdict()
{
	{
		cat "$TOP/build/lab/$1/logs/$2.tap"
		grep -E " - $2(:| #)" "$OUT/$1.tap"
	} 2>/dev/null | verdict - .
}

# kernel ROW - what the host said it runs
kernel()
{
	sed -nE 's/.*the host runs Linux ([^ ]+)$/\1/p' "$OUT/$1.log" | tail -n 1
}

# add_row ROW BUILT - a line of the table, from what the run left behind
add_row()
{
	local row=$1 tap=$OUT/$1.tap sum
	local load=$TOP/build/lab/$1/logs/10-load.tap

	read -ra sum < <(sed -nE \
		's/^([0-9]+) passed, ([0-9]+) failed, ([0-9]+) skipped$/\1 \2 \3/p' \
		"$tap")
	[ ${#sum[@]} -eq 3 ] || sum=(0 1 0)
	sum[0]=$((sum[0] + $(grep -cE '^ok [^#]*$' "$OUT/$row.unit")))
	sum[1]=$((sum[1] + $(grep -cE '^not ok ' "$OUT/$row.unit")))
	# shellcheck disable=SC2059 # the one format
	printf "$FORMAT" "$row" "$(kernel "$row")" \
		"$(verdict "$OUT/$row.unit" .)" "$2" \
		"$(verdict "$load" ' the module loads$')" \
		"$(test_verdict "$row" 20-record)" \
		"$(test_verdict "$row" 40-oracle)" \
		"$(test_verdict "$row" 12-ibt)" \
		"$(verdict "$load" ' the module unloads$')" \
		"$(test_verdict "$row" 95-packages)" \
		"$(verdict "$tap" 'the kernels. logs are clean$')" \
		"${sum[@]}" >"$OUT/$row.line"
}

# row_tests ROW - what it runs
row_tests()
{
	case $TESTS:$1 in
	:bookworm-amd | :trixie-amd | :sid-amd | :trixie-bpo-amd)
		echo 00 10 20 30 35 40 50 72 95 99
		;;
	:*-ibt) echo 10 12 40 ;;
	:*) echo 00 10 20 30 35 40 50 ;;
	*) echo "$TESTS" ;;
	esac
}

run_row()
{
	local row=$1 unit=0 tests status

	rm -rf "$TOP/build/lab/$row"
	stage "$row"
	"$LAB/lab" build "$row" >"$OUT/$row.tap" 2>"$OUT/$row.log"
	status=$?
	if [ $status -eq 75 ] && [[ $row =~ ^(sid|experimental)- ]]; then
		grep 'no root of' "$OUT/$row.log" >&2
		echo "ok 1 - $row # SKIP $(grep -o 'no root of .*' "$OUT/$row.log")" \
			>"$OUT/$row.unit"
		echo "0 passed, 0 failed, 1 skipped" >"$OUT/$row.tap"
		add_row "$row" skip
		return
	elif [ $status -ne 0 ]; then
		tail -n 20 "$OUT/$row.log" >&2
		echo "0 passed, 1 failed, 0 skipped" >"$OUT/$row.tap"
		add_row "$row" FAILED
		return 1
	fi
	# A library that is new to the commands need not keep the modules from
	# being tried.
	"$LAB/lab" unit "$row" >"$OUT/$row.unit" 2>>"$OUT/$row.log" || {
		tail -n 20 "$OUT/$row.log" >&2
		echo "not ok - the unit tests" >>"$OUT/$row.unit"
		unit=1
	}
	read -ra tests < <(row_tests "$row")
	"$LAB/lab" run "$row" "${tests[@]}" >"$OUT/$row.tap" 2>>"$OUT/$row.log" || {
		grep '^not ok ' "$OUT/$row.tap" | head -n 20 >&2
		add_row "$row" ok
		return 1
	}
	add_row "$row" ok
	return $unit
}

rm -rf "$OUT"
mkdir -p "$OUT"
# shellcheck disable=SC2059 # the one format
printf "$FORMAT" row kernel unit build load record oracle ibt unload packages "log" \
	passed failed skipped >"$OUT/table"
[ $# -gt 0 ] || mapfile -t rows < <("$LAB/lab" list --ready)
[ $# -gt 0 ] || set -- "${rows[@]}"
failed=0 running=0
for row; do
	if [ $running -eq "$JOBS" ]; then
		wait -n || failed=1
		running=$((running - 1))
	fi
	run_row "$row" </dev/null &
	running=$((running + 1))
done
while [ $running -gt 0 ]; do
	wait -n || failed=1
	running=$((running - 1))
done
for row; do
	cat "$OUT/$row.line"
done >>"$OUT/table"
cat "$OUT/table"
awk 'NR > 1 { for (i = 0; i < 3; i++) sum[i] += $(NF - 2 + i) }
	END { printf "%d passed, %d failed, %d skipped\n", sum[0], sum[1], sum[2] }' \
	"$OUT/table"
exit $failed
