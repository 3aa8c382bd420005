#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# check-readers.sh [DIR] - have other people's programs read what 'vcpu-info profile'
# writes: flamegraph.pl, go tool pprof, a browser, and the rules of the trace format
# (Perfetto's own reader of it is in no package);
# and 'perf kvm' what 'vcpu-info symbols' writes
#
# DIR has the files of the lab's test 48-profile-load, if that was run; otherwise they are
# those of a unit test. Symbols are there after "lab bench bookworm-amd 18-stack", too.
# Needs the packages of "setup.sh readers". Prints TAP; pictures of the browser are in
# build/readers.
set -u

# shellcheck source-path=SCRIPTDIR source=tap.sh
. "$(dirname "$0")/tap.sh"

TOP=$(cd "$(dirname "$0")/.." && pwd)
OUT=$TOP/build/readers
FILES=$(realpath -m "${1:-$TOP/build/lab/bookworm-amd/logs/profile}")
SYMBOLS=$FILES/symbols
FLAMEGRAPH=/usr/share/perl5/Devel/NYTProf/flamegraph.pl

rm -rf "$OUT"
mkdir -p "$OUT/home"
export HOME=$OUT/home

if [ ! -s "$FILES/net.pb.gz" ]; then
	diag "no files of the lab in $FILES: those of a unit test"
	FILES=$OUT/files
	mkdir -p "$FILES"
	make -s -C "$TOP/tests/unit" "$TOP"/build/unit/plain/test_profile{,_files} &&
		PROFILE_FILES=$FILES "$TOP/build/unit/plain/test_profile" >/dev/null 2>&1 &&
		PROFILE_FILES=$FILES "$TOP/build/unit/plain/test_profile_files" >/dev/null 2>&1
fi
diag "files in ${FILES#"$TOP/"}"

# sum FILE - microseconds of folded stacks
sum()
{
	awk '{ sum += $NF } END { printf "%.0f\n", sum }' "$1"
}

perl "$FLAMEGRAPH" "$FILES/net.folded" >"$OUT/flamegraph.svg" 2>"$OUT/flamegraph.err"
is "flamegraph.pl reads folded stacks" $? 0
is "and complains of nothing" "$(cat "$OUT/flamegraph.err")" ""
is "it finds the whole time" \
	"$(grep -oE 'all \([0-9,]+ samples, 100%' "$OUT/flamegraph.svg" |
		head -n 1 | sed 's/ samples.*//' | tr -cd 0-9)" "$(sum "$FILES/net.folded")"

go tool pprof -raw "$FILES/net.pb.gz" >"$OUT/pprof.raw" 2>"$OUT/pprof.err"
is "pprof reads .pb.gz" $? 0
go tool pprof -top -sample_index=time -nodecount=15 "$FILES/net.pb.gz" 2>&1 |
	tee "$OUT/pprof.top" | diag
check "it has a time and a total" grep -qE '^Duration: .*, Total samples = [0-9.]+' \
	"$OUT/pprof.top"
check "it lists frames with shares" grep -qE '[0-9.]+m?s +[0-9.]+% .*%  .+' "$OUT/pprof.top"

python3 "$TOP/tests/readers/check_trace.py" "$FILES/timeline.json" >"$OUT/trace.txt" 2>&1
is "the timeline is as the trace format has it" $? 0
diag <"$OUT/trace.txt"

if [ -s "$SYMBOLS" ]; then
	python3 "$TOP/tests/readers/perf_data.py" "$OUT/perf.data" <"$SYMBOLS" |
		sort >"$OUT/perf.wanted"
	perf kvm --guest --guestkallsyms="$SYMBOLS" report --stdio \
		-i "$OUT/perf.data" --sort symbol 2>"$OUT/perf.err" |
		awk '{ for (i = 1; i < NF; i++) if ($i == "[g]") print $(i + 1) }' | sort >"$OUT/perf.names"
	check "perf kvm has many functions to name" \
		test "$(wc -l <"$OUT/perf.wanted")" -ge 100
	is "it gives each the name that 'symbols' wrote" \
		"$(diff "$OUT/perf.wanted" "$OUT/perf.names" | head -n 10)" ""
	diag "$(wc -l <"$OUT/perf.names") functions named by $(perf --version)"
else
	skip "perf kvm names a guest's functions" \
		"no symbols of a real guest: tests/lab/lab run bookworm-amd 48"
fi

# browse NAME WIDTH,HEIGHT FILE - a picture of a file
browse()
{
	timeout 120 chromium --headless --no-sandbox --disable-gpu --hide-scrollbars \
		--user-data-dir="$OUT/home/chromium" --screenshot="$OUT/$1.png" \
		--window-size="$2" "file://$3" >>"$OUT/chromium.log" 2>&1
}

# page SVG - one with the picture inside, and a script from standard input that clicks
page()
{
	echo '<!DOCTYPE html><meta charset="utf-8"><body style="margin:0">'
	sed 1d "$1"
	echo '<pre id="result"></pre><script>'
	cat
	echo '</script></body>'
}

page "$FILES/net.svg" <"$TOP/tests/readers/click.js" >"$OUT/click.html"
timeout 120 chromium --headless --no-sandbox --disable-gpu \
	--user-data-dir="$OUT/home/chromium" --virtual-time-budget=5000 --dump-dom \
	"file://$OUT/click.html" >"$OUT/dom.html" 2>>"$OUT/chromium.log"
sed -n '/<pre id="result">/,/<\/pre>/p' "$OUT/dom.html" |
	sed 's/<[^>]*>//g; /^$/d' >"$OUT/result.txt"
check "the browser ran the page to its end" grep -qx "end" "$OUT/result.txt"
while IFS=$'\t' read -r status what; do
	[ "$status" != end ] || break
	is "in the browser: $what" "$status" ok
done <"$OUT/result.txt"

if [ -s "$FILES/files.svg" ]; then
	page "$FILES/files.svg" <<-'END' >"$OUT/zoomed.html"
		const boxes = Array.from(document.querySelectorAll("svg g.f"));
		window.prompt = () => "random";
		boxes.find((g) => g.getAttribute("data-n") === "running")
			.dispatchEvent(new MouseEvent("click"));
		document.getElementById("search").dispatchEvent(new MouseEvent("click"));
	END
	browse zoomed 1200,560 "$OUT/zoomed.html"
fi
for name in files:1200,560 net:1200,900 diff:1200,900 timeline:1200,240; do
	file=${name%%:*}
	[ -s "$FILES/$file.svg" ] || continue
	browse "$file" "${name#*:}" "$FILES/$file.svg"
	check "the browser draws $file.svg" test -s "$OUT/$file.png"
done
tap_end
