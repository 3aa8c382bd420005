#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-scraped.sh [ROW] - Debian's Prometheus scrapes a host of the lab with two VMs,
# of which one hangs and gets well again: its alert has to fire and to clear; prints TAP
#
# All of it is in a network of its own. Output is in build/scraped. Needs what
# "tests/setup.sh exporter lab" installs, and root.
set -u -o pipefail

TOP=$(cd "$(dirname "$0")/.." && pwd)
ROW=${1:-bookworm-amd}
if [ -z "${VCPU_INFO_OWN_NET:-}" ]; then
	# What has to be fetched is fetched before there is no way out.
	"$TOP/tests/lab/lab" build "$ROW" || exit 1
	exec unshare --net --mount --propagation private \
		env VCPU_INFO_OWN_NET=1 bash "$0" "$ROW"
fi

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$TOP/tests/tap.sh"
# shellcheck source-path=SCRIPTDIR source=exporter/prometheus.sh
. "$TOP/tests/exporter/prometheus.sh"
OUT=$TOP/build/scraped
TAP_PREFIX="scraped: "

# serves - the exporter answers
serves()
{
	curl -sf http://127.0.0.1:9982/metrics >"$OUT/metrics"
}

# monitor COMMAND - to the VMM of the VM that hangs
monitor()
{
	echo "$1" | socat -t 5 - TCP:127.0.0.1:9983 >>"$OUT/monitor.log"
}

lab_ended()
{
	! kill -0 "$lab" 2>/dev/null
}

need_tools prometheus promtool curl jq socat
rm -rf "$OUT"
mkdir -p "$OUT"
ip link set lo up 2>/dev/null || busybox ip link set lo up
write_rules
cat >"$OUT/prometheus.yml" <<END
global: { scrape_interval: 5s, scrape_timeout: 5s, evaluation_interval: 1s }
rule_files: [ rules.yml ]
scrape_configs:
  - job_name: vcpu-info
    static_configs:
      - { targets: [ "127.0.0.1:9982" ], labels: { instance: host1 } }
END

start lab env VCPU_INFO_HOST_PORTS="9982 9983" \
	"$TOP/tests/lab/lab" run "$ROW" 46-scraped
lab=$!
check "the exporter in the lab serves" poll_until 600 serves
check "promtool check metrics" promtool check metrics <"$OUT/metrics"
prometheus_start prometheus 9090
check "Prometheus scrapes it" poll_until 60 is_now 'sum(up)' 1
check "both VMs are well" poll_until 300 is_now \
	'sum(vcpu_info_vm_diagnosis{diagnosis=~"idle|well"})' 2
check "and there is no alert" no_alert VcpuInfoVmStuck

for round in 1 2; do
	monitor nmi
	began=$SECONDS
	check "$round: a VM hangs, its alert fires" poll_until 240 alert VcpuInfoVmStuck firing
	diag "after $((SECONDS - began)) s"
	is "$round: for that VM alone" "$(query 'ALERTS{alertname="VcpuInfoVmStuck"}' |
		jq -r '.metric | "\(.vm) \(.diagnosis)"')" "hangs hung"
	is "$round: and while it hangs Prometheus gets all" "$(value \
		'count(vcpu_info_vm_info)')" 2
	monitor nmi
	began=$SECONDS
	check "$round: after the cure it clears" poll_until 240 no_alert VcpuInfoVmStuck
	diag "after $((SECONDS - began)) s"
done
picture 5m 'vcpu_info_vm_diagnosis{diagnosis="hung"}'
is "no scrape failed" "$(value 'sum(count_over_time(up[30m])) - sum(sum_over_time(up[30m]))')" 0

monitor quit
check "the lab ends" poll_until 300 lab_ended
wait "$lab"
is "with all well" $? 0
tail -n 1 "$OUT/lab.log" | diag
tap_end
