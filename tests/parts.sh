# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For scripts that run several parts, each of which prints TAP, and end with
# their sum. A part's output is kept in $out/PART.log and its counts in
# $out/PART. A part that fails, ends before its plan is fulfilled or tests
# nothing counts as a failed test where no other says so.

# parts_begin DIR - an empty directory for what the parts leave
parts_begin()
{
	out=$1
	parts=()
	rm -rf "$out"
	mkdir -p "$out"
}

# count LOG STATUS - "passed failed skipped" of a part
count()
{
	tr -d '\r' <"$1" | awk -v status="$2" '
		/^(not )?ok .*# (SKIP|skip|TODO)/ { skipped++; next }
		/^ok /			{ passed++ }
		/^not ok /		{ failed++ }
		/^1\.\.[0-9]+/		{ planned += substr($1, 4) }
		END {
			ran = passed + failed + skipped
			if (!failed && (status || !ran || ran != planned))
				failed = 1
			print passed + 0, failed + 0, skipped + 0
		}'
}

# part NAME COMMAND... - its own sum, if it has one, must not look like ours
part()
{
	local name=$1 status

	shift
	parts+=("$out/$name")
	echo "# $name: $*"
	"$@" 2>&1 </dev/null |
		sed -u 's/^[0-9]* passed, [0-9]* failed/# &/' |
		tee "$out/$name.log"
	status=${PIPESTATUS[0]}
	count "$out/$name.log" "$status" >"$out/$name"
	[ "$status" -eq 0 ] || echo "# $name: exit status $status"
}

# parts_sum - of all parts; fails if one of them has a failure
parts_sum()
{
	awk -v parts=${#parts[@]} '
		{ passed += $1; failed += $2; skipped += $3 }
		END {
			if (NR != parts)
				failed++
			printf "%d passed, %d failed, %d skipped\n",
				passed, failed, skipped
			exit failed > 0
		}' "${parts[@]}"
}
