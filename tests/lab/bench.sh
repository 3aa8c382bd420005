# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# Measuring in a row's host: figures, and the budgets that they have to keep.

# bench_line LINE - a figure "@bench NAME VALUE" goes to RUN/figures
bench_line()
{
	case $1 in
	"@bench "*) echo "${1#@bench }" | tee -a "$RUN/figures" | sed 's/^/# /' ;;
	*) tap_line "$1" ;;
	esac
}

# bench_budgets - results in TAP: budgets of the row whose figures are there
bench_budgets()
{
	[ -s "$RUN/figures" ] || return
	sed 's/#.*//' "$LAB/bench/budgets" | awk -v row="$ROW" '
		FILENAME != "-" {
			figure[$1] = $2
			next
		}
		NF && ($1 == row || $1 == "*") && $2 in figure {
			value = figure[$2] - ($3 == "0" ? 0 : figure[$3])
			missing = $3 != "0" && !($3 in figure)
			bad = missing || value > $4
			printf "%sok - %s%s: %.1f, at most %d\n",
				bad ? "not " : "", $2,
				$3 == "0" ? "" : " over " $3, value, $4
		}' "$RUN/figures" -
}

# bench_plugin - sets PLUGIN, QEMU's plugin that counts instructions
bench_plugin()
{
	need cc=gcc
	PLUGIN=$TOP/build/lab/profile.so
	mkdir -p "${PLUGIN%/*}"
	cc -O2 -Wall -shared -fPIC -o "$PLUGIN" "$LAB/bench/profile/plugin.c" ||
		die "the profiler could not be built"
}

# Tests whose names begin with 1 or 2 run in a host with so many CPUs whose time
# is a count; those with 3 in the same host as all other tests. With VCPU_INFO_COMPILED
# it is done as "lab try" does it.
cmd_bench()
{
	local mode=bench${1:-1} kinds=(image kit modules) line RUN_HANDLER=bench_line

	mode=${mode:0:6}
	[ -z "${VCPU_INFO_COMPILED:-}" ] || kinds=(anyimage compiled kit modules)
	[[ " $* " != *" 15"* ]] || kinds+=(rebuilt)
	[[ " $* " != *" 19"* ]] || bench_plugin
	ensure_built "${kinds[@]}"
	run_tests "$mode" "${@:-1}"
	run_scan
	[ -s "$RUN/figures" ] || [ -n "${PLUGIN:-}" ] ||
		tap_line "not ok - $ROW: there are figures"
	while IFS= read -r line; do
		tap_line "$line"
	done < <(bench_budgets)
	[ -z "${PLUGIN:-}" ] || "$LAB/bench/profile/breakdown" \
		"$RUN/logs/kallsyms" "$RUN/profile" | sed 's/^/# /'
	run_sum
}
