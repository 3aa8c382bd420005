# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# For scripts that have Debian's Prometheus scrape an exporter. In the variable OUT is
# their directory; what 'start' has started ends with them.

API=http://127.0.0.1:9090/api/v1
pids=()

# poll_until SECONDS COMMAND... - repeat until it succeeds; 1 if it never does
poll_until()
{
	local end=$((SECONDS + $1))

	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.2
	done
}

end()
{
	local pid

	for pid in "${pids[@]}"; do
		kill "$pid" 2>/dev/null && wait "$pid"
	done
}
trap end EXIT

# start NAME COMMAND... - in the background, ended at the end
start()
{
	local name=$1

	shift
	"$@" >"$OUT/$name.log" 2>&1 &
	pids+=($!)
}

# query EXPRESSION - the results, one a line
query()
{
	curl -sS --data-urlencode "query=$1" "$API/query" |
		jq -c 'if .status == "success" then .data.result[] else error(.error) end'
}

# value EXPRESSION - of its only result
value()
{
	query "$1" | jq -r '.value[1]'
}

is_now()
{
	[ "$(value "$1")" = "$2" ]
}

# alert NAME STATE - whether it is in that state for VM vm1 of the first host, or a host
alert()
{
	query "ALERTS{alertname=\"$1\",alertstate=\"$2\",instance=\"host1\"}" |
		grep -q .
}

no_alert()
{
	! alert "$1" firing && ! alert "$1" pending
}

# Quick, so that minutes become seconds; what is tested by minutes is in rules-test.yml.
write_rules()
{
	sed -E 's/^( *for:) .*/\1 5s/; s/\[5m\]/[30s]/' \
		"$TOP/docs/prometheus/vcpu-info.rules.yml" >"$OUT/rules.yml"
}

# prometheus_start NAME PORT [ARGUMENT...] - with OUT/NAME.yml
prometheus_start()
{
	local name=$1 port=$2

	shift 2
	start "$name" prometheus --config.file="$OUT/$name.yml" \
		--storage.tsdb.path="$OUT/$name.data" \
		--web.listen-address="127.0.0.1:$port" "$@"
}

# picture RANGE EXPRESSION - OUT/graph.png, what Prometheus' own page draws of it; for
# people, if there is a browser: not a test
picture()
{
	command -v chromium >/dev/null || return 0
	timeout 120 chromium --headless --no-sandbox --disable-gpu \
		--user-data-dir="$OUT/chromium" --hide-scrollbars \
		--window-size=1200,900 --virtual-time-budget=15000 \
		--screenshot="$OUT/graph.png" \
		"http://127.0.0.1:9090/graph?g0.range_input=$1&g0.tab=0&g0.expr=$(
			jq -rn --arg text "$2" '$text | @uri')" \
		>"$OUT/chromium.log" 2>&1 &&
		diag "what Prometheus shows of it: ${OUT#"$TOP/"}/graph.png"
}

# need_tools TOOL... - of "tests/setup.sh exporter"
need_tools()
{
	local tool

	for tool; do
		command -v "$tool" >/dev/null || {
			not_ok "$tool is there: tests/setup.sh exporter"
			tap_end
			exit 1
		}
	done
}
