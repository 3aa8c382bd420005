# SPDX-License-Identifier: GPL-2.0
#
# Code that is made of *.proto, for all that compile what includes it: into $(PROTO),
# before anything else. Included at the end, after flags.mk and the first target.

PROTOC_C	?= protoc-c

$(PROTO)/%.pb-c.c $(PROTO)/%.pb-c.h &: $(TOP)/cli/host/profile/%.proto
	@mkdir -p $(PROTO)
	$(call say,PROTOC)$(PROTOC_C) --c_out=$(PROTO) --proto_path=$(<D) $<
