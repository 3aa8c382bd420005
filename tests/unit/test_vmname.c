// SPDX-License-Identifier: GPL-2.0
/*
 * Names of VMs from command lines.
 */
#include "unit.h"

#include "vm/command-line.h"

static void names(void **state)
{
	static const struct {
		const char *words;	/* each ends with a bar */
		const char *vmm;
		const char *name;
	} tests[] = {
		{ "qemu-system-x86_64|-name|web|", "qemu", "web" },
		{ "/usr/bin/qemu-system-x86_64|-name|guest=web1,debug-threads=on|-S|",
		  "qemu", "web1" },
		{ "qemu|--name|web,process=x|", "qemu", "web" },
		{ "qemu|-name|debug-threads=on,guest=a,,b|", "qemu", "a,b" },
		{ "qemu|-name|a b (c)|", "qemu", "a b (c)" },
		{ "qemu|-name|debug-threads=on|", "qemu", "" },
		{ "qemu|-m|1G|", "qemu", "" },
		{ "qemu|-name|", "qemu", "" },
		{ "qemu|-names|x|", "qemu", "" },
		{ "/usr/libexec/qemu-kvm|-name|rh|", "qemu", "rh" },
		{ "kvm|-name|deb|", "qemu", "deb" },
		{ "cloud-hypervisor|--api-socket|/run/vm/one.sock|",
		  "cloud-hypervisor", "one" },
		{ "cloud-hypervisor|--api-socket=path=/run/two|",
		  "cloud-hypervisor", "two" },
		{ "/srv/jailer/firecracker|--id|551e7604|--start-time-us|1|",
		  "firecracker", "551e7604" },
		{ "firecracker-v1.7|--id=fc1|", "firecracker", "fc1" },
		/* as libvirt starts it, in the order it has */
		{ "/usr/bin/qemu-system-x86_64|-name|guest=debian 12 (web),debug-threads=on|-S|-object|{\"qom-type\":\"secret\",\"id\":\"masterKey0\"}|-machine|pc-q35-7.2,usb=off|-accel|kvm|-uuid|4dea22b3-1d52-d8f3-2516-782e98ab3fa0|",
		  "qemu", "debian 12 (web)" },
		{ "cloud-hypervisor|--kernel|vmlinux|--cpus|boot=4|",
		  "cloud-hypervisor", "" },
		{ "firecracker|--no-api|--config-file|vm.json|",
		  "firecracker", "" },
		{ "crosvm|run|--name|c|", "crosvm", "c" },
		{ "lkvm|run|--name|k|", "kvmtool", "k" },
		{ "myvmm|-name|x|", NULL, "" },
		{ "", NULL, "" },
		{ "qemu|-name|we", "qemu", "" },
		{ "qemu", NULL, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		size_t len = strlen(tests[i].words);
		struct command_line vm;
		char line[400];

		strcpy(line, tests[i].words);
		for (char *p = line; (p = strchr(p, '|')); p++)
			*p = '\0';
		command_line_parse(&vm, line, len);
		if (tests[i].vmm)
			assert_string_equal(vm.vmm, tests[i].vmm);
		else
			assert_null(vm.vmm);
		assert_string_equal(vm.name, tests[i].name);
	}
}

static void name_that_is_too_long(void **state)
{
	char line[3000] = "qemu\0-name\0guest=";
	struct command_line vm;

	(void)state;
	memset(line + 17, 'x', 2000);
	command_line_parse(&vm, line, sizeof(line));
	assert_int_equal(strlen(vm.name), sizeof(vm.name) - 1);
	/* it is found by all of it */
	assert_true(text_names(line + 17, vm.name));
	/* and not cut inside a character */
	memcpy(line + 17 + sizeof(vm.name) - 2, "\303\251", 2);
	command_line_parse(&vm, line, sizeof(line));
	assert_int_equal(strlen(vm.name), sizeof(vm.name) - 2);
	assert_true(text_names(line + 17, vm.name));
}

static void uuids(void **state)
{
	static const struct {
		const char *words;
		const char *uuid;
	} tests[] = {
		{ "qemu|-uuid|4dea22b3-1d52-d8f3-2516-782e98ab3fa0|-name|a|",
		  "4dea22b3-1d52-d8f3-2516-782e98ab3fa0" },
		{ "kvm|-name|-uuid|--uuid=4DEA22B3-1d52-d8f3-2516-782e98ab3fa0|",
		  "4DEA22B3-1d52-d8f3-2516-782e98ab3fa0" },
		{ "qemu|-uuid|4dea22b3-1d52-d8f3-2516-782e98ab3fa|", "" },
		{ "qemu|-uuid|4dea22b3x1d52-d8f3-2516-782e98ab3fa0|", "" },
		{ "qemu|-uuid|4dea22b3-1d52-d8f3-2516-782e98ab3f\"0|", "" },
		{ "qemu|-uuid|", "" },
		{ "crosvm|-uuid|4dea22b3-1d52-d8f3-2516-782e98ab3fa0|", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		size_t len = strlen(tests[i].words);
		struct command_line vm;
		char line[100];

		strcpy(line, tests[i].words);
		for (char *p = line; (p = strchr(p, '|')); p++)
			*p = '\0';
		command_line_parse(&vm, line, len);
		assert_string_equal(vm.uuid, tests[i].uuid);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names), cmocka_unit_test(uuids),
		cmocka_unit_test(name_that_is_too_long),
	};

	return cmocka_run_group_tests_name("vmname", tests, NULL, NULL);
}
