#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# next-version.sh DIR - make of a copy of the sources the version after theirs,
# for tests of upgrades
set -eu

cd "$1"
old=$(cat VERSION)
next=${old%.*}.$((${old##*.} + 1))
for file in VERSION man/*.[1-9] debian/changelog; do
	sed -i "s/\b${old//./\\.}\b/$next/" "$file"
done
