#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# The packages' units where systemd is process 1: off at first; the exporter by its
# socket, the file of the timer, watch and its journal, each behind its restrictions;
# what they do if they are killed; collect as a command of other units.
# needs: linux-guest
# with: SYSTEMD
# silence: 900
# asked
. /lab/host/lib.sh
. /lab/host/module.sh

PORT=9982
REPOSITORY=/usr/lib/vcpu-info-lab/apt
TEXTFILES=/var/lib/prometheus/node-exporter
SERVICES=(vcpu-info-exporter.{socket,service} vcpu-info-textfile.{timer,service}
	vcpu-info-watch.service)

# boot NAME CODE [PROPERTY...] - a VM whose boot sector is that code, as a service
boot()
{
	local name=$1

	boot_sector "/tmp/boot-$name" "$2"
	shift 2
	systemd-run -q --unit="vm-$name" "${@/#/--property=}" \
		qemu-system-x86_64 -name "guest=$name" -enable-kvm -nodefaults \
		-display none -m 16 -cpu "$GUEST_CPU" -no-reboot \
		-drive "file=/tmp/boot-$name,format=raw"
}

# get [PATH] - an answer without its headers
get()
{
	printf 'GET %s HTTP/1.1\r\nHost: x\r\n\r\n' "${1:-/metrics}" |
		socat -t 60 - "TCP:127.0.0.1:$PORT,shut-none" 2>/dev/null |
		sed '1,/^\r*$/d'
}

# has ERE FILE... - a line of it
has()
{
	grep -qE -- "$@" 2>/dev/null
}

# scraped ERE - a line of a scrape, which is kept
scraped()
{
	get >/tmp/metrics
	has "$1" /tmp/metrics
}

# property UNIT NAME
property()
{
	systemctl show -P "$2" "$1"
}

# becomes UNIT NAME VALUE
becomes()
{
	poll_until 120 test_property "$@"
}

test_property()
{
	[ "$(property "$1" "$2")" = "$3" ]
}

# status_of PID KEY - of /proc/PID/status
status_of()
{
	sed -n "s/^$2:[\t ]*//p" "/proc/$1/status"
}

# journal UNIT [OPTION...] - what it said
journal()
{
	journalctl -q --no-pager -o cat -u "$@"
}

# said UNIT ERE
said()
{
	journal "$1" | has "$2"
}

# rated UNIT - by systemd-analyze, from 0 to 10
rated()
{
	systemd-analyze security --no-pager "$1" 2>/dev/null |
		sed -nE 's/.*exposure level for [^:]*: ([0-9.]+) .*/\1/p'
}

# states COMMAND - what each service is by that command
states()
{
	local unit

	for unit in vcpu-info-exporter.{socket,service} vcpu-info-textfile.timer \
		vcpu-info-watch.service; do
		systemctl "$1" "$unit" 2>/dev/null
	done | sort -u | xargs
}

is "systemd is process 1" "$(cat /proc/1/comm)" systemd
diag "$(systemctl --version | head -n 1)"
is "no unit has failed" "$(systemctl --failed --plain --no-legend)" ""
check "the exporter's package is installed" \
	dpkg -i $REPOSITORY/vcpu-info-exporter_*_all.deb
is "its services, and watch's, are off" "$(states is-enabled)" disabled
is "and do not run" "$(states is-active)" inactive
# As they are now in the sources; the packages may be older.
cp -rT /lab/systemd/root /
systemctl daemon-reload
is "the units are without a fault" "$(systemd-analyze verify "${SERVICES[@]}" 2>&1 |
	grep vcpu-info | grep -v "Command 'man ")" ""
check "presets as at an image's first boot" systemctl preset \
	vcpu-info-exporter.{socket,service} vcpu-info-textfile.timer \
	vcpu-info-watch.service
is "leave them off" "$(states is-enabled)" disabled

# Without the module

module_unload
systemctl start vcpu-info-watch.service
is "without the module watch does not start" \
	"$(property vcpu-info-watch ConditionResult)" no
is "which is no failure" "$(property vcpu-info-watch ActiveState)" inactive
systemctl start vcpu-info-textfile.service
is "nor is anything written without node-exporter's directory" \
	"$(property vcpu-info-textfile ConditionResult)" no

# The exporter, by its socket

check "the socket is enabled" systemctl enable --now vcpu-info-exporter.socket
is "it listens" "$(property vcpu-info-exporter.socket SubState)" listening
is "nothing else runs" "$(property vcpu-info-exporter ActiveState)" inactive
check "a scrape is answered" scraped '^vcpu_info_up 0$'
is "the service was started for it" \
	"$(property vcpu-info-exporter ActiveState)" active
