// SPDX-License-Identifier: GPL-2.0
/*
 * cli/guest: output and exit code of status, exit codes for a device that
 * cannot be opened, and the wrapper in vcpu_info.h.
 */
#include "guest/commands.h"
#include "unit.h"

#include "guest/device.h"
#include "guest/result.h"
#include "support.h"
#include "vcpu_info.h"

static void assert_output(void (*format)(FILE *, const struct status *),
			  const struct status *status, const char *want)
{
	size_t size;
	char *got;
	FILE *out = open_memstream(&got, &size);

	assert_non_null(out);
	format(out, status);
	fclose(out);
	assert_string_equal(got, want);
	free(got);
}

static const struct status answering = {
	.device = "/dev/vcpu-info",
	.kvm_guest = true,
	.module_version = "1.2.3",
	.abi_version = 1,
	.hypercall_nr = 0x56435055,
	.nr_cpus = 4,
};

static void text(void **state)
{
	struct status status = answering;

	(void)state;
	assert_output(format_status, &status,
		      "KVM guest      yes\n"
		      "module         1.2.3\n"
		      "device         /dev/vcpu-info\n"
		      "ABI version    1 (program: 1)\n"
		      "hypercall      0x56435055\n"
		      "CPUs online    4\n"
		      "host           answers\n");
	status.result = -ENOSYS;
	status.hypercall_nr = 0xffffffff;
	assert_output(format_status, &status,
		      "KVM guest      yes\n"
		      "module         1.2.3\n"
		      "device         /dev/vcpu-info\n"
		      "ABI version    1 (program: 1)\n"
		      "hypercall      0xffffffff\n"
		      "CPUs online    4\n"
		      "host           no-host (-38)\n");
}

static void text_without_device(void **state)
{
	const struct status status = { 0 };

	(void)state;
	assert_output(format_status, &status,
		      "KVM guest      no\n"
		      "module         not loaded\n"
		      "device         not usable\n");
}

/* @want has a %s where the program's version is. */
static __printf(2, 0) void assert_json(const struct status *status, const char *want)
{
	char line[512];

	snprintf(line, sizeof(line), want, VCPU_INFO_VERSION);
	assert_output(format_status_json, status, line);
}

static void json(void **state)
{
	const struct status nothing = { 0 };

	(void)state;
	assert_json(&answering,
		    "{\"schema\":1,\"type\":\"status\",\"version\":\"%s\",\"kvm_guest\":true,\"module_version\":\"1.2.3\",\"device\":\"/dev/vcpu-info\",\"program_abi_version\":1,\"abi_version\":1,\"hypercall_nr\":\"0x56435055\",\"cpus_online\":4,\"result\":0,\"result_name\":\"ok\"}\n");
	assert_json(&nothing,
		    "{\"schema\":1,\"type\":\"status\",\"version\":\"%s\",\"kvm_guest\":false,\"module_version\":null,\"device\":null,\"program_abi_version\":1}\n");
}

static int info_ioctl(const struct device *dev, unsigned long cmd, void *arg)
{
	struct vcpu_info_ioc_info *info = arg;

	if (dev->fd < 0)
		return -EINTR;
	assert_true(cmd == VCPU_INFO_IOC_INFO);
	info->abi_version = 7;
	info->hypercall_nr = 0x1000;
	info->nr_cpus = 3;
	info->result = -EACCES;
	return 0;
}

static void asks_the_device(void **state)
{
	static const struct device_ops ops = { .ioctl = info_ioctl };
	struct device dev = { .ops = &ops };
	struct status status = { 0 };

	(void)state;
	assert_int_equal(status_ask(&dev, &status), 0);
	assert_int_equal(status.abi_version, 7);
	assert_int_equal(status.hypercall_nr, 0x1000);
	assert_int_equal(status.nr_cpus, 3);
	assert_int_equal(status.result, -EACCES);
	dev.fd = -1;
	assert_int_equal(status_ask(&dev, &status), -EINTR);
}

static void judges(void **state)
{
	struct status status = answering;

	(void)state;
	assert_int_equal(status_judge(&status), EXIT_OK);
	status.result = -ENOSYS;
	assert_int_equal(status_judge(&status), EXIT_NO_HOST);
	status.result = -EACCES;
	assert_int_equal(status_judge(&status), EXIT_REFUSED);
	status.result = -EAGAIN;
	assert_int_equal(status_judge(&status), EXIT_RATE_LIMITED);
	status.result = 0;
	status.abi_version = 2;
	assert_int_equal(status_judge(&status), EXIT_FAILED);
}

/* The numbers are in the man page; scripts rely on them. */
static void exit_codes(void **state)
{
	(void)state;
	assert_int_equal(EXIT_NO_DEVICE, 3);
	assert_int_equal(EXIT_NO_HOST, 4);
	assert_int_equal(EXIT_REFUSED, 5);
	assert_int_equal(EXIT_RATE_LIMITED, 6);
	assert_int_equal(EXIT_UNKNOWN_ID, 7);
	assert_int_equal(EXIT_NO_PERMISSION, 8);
}

static void open_failures(void **state)
{
	(void)state;
	assert_int_equal(device_open_failed(-ENOENT, "x", true),
			 EXIT_NO_DEVICE);
	assert_int_equal(device_open_failed(-ENODEV, "x", false),
			 EXIT_NO_DEVICE);
	assert_int_equal(device_open_failed(-EACCES, "x", true),
			 EXIT_NO_PERMISSION);
	assert_int_equal(device_open_failed(-EPERM, "x", true),
			 EXIT_NO_PERMISSION);
	assert_int_equal(device_open_failed(-EMFILE, "x", true), EXIT_FAILED);
	assert_int_equal(device_ioctl_failed(-ENOTTY), EXIT_FAILED);
}

static void opens_what_it_is_told(void **state)
{
	struct vcpu_info_ioc_info info;
	struct device dev;

	(void)state;
	assert_int_equal(device_open(&dev, "/nonexistent/vcpu-info"), -ENOENT);
	assert_int_equal(device_open(&dev, "/dev/null"), 0);
	assert_int_equal(dev.ops->ioctl(&dev, VCPU_INFO_IOC_INFO, &info),
			 -ENOTTY);
	device_close(&dev);
}

static void wrapper_without_device(void **state)
{
	(void)state;
	if (!access(VCPU_INFO_DEV_PATH, F_OK))
		skip();
	errno = ERANGE;
	assert_int_equal(vcpu_info(0), -ENOENT);
	assert_int_equal(errno, ERANGE);
	assert_int_equal(vcpu_info_mark(0), -ENOENT);
	assert_int_equal(errno, ERANGE);
}

static void version_of_the_module(void **state)
{
	static const char path[] = "/sys/module/vcpu_info_guest/version";
	char *root = tree_make();

	(void)state;
	assert_null(status_module_version(root));
	tree_write(root, path, "1.2.3\n");
	assert_string_equal(status_module_version(root), "1.2.3");
	tree_write(root, path, "4");
	assert_string_equal(status_module_version(root), "4");
	tree_write(root, path, "%s", "");
	assert_string_equal(status_module_version(root), "");
	tree_remove(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text),
		cmocka_unit_test(text_without_device),
		cmocka_unit_test(json),
		cmocka_unit_test(asks_the_device),
		cmocka_unit_test(judges),
		cmocka_unit_test(exit_codes),
		cmocka_unit_test(open_failures),
		cmocka_unit_test(opens_what_it_is_told),
		cmocka_unit_test(version_of_the_module),
		cmocka_unit_test(wrapper_without_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
