# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# TAP for shell tests, on this machine and in the lab's hosts.
#
# A script reports by ok, not_ok and skip, or by the checks below, and calls
# tap_end last: it prints the plan. A script whose output has no plan, or another
# number of results than the plan says, did not come to its end and has failed.

TAP_COUNT=0
TAP_FAILED=0
TAP_PREFIX=	# in front of each result's text

_result()
{
	TAP_COUNT=$((TAP_COUNT + 1))
	echo "$1 $TAP_COUNT - $TAP_PREFIX$2"
}

ok()
{
	_result ok "$*"
}

not_ok()
{
	TAP_FAILED=1
	_result "not ok" "$*"
}

# skip WHAT WHY
skip()
{
	_result ok "$1 # SKIP $2"
}

# diag TEXT... - comment lines; without arguments from standard input
diag()
{
	if [ $# -gt 0 ]; then
		printf '%s\n' "$*" | sed 's/^/# /'
	else
		sed 's/^/# /'
	fi
}

# result STATUS WHAT [OUTPUT] - ok if STATUS is 0; shows OUTPUT if not
result()
{
	if [ "$1" -eq 0 ]; then
		ok "$2"
		return
	fi
	not_ok "$2"
	[ -z "${3:-}" ] || diag "$3"
	return 1
}

# check WHAT COMMAND... - ok if the command succeeds; shows its output if not
check()
{
	local what=$1 out status

	shift
	out=$("$@" 2>&1)
	status=$?
	if [ $status -eq 0 ]; then
		ok "$what"
		return
	fi
	not_ok "$what"
	diag "failed ($status): $*"
	diag "$out"
	return 1
}

# is WHAT GOT WANT
is()
{
	[ "$2" = "$3" ]
	_compared $? "$@"
}

# like WHAT GOT ERE - some line of GOT matches
like()
{
	grep -qE -e "$3" <<<"$2"
	_compared $? "$@"
}

# _compared STATUS WHAT GOT WANT
_compared()
{
	result "$1" "$2" "got:  $3
want: $4"
}

# tap_end - the plan; fails if a result was "not ok"
tap_end()
{
	echo "1..$TAP_COUNT"
	return "$TAP_FAILED"
}

# tap_status FILE - whether the TAP in FILE came to its end: a plan as its last
# result line, and as many results as it says
#
# Prints what is wrong.
tap_status()
{
	tr -d '\r' <"$1" | awk '
		/^(not )?ok / { results++; if (planned) late = 1 }
		/^1\.\.[0-9]+$/ { planned++; plan = substr($0, 4) + 0 }
		END {
			if (!planned)
				why = "it did not come to its end: no plan"
			else if (planned > 1)
				why = planned " plans"
			else if (late)
				why = "results after its plan"
			else if (results + 0 != plan)
				why = results + 0 " results, but a plan of " plan
			else if (!plan)
				why = "it tested nothing"
			if (why)
				print why
			exit why != ""
		}'
}

# tap_relay PREFIX COMMAND... - results of another program as ours, as they come;
# its output is left in the file TAP_RELAYED. Returns the command's status.
#
# The results have to be as many as its plan says.
TAP_RELAYED=${TMPDIR:-/tmp}/tap-relayed.$$
tap_relay()
{
	local prefix=$1 line why status

	shift
	while IFS= read -r line; do
		if [[ $line =~ ^ok(\ [0-9]+)?(\ -)?\ (.*)$ ]]; then
			ok "$prefix${BASH_REMATCH[3]}"
		elif [[ $line =~ ^not\ ok(\ [0-9]+)?(\ -)?\ (.*)$ ]]; then
			not_ok "$prefix${BASH_REMATCH[3]}"
		elif [[ ! $line =~ ^1\.\.[0-9]+$ ]]; then
			printf '%s\n' "$line"
		fi
	done < <("$@" | tee "$TAP_RELAYED"; exit "${PIPESTATUS[0]}")
	wait $!
	status=$?
	why=$(tap_status "$TAP_RELAYED") || not_ok "${prefix}all results: $why"
	return $status
}
