# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
# What profiles say of a guest whose load is known, beside what the guest says of it.
# PROFILE is the profile as JSON, with a frame for each vCPU.

# shellcheck disable=SC2034 # used by whoever makes it
PROFILE=/tmp/profile.json

# What of a vCPU may be of any name, for something about it is not known
UNKNOWN='^.(registers not known|incomplete|task not known)'

# spent VCPU ERE - nanoseconds of stacks of that vCPU with a frame of such a name
spent()
{
	jq -s --arg vcpu "vCPU $1" --arg name "$2" '[.[] | select(.frames and
		.frames[1].name == $vcpu and any(.frames[]; .name | test($name))) |
		.ns] | add // 0' "$PROFILE"
}

# sampled VCPU ERE - how many samples that are
sampled()
{
	jq -s --arg vcpu "vCPU $1" --arg name "$2" '[.[] | select(.frames and
		.frames[1].name == $vcpu and any(.frames[]; .name | test($name))) |
		.samples] | add // 0' "$PROFILE"
}

# unknown VCPU ERE - nanoseconds of those without such a frame, or one of the functions that
# are told apart, in which something is not known, so that it may be missing
unknown()
{
	jq -s --arg vcpu "vCPU $1" --arg name "$2" --arg unknown "$UNKNOWN" '[.[] |
		select(.frames and .frames[1].name == $vcpu and
		any(.frames[]; .name | test($unknown)) and
		all(.frames[]; .name | test($name) or test("^load_[abc] ") | not)) | .ns] | add // 0' "$PROFILE"
}

# share NAME PART ALL VCPU ERE [OF] - whether the share that the guest counts, PART of
# ALL, is what the profile says: ERE's of what OF is (default: all of the vCPU)
#
# SIGMAS times the standard deviation of a share of so many samples is what it may be
# off, or MOST points (if that is set) if it is less.
share()
{
	local name=$1 part=$2 all=$3 vcpu=$4 ere=$5 of=${6:-.} low more='0' total nr line

	low=$(spent "$vcpu" "$ere")
	total=$(spent "$vcpu" "$of")
	nr=$(sampled "$vcpu" "$of")
	[ "$of" != . ] || more=$(unknown "$vcpu" "$ere")
	line=$(awk -v name="$name" -v truth="$part" -v all="$all" -v low="$low" \
		-v more="$more" -v total="$total" -v n="$nr" -v sigmas="$SIGMAS" \
		-v most="${MOST:-100}" 'BEGIN {
			p = all ? truth / all : 0
			bound = n ? 100 * sigmas * sqrt(p * (1 - p) / n) : 0
			bound = bound > most ? most : bound
			scale = total ? 100 / total : 0
			high = (low + more) * scale
			low *= scale
			p *= 100
			off = low > p ? low - p : high < p ? p - high : 0
			printf "%s: %.2f%s %% of %d samples, by the guest %.2f %%, off by %.2f, at most %.2f\n",
				name, low, more ? sprintf(" to %.2f", high) : "",
				n, p, off, bound
			exit !(p > 1 && p < 99 && total && off < bound)
		}')
	result $? "$line"
}
