# SPDX-License-Identifier: GPL-2.0
# Finds out by trial what the kernel has, for distributions backport: a version
# alone does not tell. Where probe/NAME.c compiles, NAME is defined for the
# compiler as COMPAT_HAVE_NAME, in capitals; only module/compat may ask for it.
compat := $(src)/../compat

# Not when cleaning.
ifdef CONFIG_MODULES

# KBUILD_CFLAGS turns a call of an unknown function into an error only where
# the compiler does not.
compat-compiles = $(shell $(CC) $(NOSTDINC_FLAGS) $(LINUXINCLUDE) \
	-include $(srctree)/include/linux/compiler_types.h \
	$(KBUILD_CPPFLAGS) $(KBUILD_CFLAGS) -DMODULE -DKBUILD_MODNAME='"probe"' \
	-DKBUILD_BASENAME='"probe"' -Wno-error \
	-Werror=implicit-function-declaration -fsyntax-only \
	$(compat)/probe/$(1).c >/dev/null 2>&1 && echo y)

compat-flag = $(if $(call compat-compiles,$(1)), \
	-DCOMPAT_HAVE_$(shell echo $(1) | tr a-z A-Z))

# This one compiles everywhere. If not, the others prove nothing.
ifeq ($(call compat-compiles,control),)
ifdef CONFIG_CC_IS_CLANG
$(error vcpu-info: this kernel was compiled by clang, and $(strip $(CC)) cannot compile for it: install clang, lld and llvm, and build with LLVM=1)
endif
$(error vcpu-info: cannot compile for this kernel; try: $(MAKE) W=1 V=1, and look for a missing compiler or headers)
endif

compat-probes := $(patsubst $(compat)/probe/%.c,%,$(wildcard $(compat)/probe/*.c))
ccflags-y += $(foreach name,$(filter-out control,$(compat-probes)),$(call compat-flag,$(name)))

endif
