#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check_scripts.sh EXAMPLES - run the example scripts with commands that only note what
# they were given; prints TAP
set -u

examples=$(cd "$1" && pwd)
work=$(mktemp -d) || exit 1
cd "$work" || exit 1
number=0
failed=0

# check WHAT COMMAND... - the command has to succeed
check()
{
	local what=$1

	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $what"
	else
		echo "not ok $number - $what"
		sed 's/^/# /' err log
		failed=1
	fi
}

# stub NAME LINE... - a command that does that
stub()
{
	printf '%s\n' '#!/bin/bash' "${@:2}" >"bin/$1"
	chmod +x "bin/$1"
}

mkdir bin
export PATH=$work/bin:$PATH
# shellcheck disable=SC2016 # the stubs expand it
stub logger 'echo "$@" >>"'"$work"'/log"'
stub jq 'echo "panic <- die"'
stub vcpu-info 'echo "$@" >>"'"$work"'/log"'
export VCPU_INFO_VM_NAME=web VCPU_INFO_VM_PID=12 VCPU_INFO_REASON=panic

# panics - run log-on-panic; the status is in $rc
panics()
{
	: >log
	echo '{"said":1}' |
		LAST_WORDS_DIRECTORY=$work/kept "$examples/log-on-panic" 2>err
	rc=$?
}

panics
check "no directory: a failure" [ "$rc" -eq 1 ]
check "that is said" grep -q "no such directory: $work/kept" err
check "and logged with the VM's words" grep -q 'web: panic, .*no such directory' log
mkdir kept
panics
check "a panic" [ "$rc" -eq 0 ]
check "is logged with its stack" grep -q 'web: panic, panic <- die$' log
check "and kept" grep -q said kept/*.json
rm kept/*
stub jq 'exit 127'
panics
check "without jq: a failure" [ "$rc" -eq 1 ]
check "which is logged with the file" grep -q "web: panic, see $work/kept/last-words-12-" log
check "that is kept" grep -q said kept/*.json

: >log
"$examples/collect-on-watchdog" "$work/none" </dev/null 2>err
check "a watchdog's files without a directory: usage" [ $? -eq 2 ]
check "says which" grep -q "no such directory: $work/none" err
echo "event 'watchdog' for domain 'web': none" |
	"$examples/collect-on-watchdog" "$work/kept" 2>err
check "a watchdog's VM is collected" grep -q 'collect -o .* -- web$' log

cd / && rm -rf "$work"
echo "1..$number"
exit $failed
