#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench-cli.sh VCPU-INFO GEN [N] - 'report' against 'trace-cmd report'
#
# Both print all of the same file of N records (1,000,000) into a pipe in the same
# run, three times in turn; the best of each counts. What a file system needs for
# new pages is not theirs, and was more than half of the time. Printed are records
# per second of processor time, memory and the ratio. It fails below a ratio of 5,
# of 3 for the table, or above 16 MiB.
set -u -o pipefail

vcpu_info=$1
gen=$2
nr=${3:-1000000}
command -v trace-cmd >/dev/null || {
	echo "bench-cli: trace-cmd is missing: apt install trace-cmd" >&2
	exit 1
}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
"$gen" "$dir/trace.dat" "$nr" || exit 1
echo "file: $nr records, $(stat -c %s "$dir/trace.dat") bytes"

# run PATTERN COMMAND... - "LINES SECONDS KIB" of one run
run()
{
	local lines pattern=$1

	shift
	lines=$(/usr/bin/env time -f '%U %S %M' -o "$dir/time" "$@" \
		2>"$dir/err" | grep -c "$pattern") || {
		cat "$dir/err" >&2
		return 1
	}
	awk -v lines="$lines" '{ print lines, $1 + $2, $3 }' "$dir/time"
}

# best NAME PATTERN COMMAND... - run it, keep the best in $dir/NAME
best()
{
	local name=$1 pattern=$2 time kib lines

	shift 2
	read -r lines time kib < <(run "$pattern" "$@") || return 1
	[ "$lines" -eq "$nr" ] || {
		echo "bench-cli: $name printed $lines of $nr records" >&2
		return 1
	}
	echo "$time $kib" >>"$dir/$name"
}

for _ in 1 2 3; do
	best trace-cmd ' vcpu_info: ' trace-cmd report -i "$dir/trace.dat" &&
		best text '^VM ' "$vcpu_info" report "$dir/trace.dat" &&
		best table '^qemu' "$vcpu_info" report -f table \
			"$dir/trace.dat" &&
		best json '^{' "$vcpu_info" report -f json "$dir/trace.dat" &&
		best csv '^record' "$vcpu_info" report -f csv \
			"$dir/trace.dat" || exit 1
done

for name in trace-cmd text table json csv; do
	sort -n "$dir/$name" | head -n 1 | sed "s/^/$name /"
done | awk -v nr="$nr" '
	{
		rate = nr / $2
		if (NR == 1)
			base = rate
		printf "%-10s %8.0f records/s %7d KiB  ratio %.2f\n",
			$1, rate, $3, rate / base
		least = $1 == "trace-cmd" ? 1 : $1 == "table" ? 3 : 5
		if ($3 > 16384 && $1 != "trace-cmd" || rate < least * base)
			bad = 1
	}
	END { exit bad }'
