#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_completion.sh VCPU-INFO COMPLETIONS - try the completion; prints TAP
set -u

vcpu_info=$1
# shellcheck source=/dev/null
. "$2"

number=0
failed=0

# completes WANT WORD... - the last word, of which all before are complete;
# WANT is what has to be offered, or a word of it after "+"
completes()
{
	local want=$1 got

	shift
	COMP_WORDS=("$vcpu_info" "$@")
	COMP_CWORD=$#
	COMPREPLY=()
	_vcpu_info "$vcpu_info"
	got=${COMPREPLY[*]}
	number=$((number + 1))
	if [[ $got == "$want" || ($want == +* && " $got " == *" ${want#+} "*) ]]; then
		echo "ok $number - completion: $*"
	else
		echo "not ok $number - completion: $*"
		echo "# got '$got', wanted '$want'"
		failed=1
	fi
}

cd "$(mktemp -d)" || exit 1
touch trace.dat
completes "show sample stack symbols status" s
completes "record report" re
completes "+follow" ""
completes "+version" ""
completes "+follow" help ""
completes "show sample stack symbols status" help s
completes "" version s
completes "+top" ""
completes "--since --state" show --s
completes "text table" show --format t
completes "text line table json csv" show -f ""
completes "trace wall age" follow --time-format ""
completes "auto always" report --color a
completes "" show --last ""
completes "+--guest-kallsyms" top --guest
completes "--no-guest-memory" follow --no
completes trace.dat show --guest-kallsyms tr
completes trace.dat report tr
completes trace.dat report --rates tr
completes "--output" record --o
completes trace.dat record --output ""
completes "--batch" top --b
completes "text folded json svg pprof" profile --format ""
completes trace.dat profile --timeline tr
completes trace.dat profile --diff tr
completes "--duration --diff" profile --d
completes "+none" policy ""
completes "--json" policy --j
completes "text openmetrics" export --format ""
completes trace.dat export --textfile tr
completes "--web-config" export --w
completes "" status x
vcpu_info=${vcpu_info}-guest
completes "+mark" ""
completes "mark" help m
completes "version" v
completes "--text" mark --t
vcpu_info=${vcpu_info%-guest}

# What is offered of names from outside is quoted, and none of it is run.
# shellcheck disable=SC2016,SC2317 # no expansion; the completion calls it
stub()
{
	[[ $* == vms ]] || { "$real" "$@"; return; }
	printf '%-32s %s\n' NAME 'VMM PID FD VCPU THREAD' \
		4711 'qemu 1237 11 0 1241' name:x 'qemu 1238 11 0 1242' \
		'guest=$(touch${IFS}RAN)' 'qemu 1234 11 0 1239?' \
		'two words' '- 1235 12 - -' '--help' 'qemu 1236 11 0 1240'
}

real=$vcpu_info
vcpu_info=stub
completes '+guest=\$\(touch\$\{IFS\}RAN\)' show --vm ""
completes '+1234' show --vm ""
completes 'two\ words' vms --vm two
completes '--help' vms --vm --h
completes 'name:4711 name:name:x' show name
completes '+name:4711' policy deny ""
completes '4711 name:x' show --vm name :
completes '4711' show web name : 4
completes '' show pid : 4
completes 'all none allow deny 1234 1235 1236 1237 1238 guest=\$\(touch\$\{IFS\}RAN\) name:4711 name:name:x two\ words' \
	policy ""
completes '1234 1235 1236 1237 1238 guest=\$\(touch\$\{IFS\}RAN\) name:4711 name:name:x two\ words' \
	sample ""
completes '+1234' profile ""
touch 'lost web.tar.zst' old.tar.zst
mkdir older
completes '+lost\ web.tar.zst' diagnose ""
completes '+1234' diagnose ""
completes 'old.tar.zst' diagnose old
completes 'older' diagnose older
completes '' diagnose tr
completes '' show '-x/y/;s/.*/touch RAN/e;#' x
if [[ -e RAN ]]; then
	echo "not ok $((++number)) - completion: runs nothing"
	failed=1
else
	echo "ok $((++number)) - completion: runs nothing"
fi
rm -rf "$PWD"
echo "1..$number"
exit $failed
