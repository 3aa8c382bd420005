#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# bench.sh [ROW...] - measure in the lab, print one table
#
# Figures are counts of instructions, or what their names say; docs/performance.md
# explains them. Those of a row are kept in build/bench/ROW. On the first row
# everything is measured, on the others what a call costs. On Intel rows only
# what needs no time that is a count.
set -u -o pipefail

cd "$(dirname "$0")/../.." || exit 1
[ $# -gt 0 ] || set -- bookworm-amd trixie-amd sid-amd
out=build/bench
first=$1
failed=0

# part ROW TEST... - measure, add the figures to the row's
part()
{
	local row=$1

	tests/lab/lab bench "$@" || failed=1
	cat "build/lab/$row/figures" >>"$out/$row"
}

mkdir -p "$out"
for row; do
	: >"$out/$row"
	case $row in
	*-intel) part "$row" 3 ;;
	"$first")
		part "$row" 10 11 12 13 14
		part "$row" 15
		part "$row" 2
		part "$row" 3
		;;
	*) part "$row" 10 11 ;;
	esac
done

awk -v names="$*" '
	{
		split(FILENAME, path, "/")
		value[$1, path[3]] = $2
		if (!seen[$1]++)
			order[++nr] = $1
	}
	END {
		n = split(names, rows, " ")
		head = "| figure |"
		line = "| --- |"
		for (i = 1; i <= n; i++) {
			head = head " " rows[i] " |"
			line = line " ---: |"
		}
		print head "\n" line
		for (j = 1; j <= nr; j++) {
			line = "| " order[j] " |"
			for (i = 1; i <= n; i++)
				line = line " " value[order[j], rows[i]] " |"
			print line
		}
	}' "${@/#/$out/}"
exit $failed
