# SPDX-License-Identifier: GPL-2.0
#
# Flags for the programs and their unit tests. The includer sets TOP to the
# root of the tree. CFLAGS, CPPFLAGS, LDFLAGS and LDLIBS are the user's.

PKG_CONFIG	?= pkg-config
CFLAGS		?= -O2 -g

VERSION		:= $(shell cat $(TOP)/VERSION)

HOST_PKGS	:= libtracefs libtraceevent libtracecmd libelf json-c ncursesw libarchive libsystemd \
		   libmicrohttpd gnutls zlib libprotobuf-c yaml-0.1 libcrypt
GUEST_PKGS	:= json-c

# Better than a header that is not found.
MISSING := $(shell for lib in $(if $(filter guest,$(MAKECMDGOALS)),$(GUEST_PKGS),$(HOST_PKGS)); \
	do $(PKG_CONFIG) --exists $$lib || echo $$lib; done)
ifeq ($(filter clean,$(MAKECMDGOALS)),)
ifneq ($(MISSING),)
$(error $(if $(shell $(PKG_CONFIG) --version),missing libraries: $(MISSING),$(PKG_CONFIG) is missing); \
	fix: apt build-dep ./)
endif
endif

# $(call say,CC): "CC FILE" instead of the command, which V=1 prints
ifneq ($(filter 1,$(V))$(findstring s,$(firstword -$(MAKEFLAGS))),)
say	=
else
say	= @printf '  %-6s %s\n' $1 $(patsubst $(BUILD)/%,%,$@);
endif

HOST_LIBS	:= $(shell $(PKG_CONFIG) --libs $(HOST_PKGS))
GUEST_LIBS	:= $(shell $(PKG_CONFIG) --libs $(GUEST_PKGS))

PKG_CFLAGS	:= $(shell $(PKG_CONFIG) --cflags $(HOST_PKGS))

# What protoc-c makes of *.proto; proto.mk has the rule for it.
PROTO		:= $(BUILD)/proto

CLI_CPPFLAGS	= -D_GNU_SOURCE -DVCPU_INFO_VERSION='"$(VERSION)"' \
		  -I$(TOP)/include -I$(TOP)/cli/common \
		  -I$(TOP)/cli/host \
		  -I$(PROTO) $(PKG_CFLAGS) \
		  -MMD -MP $(CPPFLAGS)
CLI_CFLAGS	= -std=gnu11 -Wall -Wextra -Wno-missing-field-initializers \
		  $(CFLAGS)
