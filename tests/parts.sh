# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For scripts that run several parts, each of which prints TAP, and end with
# their sum. Parts run at the same time, as many as there are CPUs. What a part
# prints is shown when it has ended, its progress (standard error) as it comes.
# A part that fails, ends before its plan is fulfilled or tests nothing counts as
# a failed test where no other says so.
#
# In the directory $out: NAME.log (output), NAME.err (progress), NAME.time (seconds)
# and NAME (its counts).

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "${BASH_SOURCE[0]}")/tap.sh"

# parts_begin DIR - an empty directory for what the parts leave
parts_begin()
{
	out=$1
	parts=()
	parts_running=0
	parts_jobs=${VCPU_INFO_JOBS:-$(nproc)}
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

# run_part NAME COMMAND... - its own sum, if it has one, must not look like ours
run_part()
{
	local name=$1 status begin=$SECONDS

	shift
	{ "$@" 2>&1 >&3 3>&- </dev/null | tee "$out/$name.err" |
		sed -u "s/^/# $name: /" >&2; } 3>"$out/$name.log"
	status=${PIPESTATUS[0]}
	count "$out/$name.log" "$status" >"$out/$name"
	echo $((SECONDS - begin)) >"$out/$name.time"
	(
		flock 9
		echo "# $name: $*"
		sed 's/^[0-9]* passed, [0-9]* failed/# &/' "$out/$name.log"
		[ "$status" -eq 0 ] || {
			echo "# $name: exit status $status"
			tail -n 20 "$out/$name.err" | sed 's/^/# /'
		}
	) 9>"$out/.lock"
}

# parts_free - wait until fewer parts run than may
parts_free()
{
	while [ "$parts_running" -ge "$parts_jobs" ]; do
		wait -n
		parts_running=$((parts_running - 1))
	done
}

# part NAME COMMAND... - begin a part as soon as one of the running ones has ended
part()
{
	parts+=("$out/$1")
	parts_free
	run_part "$@" &
	parts_running=$((parts_running + 1))
}

# parts_wait - until all have ended
parts_wait()
{
	wait
	parts_running=0
}

# parts_add DIR - the parts of an earlier run belong to the sum
parts_add()
{
	local file

	for file in "$1"/*.time; do
		parts+=("${file%.time}")
	done
}

# part_times PART - its seconds, and those of its stages of ten seconds or more
part_times()
{
	local total

	total=$(cat "$1.time" 2>/dev/null)
	printf '# %5ss  %s\n' "${total:-?}" "${1##*/}"
	sed -nE 's/^\[ *([0-9]+)s\] (.*)/\1 \2/p' "$1.err" |
		awk -v total="${total:-0}" '
			function show(end) {
				if (what && end - begin >= 10)
					printf "# %11ds  %s\n", end - begin, what
			}
			{ show($1); begin = $1; $1 = ""; what = substr($0, 2) }
			END { show(total) }'
}

# parts_sum - where the time went, and the sum of all parts; fails if one of them
# has a failure
parts_sum()
{
	local name

	parts_wait
	echo "# Where the time went ($parts_jobs parts at a time, $SECONDS s in all):"
	for name in "${parts[@]}"; do
		part_times "$name"
	done
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
