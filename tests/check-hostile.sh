#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-hostile.sh [ROW...] - hostile guests and bad days, on rows of the lab;
# prints what became of each test as one table
#
# An emulated Intel host runs those of limits, neighbours and leaks. With
# VCPU_INFO_LONG set all sizes are full ones, which takes hours. What the lab
# printed is in build/hostile/ROW.tap and ROW.log.
set -u -o pipefail

# shellcheck source-path=SCRIPTDIR source=lab/lib.sh
. "$(dirname "$0")/lab/lib.sh"

OUT=$TOP/build/hostile
FORMAT='%-14s %-8s %-24s %-6s %7s %7s %7s  %s\n'
export VCPU_INFO_EMULATOR_THREADS=${VCPU_INFO_EMULATOR_THREADS:-multi}
export VCPU_INFO_HOSTILE=1

# add_test ROW NAME - a line of the table
add_test()
{
	local tap=$TOP/build/lab/$1/logs/$2.tap kernel size=small others passed
	local failed skipped

	kernel=$(sed -nE 's/.*the host runs Linux ([^ ]+)$/\1/p' "$OUT/$1.log" |
		tail -n 1)
	[ -z "${VCPU_INFO_LONG:-}" ] || size=full
	if [ ! -r "$tap" ]; then
		# shellcheck disable=SC2059
		printf "$FORMAT" "$2" "$size" "${kernel:--}" "$VENDOR" 0 1 0 - \
			>>"$OUT/table"
		return
	fi
	skipped=$(grep -c '^ok .*# SKIP' "$tap")
	passed=$(($(grep -c '^ok ' "$tap") - skipped))
	# That it was not done in time is found by who runs it.
	failed=$(grep -cE "^not ok .*" "$tap")
	[ "$failed" -gt 0 ] || failed=$(grep -cE "^not ok .* $2: " "$OUT/$1.tap")
	others=$(sed -nE 's/^# other log lines: ([0-9]+)$/\1/p' "$tap")
	# shellcheck disable=SC2059 # the one format
	printf "$FORMAT" "$2" "$size" "${kernel:--}" "$VENDOR" "$passed" \
		"$failed" "$skipped" "${others:--}" >>"$OUT/table"
}

# select_tests VENDOR
select_tests()
{
	case $1 in
	intel) echo 80 82 84 ;;
	*) echo 80 81 82 83 84 85 ;;
	esac
}

# run_row ROW - one of several that run at the same time
run_row()
(
	row_load "$1"
	rm -rf "$TOP/build/lab/$1"
	# shellcheck disable=SC2046
	"$LAB/lab" run "$1" $(select_tests "$VENDOR") \
		>"$OUT/$1.tap" 2>"$OUT/$1.log"
)

# add_row ROW - the lines of its tests
add_row()
{
	local name

	row_load "$1"
	for name in $(select_tests "$VENDOR"); do
		name=$(cd "$LAB/host" && echo "$name"-*.sh)
		add_test "$1" "${name%.sh}"
	done 2>/dev/null
	grep '^not ok' "$OUT/$1.tap" | head -n 20 >&2
	echo "# $1: $(tail -n 1 "$OUT/$1.tap")"
}

[ $# -gt 0 ] || set -- bookworm-amd bookworm-intel
rm -rf "$OUT"
mkdir -p "$OUT"
# shellcheck disable=SC2059
printf "$FORMAT" test size kernel vendor passed failed skipped \
	"other log lines" >"$OUT/table"
failed=0 pids=()
for row; do
	run_row "$row" </dev/null &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid" || failed=1
done
for row; do
	add_row "$row"
done
cat "$OUT/table"
awk 'NR > 1 { for (i = 0; i < 3; i++) sum[i] += $(5 + i) }
	END { printf "%d passed, %d failed, %d skipped\n", sum[0], sum[1], sum[2] }' \
	"$OUT/table"
exit $failed
