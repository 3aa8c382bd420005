# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For tests of diagnose: each fault is diagnosed many times, and each time has to be
# right. FAULTS in the lab's configuration: names of the faults to have; by default all.
# TRIES: how often; by default 5, in the long size 100.

if [ -z "$TRIES" ]; then
	case $SIZE in
	long) TRIES=100 ;;
	*) TRIES=5 ;;
	esac
fi
MATRIX=/tmp/matrix
: >$MATRIX

# The VM's word and those of its vCPUs
ALL_WORDS='"\(.word): \([.vcpus[].word] | join(" "))"'

# wanted NAME - whether a fault is among those that are asked for
wanted()
{
	[ -z "$FAULTS" ] || [[ " $FAULTS " == *" $1 "* ]] || {
		skip "$1" "not asked for"
		return 1
	}
}

# diagnose_once VM FILTER - what is found, in /tmp/word
diagnose_once()
{
	vcpu-info diagnose --json --interval 300ms "$1" >/tmp/diagnosis 2>/tmp/err &&
		jq -r "$2" /tmp/diagnosis >/tmp/word
}

# first VM FILTER ERE - it is there for the first time
first()
{
	diagnose_once "$1" "$2" && grep -qxE "$3" /tmp/word
}

# gives VM FAULT ERE [FILTER] - each try does; by default all words
#
# Keeps how often each answer came, and prints the numbers of the first wrong one. All are
# left in the logs. One jq reads them: on a slow host its start takes longer than diagnose.
gives()
{
	local vm=$1 fault=$2 want=$3 filter=${4:-$ALL_WORDS} i answer wrong

	if ! check "$fault: $want" poll_until 60 first "$vm" "$filter" "$want"; then
		diag "last: $(head -c 500 /tmp/err) $(cat /tmp/word)"
		diag "$(jq -c . /tmp/diagnosis)"
	fi
	rm -rf /tmp/answers
	mkdir /tmp/answers
	for ((i = 0; i < TRIES; i++)); do
		printf -v answer '/tmp/answers/%05d' "$i"
		vcpu-info diagnose --json --interval 300ms "$vm" >"$answer" 2>/tmp/err ||
			echo '"failed"' >"$answer"
	done
	cp "$answer" /tmp/diagnosis
	cat /tmp/answers/* >"$GUEST_LOGS/answers-$fault.json"
	jq -r "if type == \"object\" then $filter else . end" /tmp/answers/* >/tmp/words
	wrong=$(grep -nvxE -m 1 -e "$want" /tmp/words)
	[ -z "$wrong" ] ||
		diag "wrong: $(jq -c . "$(printf '/tmp/answers/%05d' $((${wrong%%:*} - 1)))")"
	sort /tmp/words | uniq -c | sort -rn | while read -r i word; do
		printf '%s\t%s\t%s\t%s\n' "$fault" "$want" "$word" "$i"
	done >>$MATRIX
	is "$fault: right answers of $TRIES" "$(grep -cxE -e "$want" /tmp/words)" "$TRIES"
}

# matrix - the confusion matrix: a line a fault, which answers it got how often, those
# that are right first
matrix()
{
	local fault want word n last=''

	diag "confusion matrix: fault, answer that is right, answers of $TRIES"
	while IFS=$'\t' read -r fault want word n; do
		[ "$fault" = "$last" ] || printf '\n%-20s %-46s' "$fault" "$want"
		printf ' %3d x %s' "$n" "$word"
		last=$fault
	done <$MATRIX >/tmp/matrix.text
	echo >>/tmp/matrix.text
	sed 1d /tmp/matrix.text | diag
}

# transcript TITLE VM - what diagnose prints of it
transcript()
{
	diag "transcript $1"
	vcpu-info diagnose "$2" 2>&1 | diag
}
