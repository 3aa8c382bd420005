#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-exporter.sh - Debian's Prometheus scrapes 'vcpu-info export' on two hosts that
# are made up (tests/exporter/simulate.c), in a network of its own; prints TAP
#
# A VM is made to hang: its alert has to fire, and to clear after the cure. All queries
# of the dashboard are run. Output is in build/exporter. Needs what
# "tests/setup.sh exporter" installs, and root or user namespaces.
set -u -o pipefail

if [ -z "${VCPU_INFO_OWN_NET:-}" ]; then
	exec unshare --net --mount --propagation private ${EUID:+$(
		[ $EUID = 0 ] || echo --map-root-user)} \
		env VCPU_INFO_OWN_NET=1 bash "$0" "$@"
fi

TOP=$(cd "$(dirname "$0")/.." && pwd)
# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$TOP/tests/tap.sh"
OUT=$TOP/build/exporter
SIMULATE=$TOP/build/unit/simulate
RULES=$TOP/docs/prometheus/vcpu-info.rules.yml
TAP_PREFIX="exporter: "

# shellcheck source-path=SCRIPTDIR source=exporter/prometheus.sh
. "$TOP/tests/exporter/prometheus.sh"
trap 'end; rm -rf "$OUT"/host[1-8]' EXIT

# kinds HOST WORD... - what its VMs do from now on
kinds()
{
	local host=$1

	shift
	echo "$*" >"$OUT/$host/kinds.new"
	mv "$OUT/$host/kinds.new" "$OUT/$host/kinds"
}

write_config()
{
	write_rules
	cat >"$OUT/prometheus.yml" <<END
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: [ rules.yml ]
scrape_configs:
  - job_name: vcpu-info
    static_configs:
      - { targets: [ "127.0.0.1:9982" ], labels: { instance: host1 } }
      - { targets: [ "127.0.0.1:9983" ], labels: { instance: host2 } }
  - job_name: node
    static_configs:
      - { targets: [ "127.0.0.1:9100" ] }
remote_write:
  - url: http://127.0.0.1:9091/api/v1/write
END
	echo 'global: {}' >"$OUT/central.yml"
}

# dashboard_queries - of all panels, with all values of the variables
dashboard_queries()
{
	jq -r '.panels[] | select(.targets) | .targets[].expr' \
		"$TOP/docs/prometheus/dashboard.json" |
		sed -E 's/\$(instance|vm|vcpu)\b/.*/g; s/\[5m\]/[30s]/g'
}

need_tools prometheus promtool prometheus-node-exporter curl jq openssl \
	systemd-socket-activate
rm -rf "$OUT"
mkdir -p "$OUT/host1" "$OUT/host2" "$OUT"/host{3,4,5,6,7,8} \
	"$OUT/textfiles"
busybox ip link set lo up 2>/dev/null || ip link set lo up

check "the simulator is built" make -s -C "$TOP/tests/unit" simulate
check "promtool check rules" promtool check rules "$RULES"
check "promtool test rules" promtool test rules \
	"$TOP/tests/exporter/rules-test.yml"
while read -r name; do
	check "what to do about $name is written" grep -qx "### $name" \
		"$TOP/docs/fleet.md"
	check "and it is tested" grep -q "alertname: $name\$" \
		"$TOP/tests/exporter/rules-test.yml"
done < <(sed -n 's/^ *- alert: //p' "$RULES")

kinds host1 idle idle busy
kinds host2 idle idle
start host1 "$SIMULATE" "$OUT/host1" 3 2 export --listen :9982
start host2 "$SIMULATE" "$OUT/host2" 2 2 export --listen :9983
start textfile "$SIMULATE" "$OUT/host3" 2 2 export --interval 1s \
	--textfile "$OUT/textfiles/vcpu-info.prom"
metrics()
{
	curl -sf "http://127.0.0.1:$1/metrics" >"$OUT/metrics-$1"
}
check "the first exporter serves" poll_until 60 metrics 9982
check "the second exporter serves" poll_until 60 metrics 9983
check "promtool check metrics" promtool check metrics <"$OUT/metrics-9982"

