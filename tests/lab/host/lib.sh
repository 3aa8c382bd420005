# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For the tests in the lab host: results, bounded polling, Linux guests.
#
# A test is a script NN-name.sh that sources this file, reports by the functions of
# tests/tap.sh and calls tap_end last. Its standard error goes to a log of its own.
# CONTRIBUTING.md has the words that its header may have.

set -u
# shellcheck source=/dev/null
. /lab/conf
# shellcheck source-path=SCRIPTDIR source=../../tap.sh
. /lab/tap.sh
GUEST_RUN=/run/lab-guests
GUEST_LOGS=/lab/logs
# Bounds are there to end what hangs, not to measure: on a busy machine emulation
# is several times slower than usual.
PATIENCE=3
GUEST_TIMEOUT=$((${GUEST_TIMEOUT:-180} * SLOW))
GUEST_BOOT_TIMEOUT=$((${GUEST_BOOT_TIMEOUT:-360} * SLOW))
mkdir -p "$GUEST_RUN" "$GUEST_LOGS"

# poll_until SECONDS COMMAND... - repeat until it succeeds; 1 if it never does
poll_until()
{
	local end=$((SECONDS + $1 * SLOW * PATIENCE))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.1
	done
}

# says WHAT STATUS ERE COMMAND... - exit status and message of a command
says()
{
	local what=$1 status=$2 message=$3 out

	shift 3
	out=$("$@" 2>&1)
	is "$what: exit status $status" $? "$status"
	like "$what: says why" "$out" "$message"
}

# boot_sector FILE CODE - a disk for a guest that is those bytes, in printf's escapes
boot_sector()
{
	printf '%b' "$2" >"$1"
	truncate -s 510 "$1"
	printf '\x55\xaa' >>"$1"
}

# hogs_start - eight that want the host's CPU 0 and leave a ninth to who is bound to it
hogs_start()
{
	local i

	hogs=()
	for ((i = 0; i < 8; i++)); do
		nice -n -15 taskset 1 sh -c 'while :; do :; done' &
		hogs+=($!)
	done
}

hogs_end()
{
	kill "${hogs[@]}"
	wait "${hogs[@]}" 2>/dev/null
}

# Guests. Each is known by a name; several can run at once.

# guest_start NAME [QEMU ARGUMENT...] - boot a guest, wait until it can be used
#
# Two CPUs and 192 MiB unless the arguments have -smp or -m. From the
# environment: GUEST_APPEND (kernel arguments; lab.nomod leaves the guest module
# unloaded, lab.nokmsg keeps its kernel's log from being scanned, and so its console,
# which is NAME.faults then), GUEST_CPU (for -cpu) and GUEST_EXTRA (a directory whose files the guest gets).
guest_start()
{
	guest_launch "$@" && guest_wait "$1"
}

# guest_share - the guest "lab", which tests with a line "# guest: shared" use one
# after the other: booted if it is not there, and left for the next one
guest_share()
{
	if guest_alive lab; then
		guest_run lab true
		return
	fi
	guest_start lab && : >"$GUEST_RUN/lab/shared"
}