check "it says that there is no module" has '^vcpu_info_module_loaded 0$' /tmp/metrics
check "the module loads" module_load
boot idle '\xfb\xf4\xeb\xfd'			# sti; hlt; jmp hlt
boot spin '\xfa\xeb\xfe'			# cli; jmp .
is_up()
{
	scraped '^vcpu_info_up 1$'
}
check "then it has it" poll_until 60 is_up
check "the VMs are found" poll_until 120 scraped \
	'^vcpu_info_exporter_vms 2$'
check "of none something was denied" has '^vcpu_info_exporter_processes_denied 0$' \
	/tmp/metrics
check "nor unread" has '^vcpu_info_exporter_vms_unread 0$' /tmp/metrics
for name in vcpu_info_vcpu_exits_total vcpu_info_vcpu_run_seconds_total \
	vcpu_info_vcpu_wait_seconds_total vcpu_info_vcpu_state; do
	check "there is $name" poll_until 60 scraped \
		"^$name\\{vm=\"spin\",.*\\} [0-9.]*[1-9]"
done
check "and what the module's buffers lost" has '^vcpu_info_records_lost_total\{' \
	/tmp/metrics
check "a VM's unit and control group" has \
	'^vcpu_info_vm_info\{vm="spin".*unit="vm-spin.service",cgroup="/system.slice/vm-spin.service"' \
	/tmp/metrics
check "its diagnosis" poll_until 240 scraped \
	'^vcpu_info_vm_diagnosis\{vm="spin".*diagnosis="hung"\} 1$'
main=$(property vcpu-info-exporter MainPID)
http=$(pgrep -P "$main")
is "its capabilities" "$(status_of "$main" CapEff)" 00000040000800c4
is "its filter of system calls" "$(status_of "$main" Seccomp)" 2
is "no new privileges" "$(status_of "$main" NoNewPrivs)" 1
check "it is in no network" test \
	"$(readlink "/proc/$main/ns/net")" != "$(readlink /proc/1/ns/net)"
check "it cannot write" eval '! nsenter -t "$main" -m touch /var/lib/x 2>/tmp/err'
is "who talks to clients is nobody" "$(stat -c %U "/proc/$http")" nobody
is "who has no capability" "$(status_of "$http" CapEff)" 0000000000000000
rate=$(rated vcpu-info-exporter.service)
diag "systemd-analyze security: $rate"
check "systemd rates it below 3" awk "BEGIN { exit !($rate > 0 && $rate < 3) }"

kill -KILL "$http"
check "who talks to clients is killed: the service is started again" \
	becomes vcpu-info-exporter NRestarts 1
check "and serves" poll_until 60 is_up
kill -KILL "$(property vcpu-info-exporter MainPID)"
check "it is killed itself: it is started again" \
	becomes vcpu-info-exporter NRestarts 2
check "and serves" poll_until 60 is_up
check "it is stopped" systemctl stop vcpu-info-exporter.service
is "it ends well" "$(property vcpu-info-exporter Result),$(property \
	vcpu-info-exporter ExecMainStatus)" success,0
check "the socket starts it again" poll_until 60 is_up
mkdir -p /etc/vcpu-info
cat >/etc/vcpu-info/web.yml <<'END'
basic_auth_users:
  a: "$2y$04$abcdefghijklmnopqrstuu12f.Pu8ic0A965BfTwGcW6x7Xin9Xgu"
END
chmod 600 /etc/vcpu-info/web.yml
echo 'OPTIONS="--web-config /etc/vcpu-info/web.yml"' >/etc/default/vcpu-info-exporter
check "with users it is started again" systemctl restart vcpu-info-exporter
is "who is none of them gets nothing" "$(get)" Unauthorized
check "all of it is disabled" systemctl disable --now vcpu-info-exporter.socket \
	vcpu-info-exporter.service
is "nothing listens then" "$(get /)" ""
is "what it said is none of an error" "$(journal vcpu-info-exporter -p warning |
	grep -vE 'Killed|killed|signal|Main process exited|Failed with result')" ""

# The textfile

mkdir -p $TEXTFILES
chown 12345 $TEXTFILES
chmod 755 $TEXTFILES
file=$TEXTFILES/vcpu-info.prom
check "the timer is enabled" systemctl enable --now vcpu-info-textfile.timer
check "the file is written" poll_until 120 has '^vcpu_info_up 1$' $file
check "it has the VMs" has '^vcpu_info_vcpu_exits_total\{vm="spin",' $file
is "everyone may read it" "$(stat -c %a $file)" 644
is "nothing else is left there" "$(ls -A $TEXTFILES)" vcpu-info.prom
touch /tmp/mark
written()
{
	[ $file -nt /tmp/mark ]
}
check "it is written again" poll_until 120 written
check "without trouble" becomes vcpu-info-textfile Result success
module_unload
check "without the module it says so" poll_until 120 has \
	'^vcpu_info_module_loaded 0$' $file
is "which is no failure" "$(property vcpu-info-textfile Result)" success
check "the module loads" module_load
diag "systemd-analyze security: $(rated vcpu-info-textfile.service)"
check "the timer is disabled" systemctl disable --now vcpu-info-textfile.timer