write_config
check "promtool check config" promtool check config "$OUT/prometheus.yml"
start node prometheus-node-exporter --web.listen-address=127.0.0.1:9100 \
	--collector.disable-defaults --collector.textfile \
	--collector.textfile.directory="$OUT/textfiles"
prometheus_start central 9091 --web.enable-remote-write-receiver
prometheus_start prometheus 9090
check "Prometheus scrapes all three" poll_until 60 is_now 'sum(up)' 3
check "it has the VMs of both hosts" poll_until 60 is_now \
	'count(vcpu_info_vm_info{job="vcpu-info"})' 5
check "in the textfile there are those of one" poll_until 60 is_now \
	'count(vcpu_info_vm_info{job="node"})' 2
check "which node-exporter read well" poll_until 60 is_now \
	node_textfile_scrape_error 0
check "Prometheus chose OpenMetrics, and knows a counter's type" \
	test "$(curl -sS "$API/metadata?metric=vcpu_info_vcpu_exits" |
		jq -r '.data.vcpu_info_vcpu_exits[0].type')" = counter

# TLS and users, from Prometheus' own form of a configuration

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=127.0.0.1 \
	-addext subjectAltName=IP:127.0.0.1 -keyout "$OUT/web.key" \
	-out "$OUT/web.crt" 2>"$OUT/openssl.log"
# shellcheck disable=SC2016 # the dollars are the hash's
printf '%s\n' 'tls_server_config: { cert_file: web.crt, key_file: web.key, min_version: TLS13 }' \
	'basic_auth_users:' \
	'  a: "$2y$04$abcdefghijklmnopqrstuu12f.Pu8ic0A965BfTwGcW6x7Xin9Xgu"' \
	>"$OUT/web.yml"
check "promtool takes the web configuration" promtool check web-config \
	"$OUT/web.yml"
start tls "$SIMULATE" "$OUT/host4" 1 1 export --listen :9984 \
	--web-config "$OUT/web.yml"
secure()
{
	curl -sS --cacert "$OUT/web.crt" -o "$OUT/secure" -w '%{http_code}' "$@" \
		https://127.0.0.1:9984/metrics
}
right()
{
	[ "$(secure -u a:b)" = 200 ]
}
check "with TLS and the password there are metrics" poll_until 60 right
is "not with another password" "$(secure -u a:c)" 401
is "nor with none" "$(secure)" 401
check "nor without TLS" test "$(curl -s -o /dev/null -w '%{http_code}' \
	http://127.0.0.1:9984/metrics)" = 000
check "nor by TLS 1.2" test "$(secure --tls-max 1.2 -u a:b 2>/dev/null)" = 000

# Clients with a certificate of somebody who may sign them

# sign NAME PURPOSE [CA] - a certificate of that CA, or of none
sign()
{
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" \
		-addext "extendedKeyUsage=$2" -keyout "$OUT/$1.key" \
		-out "$OUT/$1.crt" ${3:+-CA "$OUT/$3.crt" -CAkey "$OUT/$3.key"} \
		>>"$OUT/openssl.log" 2>&1
}
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ca \
	-keyout "$OUT/ca.key" -out "$OUT/ca.crt" 2>>"$OUT/openssl.log"
sign client clientAuth ca
sign server serverAuth ca
sign stranger clientAuth
printf '%s\n' 'tls_server_config:' '  cert_file: web.crt' '  key_file: web.key' \
	'  client_auth_type: RequireAndVerifyClientCert' \
	'  client_ca_file: ca.crt' >"$OUT/clients.yml"
sed 's/: RequireAnd/: /; s/\(: Verify.*\)/\1IfGiven/' "$OUT/clients.yml" \
	>"$OUT/if-given.yml"
# of PORT [NAME] - the status for a client with that certificate, or none
of()
{
	curl -sS --cacert "$OUT/web.crt" -o /dev/null -w '%{http_code}' \
		${2:+--cert "$OUT/$2.crt" --key "$OUT/$2.key"} \
		"https://127.0.0.1:$1/metrics"
}
served()
{
	[ "$(of "$@")" = 200 ]
}
check "promtool takes client certificates" promtool check web-config \
	"$OUT/clients.yml"
