#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_examples.sh GOLDEN PAGE... - paste the man pages' examples with jq into a
# shell, in which vcpu-info prints a file of the directory GOLDEN: what the command
# prints, or records; prints TAP
set -u

golden=$1
shift
number=0
failed=0

# shellcheck disable=SC2317 # the examples call it
vcpu-info()
{
	case $1 in
	diagnose)	cat "$golden/diagnosis.json" ;;
	stack)		cat "$golden/stack.json" ;;
	profile)	cat "$golden/profile.json" ;;
	*)		cat "$golden/report.json" ;;
	esac
}

# Each command of a rendered page, with a NUL after it: from "# " to the line at
# which quotes are closed and nothing has to follow, or a blank line
examples()
{
	mandoc -T ascii "$1" | col -b |
		awk -v quote="'" '
		/^[ \t]*# vcpu-info/ { on = 1; all = ""; sub(/^[ \t]*# /, "") }
		on {
			print
			all = all $0
			if (/^[ \t]*$/ ||
			    (gsub(quote, "&", all) % 2 == 0 && !/[|\\]$/)) {
				on = 0
				printf "%c", 0
			}
		}'
}

for page; do
	while IFS= read -r -d '' example; do
		[[ $example == *jq* ]] || continue
		number=$((number + 1))
		if out=$(eval "$example" 2>&1) && [[ $out ]]; then
			echo "ok $number - example of ${page##*/}"
		else
			echo "not ok $number - example of ${page##*/}"
			printf '%s\n' "$example" "$out" | sed 's/^/# /'
			failed=1
		fi
	done < <(examples "$page")
done
if [ $number -eq 0 ]; then
	echo "not ok $((++number)) - examples with jq"
	failed=1
fi
echo "1..$number"
exit $failed
