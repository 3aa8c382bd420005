#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# asked
# silence: 3600
# The profiles of tests/lab/host/48-profile-load.sh in a host whose time is a count of
# instructions, where none of its 99 samples a second is late: for pictures.
# shellcheck disable=SC2034 # for that test
HZ=99 LENGTH=${SECONDS_OF_PROFILE:-5}
echo "@bench profile_load_seconds $LENGTH"
# shellcheck source-path=SCRIPTDIR source=../host/48-profile-load.sh
. /lab/host/48-profile-load.sh