# guest_launch NAME [QEMU ARGUMENT...] - guest_start that does not wait
guest_launch()
{
	local name=$1 dir=$GUEST_RUN/$1 log=$GUEST_LOGS/guest-$1 args=()
	local console=$log.console kmsg=$log.kmsg

	shift
	if [[ " ${GUEST_APPEND:-} " == *" lab.nokmsg "* ]]; then
		console=$log.faults
		kmsg=/dev/null
	fi
	if guest_alive "$name"; then
		echo "guest $name: runs already" >&2
		return 1
	fi
	rm -rf "$dir"
	mkdir -p "$dir"
	mkfifo "$dir"/{agent,qmp}.{in,out}
	guest_extra_initrd | cat /usr/lib/vcpu-info-lab/initrd - >"$dir/initrd"
	[[ " $* " == *" -smp "* ]] || args+=(-smp 2)
	[[ " $* " == *" -m "* ]] || args+=(-m 192)
	# Pipes, not sockets: a port whose other end is always open never makes
	# the guest poll for a host that left.
	qemu-system-x86_64 -name "$name" -enable-kvm -M q35 -nodefaults \
		-cpu "$GUEST_CPU" -display none -no-reboot \
		-kernel /usr/lib/vcpu-info-lab/vmlinuz -initrd "$dir/initrd" \
		-append "console=ttyS0 quiet loglevel=5 panic=-1 tsc=reliable \
			cryptomgr.notests ${GUEST_APPEND:-}" \
		-chardev "file,id=console,path=$console,append=on" \
		-serial chardev:console \
		-chardev "pipe,id=qmp,path=$dir/qmp" \
		-mon chardev=qmp,mode=control \
		-device virtio-serial-pci \
		-chardev "pipe,id=agent,path=$dir/agent" \
		-device virtserialport,chardev=agent,name=lab.agent \
		-chardev "file,id=kmsg,path=$kmsg,append=on" \
		-device virtserialport,chardev=kmsg,name=lab.kmsg \
		-d cpu_reset -trace qemu_system_shutdown_request \
		-D "$log.reset" \
		"${args[@]}" "$@" </dev/null >>"$log.qemu" 2>&1 &
	echo $! >"$dir/pid"
}

# guest_extra_initrd - what was built from tests/lab/guest, as an initramfs:
# programs in /bin, modules in /lab; and the files below GUEST_EXTRA
guest_extra_initrd()
{
	local dir

	for dir in /lab/guest ${GUEST_EXTRA:+"$GUEST_EXTRA"}; do
		[ ! -d "$dir" ] ||
			(cd "$dir" && find . | cpio --quiet -o -H newc -R 0:0)
	done
}

# guest_wait NAME - wait until a launched guest can be used
guest_wait()
{
	local dir=$GUEST_RUN/$1 log=$GUEST_LOGS/guest-$1

	_ask "$1" agent "$GUEST_BOOT_TIMEOUT" "" ready >/dev/null &&
		guest_qmp "$1" '{"execute":"qmp_capabilities"}' >/dev/null &&
		return
	echo "guest $1: did not come up" >&2
	diag "guest $1 did not come up; the last it said:"
	tail -q -n 10 "$log".{qemu,console,faults,kmsg} 2>/dev/null | diag
	# What QEMU had to say, such as why the guest was shut down.
	timeout 1 cat <>"$dir/qmp.out" | diag
	if guest_dead "$1"; then
		wait "$(guest_pid "$1")" 2>/dev/null
		diag "QEMU's exit status: $?; its CPUs' resets and its end, and" \
			"what the host's kernel said last:"
		grep -aE '^(CPU Reset|[ER]?IP=|[ER]AX=|CR0=|qemu_)' \
			"$log.reset" | tail -n 12 | diag
		dmesg | tail -n 10 | diag
	fi
	return 1
}

guest_pid()
{
	cat "$GUEST_RUN/$1/pid"
}

guest_alive()
{
	[ -r "$GUEST_RUN/$1/pid" ] && kill -0 "$(guest_pid "$1")" 2>/dev/null
}

guest_dead()
{
	! guest_alive "$1"
}

# _ask NAME CHANNEL SECONDS LINE WANT - send LINE, print the first line that
# comes back and contains WANT; what came before it is dropped
_ask()
(
	dir=$GUEST_RUN/$1 pipe=$GUEST_RUN/$1/$2 end=$((SECONDS + $3))
	reply='' part=''

	[ -p "$pipe.in" ] || {
		echo "guest $1: not started" >&2
		return 1
	}
	exec 7<>"$pipe.in" 8<>"$pipe.out" 9>"$dir/$2.lock"
	flock 9
	[ -z "$4" ] || printf '%s\n' "$4" >&7
	while :; do
		# A read that times out has stored what there was of the line.
		if IFS= read -r -t 1 part <&8; then
			reply+=$part
			if [[ $reply == *"$5"* ]]; then
				printf '%s\n' "${reply%$'\r'}"
				return 0
			fi
			reply=
			continue
		fi
		reply+=$part
		if guest_dead "$1"; then
			echo "guest $1: QEMU has ended" >&2
			return 1
		elif [ $SECONDS -ge "$end" ]; then
			echo "guest $1: no answer in $3 seconds: $4" >&2
			return 1
		fi
	done
)

