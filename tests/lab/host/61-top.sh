#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# 'vcpu-info top' on a terminal, with two VMs and six vCPUs. What it looked like
# is kept in the logs as top-COLUMNSxLINES.txt.
# needs: linux-guest
# rows: bookworm-amd
# silence: 900
# rest
. /lab/host/lib.sh
. /lab/host/module.sh

in_tmux()
{
	tmux -L top -f /dev/null "$@"
}

screen()
{
	in_tmux capture-pane -p -t top
}

# shows ERE - some line of the screen matches
shows()
{
	screen | grep -qE -e "$1"
}

shows_not()
{
	screen >/tmp/shown && grep -q . /tmp/shown && ! grep -qE -e "$1" /tmp/shown
}

# whole_screen - two looks in a row that are alike: the terminal may be looked at
# while top is still drawing
whole_screen()
{
	local before=

	until [ -n "$before" ] && [ "$(screen)" = "$before" ]; do
		before=$(screen)
	done
	echo "$before"
}

# rows - those of vCPUs
rows()
{
	screen | grep -E '^(mail|web) '
}

rows_are()
{
	[ "$(rows | wc -l)" -eq "$1" ]
}

# order - of the rows
order()
{
	rows | awk '{ print $1, $3 }' | xargs
}

order_is()
{
	[ "$(order)" = "$1" ]
}

key()
{
	in_tmux send-keys -t top "$@"
}

resize()
{
	in_tmux resize-window -t top -x "$1" -y "$2"
}

# fills COLUMNS LINES - the screen is of that size and has the help at its end
fills()
{
	screen >/tmp/screen
	[ "$(wc -l </tmp/screen)" -eq "$2" ] &&
		sed -n "$2p" /tmp/screen | grep -q '^q quit' &&
		! grep -qE ".{$(($1 + 1))}" /tmp/screen
}

# keep COLUMNS LINES - in the logs, with colours
keep()
{
	in_tmux capture-pane -p -e -t top >"$GUEST_LOGS/top-$1x$2.txt"
	rows | diag
}

has_rates()
{
	rows_are 6 && [ "$(rows | awk '$7 ~ /^[0-9]+[kM]?$/ && $8 ~ /^[0-9]+[kM]?$/' |
		wc -l)" -eq 6 ]
}

# records_taken - what the first line says
records_taken()
{
	screen | sed -nE '1s/.* ([0-9]+) records,.*/\1/p'
}

more_records_than()
{
	[ "$(records_taken)" -gt "$1" ]
}

# made N - the module has made so many since $before
made()
{
	[ $(($(count records) - before)) -ge "$1" ]
}

module_unlimited
check "a guest boots" guest_start web -smp 4 -m 160 || exit 1
check "a second one, too" guest_start mail -smp 2 -m 160 || exit 1
vcpu-info top --batch --count 1 web mail >/tmp/top.batch
is "top has the states of vCPUs without a guest's help" \
	"$(awk '/^(mail|web) / && $5 ~ /^(guest|halted|preempted|user|in-exit)$/' \
		/tmp/top.batch | wc -l)" 6
vcpu-info top --recorded --batch --count 1 web mail >/tmp/top.batch
is "with --recorded it has vCPUs that nobody has asked for" \
	"$(awk '/^(mail|web) / { print $1, $3, $5 }' /tmp/top.batch | sort | xargs)" \
	"mail 0 - mail 1 - web 0 - web 1 - web 2 - web 3 -"
is "and says what it waits for" "$(head -n 1 /tmp/top.batch)" \
	"6 of 6 vCPUs; waiting for 'vcpu-info-guest trigger' in a guest"
for guest in web mail; do
	check "$guest asks again and again" guest_run $guest \
		'vcpu-info-guest trigger --count 100000 --interval 500ms \
			>/dev/null 2>&1 &'
done

in_tmux new-session -d -s top -x 80 -y 24 \
	"vcpu-info top --recorded --no-guest-memory web mail 2>/tmp/top.err; echo \$? >/tmp/top.exit" \
	';' set-option -g status off
resize 80 24
check "top has a row for each vCPU, with rates" poll_until 120 has_rates
is "they are those of both VMs" \
	"$(rows | awk '{ print $1, $3 }' | sort | xargs)" \
	"mail 0 mail 1 web 0 web 1 web 2 web 3"