# watch

cat >/etc/default/vcpu-info-watch <<'END'
OPTIONS="--interval 2s --collect /var/lib/vcpu-info --exec /usr/local/bin/told"
END
cat >/usr/local/bin/told <<'END'
#!/bin/sh
echo "$VCPU_INFO_VM_NAME $VCPU_INFO_WORD $(jq -r .type)" >>/var/lib/vcpu-info/told
END
chmod 755 /usr/local/bin/told
check "watch is enabled" systemctl enable --now vcpu-info-watch.service
is "it is up" "$(property vcpu-info-watch SubState)" running
# entry FIELD=VALUE... - such an entry is in the journal
entry()
{
	journalctl -q -o json "$@" _SYSTEMD_UNIT=vcpu-info-watch.service |
		has .
}
check "it tells the journal of the VM that hangs" poll_until 240 entry \
	VCPU_INFO_WORD=hung VCPU_INFO_VM_NAME=spin
check "as a warning with its ID" entry PRIORITY=4 \
	MESSAGE_ID=4b1d6d1b0f0b4f0fa3d3c6c8f7a94e51
check "its program is run" poll_until 60 has '^spin hung diagnosis$' \
	/var/lib/vcpu-info/told
kept()
{
	compgen -G '/var/lib/vcpu-info/vcpu-info-*.tar.zst' >/tmp/archives
}
check "evidence is collected" poll_until 240 kept
archive=$(head -n 1 /tmp/archives)
is "no part of it has failed" "$(tar -xOf "$archive" --wildcards \
	'vcpu-info-*/collection.json' | jq -r '.parts[] |
	select(.exit_code != 0) | "\(.file) \(.exit_code)"')" ""
like "it has the VM's diagnosis" "$(vcpu-info diagnose "$archive")" \
	'vCPU 0 thread [0-9]+ (spinning|running|starved)'
is "which its owner may read" "$(stat -c '%a %U' "$archive" /var/lib/vcpu-info |
	xargs)" "600 root 700 root"
# instances NR - so many trace instances of watch are there
instances()
{
	[ "$(compgen -G '/sys/kernel/tracing/instances/vcpu_info.watch.*' |
		wc -l)" = "$1" ]
}
check "it listens for last words" instances 1
main=$(property vcpu-info-watch MainPID)
is "no new privileges" "$(status_of "$main" NoNewPrivs)" 1
check "it is in no network" test \
	"$(readlink "/proc/$main/ns/net")" != "$(readlink /proc/1/ns/net)"
diag "systemd-analyze security: $(rated vcpu-info-watch.service)"
systemctl stop vm-spin
check "the end of the VM is no trouble" test_property vcpu-info-watch SubState running
kill -KILL "$main"
check "it is killed: it is started again" becomes vcpu-info-watch NRestarts 1
check "and is up" becomes vcpu-info-watch SubState running
check "of its trace instances the one is left that is used" poll_until 60 instances 1
check "it is stopped" systemctl disable --now vcpu-info-watch.service
is "it ends well" "$(property vcpu-info-watch Result)" success
check "with no trace instance left" instances 0
diag < <(journal vcpu-info-watch | tail -n 30)

# collect, as a command of others

mkdir /tmp/kept-at-stop
boot kept '\xfa\xeb\xfe' 'ExecStop=/usr/bin/vcpu-info collect -o /tmp/kept-at-stop/stop.tar.zst $MAINPID'
found()
{
	vcpu-info vms kept >/dev/null 2>&1
}
check "a VM whose unit collects evidence when it is stopped" poll_until 120 found
check "is stopped" systemctl stop vm-kept
check "there is evidence" vcpu-info diagnose /tmp/kept-at-stop/stop.tar.zst
diag < <(journal vm-kept)
cat >/tmp/on-watchdog <<END
#!/bin/sh
echo "event 'watchdog' for domain 'idle': none" | /lab/systemd/collect-on-watchdog /tmp/kept-at-stop
END
chmod 755 /tmp/on-watchdog
cat >/run/systemd/system/on-watchdog.service <<'END'
[Service]
Type=oneshot
ExecStart=/tmp/on-watchdog
ProtectSystem=strict
ReadWritePaths=/tmp/kept-at-stop
NoNewPrivileges=yes
PrivateNetwork=yes
END
systemctl daemon-reload
check "as the command of a watchdog's events, as a service" \
	systemctl start on-watchdog
like "there is evidence" "$(vcpu-info diagnose /tmp/kept-at-stop/watchdog-*.tar.zst)" \
	'vCPU 0 thread [0-9]+ idle'
systemctl stop vm-idle
is "no unit of ours has failed" "$(systemctl --failed --plain --no-legend |
	grep -E 'vcpu|vm-')" ""
tap_end