# guest_run NAME COMMAND... - run a shell command in the guest
#
# Its output, errors and exit status become this function's. 125: no answer
# within GUEST_TIMEOUT seconds.
guest_run()
{
	local name=$1 id reply status out err

	shift
	id=run-$BASHPID-$RANDOM$RANDOM
	reply=$(_ask "$name" agent "$GUEST_TIMEOUT" \
		"$id $(base64 -w 0 <<<"$*")" "$id ") || return 125
	read -r id status out err <<<"$reply"
	base64 -d <<<"${out#.}"
	base64 -d <<<"${err#.}" >&2
	return "$status"
}

# guest_qmp NAME JSON - run a QMP command; prints what it returned, as JSON
guest_qmp()
{
	local id reply

	id=qmp-$BASHPID-$RANDOM$RANDOM
	reply=$(_ask "$1" qmp $((30 * SLOW)) "${2%\}*},\"id\":\"$id\"}" "\"$id\"") ||
		return 125
	if ! jq -ce .return <<<"$reply"; then
		echo "guest $1: $2: $reply" >&2
		return 1
	fi
}

# guest_hmp NAME COMMAND - run a command of QEMU's human monitor
guest_hmp()
{
	local text

	text=$(jq -cn --arg line "$2" '{execute: "human-monitor-command",
		arguments: {"command-line": $line}}')
	guest_qmp "$1" "$text" | jq -r . | tr -d '\r'
}

# guest_info_registers NAME - "info registers" of all the guest's CPUs
guest_info_registers()
{
	guest_hmp "$1" "info registers -a"
}

# guest_threads NAME - a line "CPU-INDEX APIC-ID THREAD-ID" for every vCPU
guest_threads()
{
	local index tid path get

	guest_qmp "$1" '{"execute":"query-cpus-fast"}' |
		jq -r '.[] | [."cpu-index", ."thread-id", ."qom-path"] | @tsv' |
		while read -r index tid path; do
			get='{"execute":"qom-get","arguments":{"path":"'$path
			get+='","property":"apic-id"}}'
			echo "$index $(guest_qmp "$1" "$get") $tid"
		done
}

# guest_pause NAME, guest_resume NAME - stop and continue all its CPUs
guest_pause()
{
	guest_qmp "$1" '{"execute":"stop"}' >/dev/null
}

guest_resume()
{
	guest_qmp "$1" '{"execute":"cont"}' >/dev/null
}

# guest_stop NAME - end the guest
guest_stop()
{
	local pid

	guest_alive "$1" || return 0
	pid=$(guest_pid "$1")
	guest_qmp "$1" '{"execute":"quit"}' >/dev/null 2>&1
	if ! poll_until 20 guest_dead "$1"; then
		echo "guest $1: does not quit; killing it" >&2
		kill -KILL "$pid"
		poll_until 10 guest_dead "$1"
	fi
	wait "$pid" 2>/dev/null
	rm -rf "${GUEST_RUN:?}/$1"
}

_stop_all()
{
	local status=$? dir

	for dir in "$GUEST_RUN"/*/; do
		[ ! -d "$dir" ] || { [ -e "$dir/shared" ] &&
			[ "$status$TAP_FAILED" = 00 ]; } ||
			guest_stop "$(basename "$dir")"
	done
	[ $status -ne 0 ] || exit "$TAP_FAILED"
	exit $status
}
trap _stop_all EXIT