is "with their threads" "$(rows | awk '{ print $1, $3, $4 }' | sort | xargs)" \
	"$(for guest in mail web; do
		guest_threads $guest | awk -v guest=$guest '{ print guest, $2, $3 }'
	done | sort | xargs)"
is "and states that there are" "$(rows | awk '{ print $5 }' |
	grep -cxE 'self|guest|halted|preempted|user|in-exit')" 6
check "such as that of the one that asks" poll_until 30 shows \
	'^web .* self '
check "80x24: all lines fit" poll_until 30 fills 80 24
rates=$(whole_screen | awk '/^(mail|web) / { print $7 }' |
	sed 's/k$/000/; s/M$/000000/')
is "each row has a rate" "$(grep -cE '^[0-9]+$' <<<"$rates")" 6
is "the highest rate comes first" "$rates" "$(sort -rn <<<"$rates")"
check "there is no room for rates of I/O" shows_not ' IO/s'
keep 80 24

resize 120 40
check "120x40: it fills the larger screen" poll_until 30 fills 120 40
check "and has more columns" shows ' EXIT/s\* +IO/s MMIO/s HALT/s +IRQ/s +HYP/s'
check "with numbers in them" poll_until 30 shows \
	'^(web|mail) .*( +[0-9]+[kM]?){6} 0x[0-9a-f]+$'
keep 120 40
resize 20 4
check "a very small screen has what fits" poll_until 30 fills 20 4
resize 80 24
check "80x24 again: it is as before" poll_until 30 fills 80 24
check "with all rows" rows_are 6

# Sorting

key '<' '<' '<' '<'
check "keys choose the column to sort by" poll_until 30 shows 'sorted by thread'
key '<' '<' '<'
check "sorted by name" poll_until 30 shows 'sorted by name'
is "rows are in its order" "$(order)" "mail 0 mail 1 web 0 web 1 web 2 web 3"
key r
check "r reverses it" poll_until 30 order_is \
	"web 0 web 1 web 2 web 3 mail 0 mail 1"
key r
key Down Down
check "arrows scroll" poll_until 30 order_is "web 0 web 1 web 2 web 3"
key Up Up
check "and back" poll_until 30 rows_are 6

# Filter

key / m a i
check "a filter is seen while it is typed" poll_until 30 shows 'filter: mai_'
key l Enter
check "it leaves the rows that have it" poll_until 30 order_is "mail 0 mail 1"
check "and says of how many" shows '^2 of 6 vCPUs'
key / Escape
check "Escape drops it" poll_until 30 rows_are 6

# Totals and help

key v
check "v totals the VMs" poll_until 30 shows '^2 of 2 VMs'
is "by the number of their vCPUs" \
	"$(rows | awk '{ print $1, $3 }' | sort | xargs)" "mail 2 web 4"
key v
check "and back" poll_until 30 rows_are 6
key h
check "h has help" poll_until 30 shows 'a row for each VM, or for each vCPU'
key x
check "which any key leaves" poll_until 30 rows_are 6

# Freeze and pause

key f
check "f freezes" poll_until 30 shows FROZEN
frozen=$(rows)
taken=$(records_taken)
before=$(count records)
check "records are made meanwhile" poll_until 60 made 20
resize 110 30
poll_until 30 fills 110 30
resize 80 24
poll_until 30 fills 80 24
check "and taken in" poll_until 30 more_records_than "$taken"
is "six rows were frozen" "$(wc -l <<<"$frozen")" 6
is "but what is drawn again is the same" "$(rows)" "$frozen"
key f
check "f goes on" poll_until 30 shows_not FROZEN
rows_changed()
{
	rows_are 6 && [ "$(rows)" != "$frozen" ]
}
check "and other rows" poll_until 60 rows_changed

key p
check "p pauses" poll_until 30 shows PAUSED
taken=$(records_taken)
before=$(count records)
check "records are made meanwhile, too" poll_until 60 made 20
# what is there has been read once a key after it is heeded
key r
poll_until 30 shows 'sorted by name reversed'
key r
poll_until 30 shows_not 'reversed'
is "and not taken in" "$(records_taken)" "$taken"
key p
check "p goes on" poll_until 60 more_records_than "$taken"

key q
ended()
{
	[ -s /tmp/top.exit ]
}
check "q ends it" poll_until 30 ended
is "well" "$(cat /tmp/top.exit; cat /tmp/top.err)" 0
is "its instance is gone" \
	"$(cd /sys/kernel/tracing/instances && echo vcpu_info.*)" 'vcpu_info.*'
tap_end