check "and those that may be missing" promtool check web-config \
	"$OUT/if-given.yml"
start clients "$SIMULATE" "$OUT/host7" 1 1 export --listen :9986 \
	--web-config "$OUT/clients.yml"
start if-given "$SIMULATE" "$OUT/host8" 1 1 export --listen :9987 \
	--web-config "$OUT/if-given.yml"
check "with a client certificate there are metrics" \
	poll_until 60 served 9986 client
is "not with none" "$(of 9986)" 403
is "nor with that of a stranger" "$(of 9986 stranger)" 403
is "nor with one for servers" "$(of 9986 server)" 403
check "where it may be missing it may" poll_until 60 served 9987
is "one that is there is taken" "$(of 9987 client)" 200
is "but not a stranger's" "$(of 9987 stranger)" 403

# As systemd starts it: by a socket that is there before

start activated systemd-socket-activate -l 127.0.0.1:9985 "$SIMULATE" \
	"$OUT/host5" 1 1 export --listen systemd
check "a socket that systemd hands over" poll_until 60 metrics 9985
"$SIMULATE" "$OUT/host6" 1 1 export --listen systemd 2>"$OUT/error"
is "there is none: exit status" $? 1
like "which is said" "$(cat "$OUT/error")" 'systemd has not handed over'

kinds host1 idle spinning busy
began=$SECONDS
check "a VM hangs: its alert fires" poll_until 120 alert VcpuInfoVmStuck firing
diag "after $((SECONDS - began)) s"
is "for that VM" "$(query 'ALERTS{alertname="VcpuInfoVmStuck"}' |
	jq -r '.metric | "\(.instance) \(.vm) \(.diagnosis)"')" "host1 vm1 hung"
check "that of its vCPU, too" poll_until 60 alert VcpuInfoVcpuStuck firing
check "a process that computes is no hang" test -z \
	"$(query 'ALERTS{vm="vm2"}')"

nr=0
while IFS= read -r expression; do
	nr=$((nr + 1))
	query "$expression" >"$OUT/answer" 2>"$OUT/error"
	check "dashboard: $expression" test -s "$OUT/answer" -a ! -s "$OUT/error"
done < <(dashboard_queries)
check "there are queries" test $nr -gt 30
is "federation has the VMs' diagnoses of both hosts" "$(curl -sSG \
	--data-urlencode 'match[]={__name__="vcpu_info_vm_diagnosis",job="vcpu-info"}' \
	http://127.0.0.1:9090/federate | grep -c 'diagnosis="well"')" 5

# What a central Prometheus got that scrapes nothing by itself
API=http://127.0.0.1:9091/api/v1
check "remote write has the VMs of both hosts" poll_until 60 is_now \
	'count(vcpu_info_vm_info{job="vcpu-info"})' 5
check "and what is wrong" poll_until 60 is_now \
	'sum(vcpu_info_vm_diagnosis{diagnosis="hung",instance="host1"})' 1
API=http://127.0.0.1:9090/api/v1

kinds host1 idle idle busy
began=$SECONDS
check "after the cure the alert clears" poll_until 120 no_alert VcpuInfoVmStuck
diag "after $((SECONDS - began)) s"
picture 5m 'vcpu_info_vm_diagnosis{instance="host1",diagnosis="hung"} or ALERTS{alertname="VcpuInfoVmStuck"}'
check "that of its vCPU, too" poll_until 60 no_alert VcpuInfoVcpuStuck

kinds host1 idle gone busy
check "a VM that is gone has no series" poll_until 60 is_now \
	'count({vm="vm1",instance="host1",job="vcpu-info"}) or vector(0)' 0

rm "$OUT/host1/sys/module/vcpu_info/version"
rm -r "$OUT/host1/sys/module/vcpu_info"
check "the module goes: its alert fires" poll_until 120 \
	alert VcpuInfoModuleMissing firing
is "it is none of the other host" "$(query 'ALERTS{instance="host2"}')" ""
tap_end
