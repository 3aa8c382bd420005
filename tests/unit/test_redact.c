// SPDX-License-Identifier: GPL-2.0
/*
 * What 'collect' leaves out of a command line.
 */
#include <unistd.h>

#include "unit.h"

#include "collect/redact.h"

/* command lines as the kernel has them, and what becomes of them */
static void secrets(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *want;
	} cases[] = {
#define CASE(bytes, want)	{ bytes, sizeof(bytes), want }
		CASE("qemu\0-name\0guest=web,debug-threads=on",
		     "qemu\n-name\nguest=web,debug-threads=on\n"),
		CASE("-object\0secret,id=s0,data=aGVs,,bG8=,format=base64",
		     "-object\nsecret,id=s0,data=[removed],format=base64\n"),
		CASE("-spice\0port=5900,password=hunter2,addr=::1",
		     "-spice\nport=5900,password=[removed],addr=::1\n"),
		CASE("--password\0hunter2\0-m\0x",
		     "--password\n[removed]\n-m\nx\n"),
		CASE("-drive\0file=rbd:p/i:id=me:key=AQB0==:auth_supported=x,if=virtio",
		     "-drive\nfile=rbd:p/i:id=me:key=[removed],if=virtio\n"),
		CASE("file=https://me:hunter2@host/disk.qcow2",
		     "file=https://[removed]@host/disk.qcow2\n"),
		CASE("{\"driver\":\"nbd\",\"tls-creds\": \"t\",\"password\": \"a\\\"b,c\",\"x\":1}",
		     "{\"driver\":\"nbd\",\"tls-creds\": \"t\",\"password\": [removed],\"x\":1}\n"),
		CASE("-smbios\0type=11,value=io.systemd.credential:x=y",
		     "-smbios\ntype=11,value=[removed]\n"),
		CASE("-append\0root=/dev/vda token=abc quiet",
		     "-append\nroot=/dev/vda token=[removed]\n"),
		CASE("-fw_cfg\0name=opt/x,string=hunter2",
		     "-fw_cfg\nname=opt/x,string=[removed]\n"),
		CASE("MY_API_KEY=abc\0LUKS_PASSPHRASE='a b' x",
		     "MY_API_KEY=[removed]\nLUKS_PASSPHRASE=[removed]\n"),
		CASE("password=a b&c;d}e,,f,x=1", "password=[removed],x=1\n"),
		CASE("password=,,b,x=1", "password=[removed],x=1\n"),
		CASE("a\033[2Jb\nc", "a?[2Jb?c\n"),
		CASE("password=", "password=\n"),
		CASE("file=https://user:pa,,ss@host/disk.img,if=virtio",
		     "file=https://[removed]@host/disk.img,if=virtio\n"),
		CASE("{\"url\":\"https://user:hun'ter2@host/disk\",\"x\":1}",
		     "{\"url\":\"https://[removed]@host/disk\",\"x\":1}\n"),
		CASE("{\"url\":\"https://user:a,b@host/disk\"}",
		     "{\"url\":\"https://[removed]@host/disk\"}\n"),
		CASE("{\"url\":\"https:\\/\\/user:hunter2@host\\/disk\"}",
		     "{\"url\":\"https:\\/\\/[removed]@host\\/disk\"}\n"),
		CASE("file=https://user:pass/word@host/,if=virtio",
		     "file=https://[removed]@host/,if=virtio\n"),
		CASE("http://user:pw?x@h/", "http://[removed]@h/\n"),
		CASE("http://h/d,x=a@b", "http://h/d,x=a@b\n"),
		CASE("http://h/d http://u:p@h/", "http://h/d http://[removed]@h/\n"),
		CASE("{\"driver\":\"rbd\", \"password\" : \"hunter2\"}",
		     "{\"driver\":\"rbd\", \"password\" : [removed]\n"),
		CASE("password = hunter2", "password =[removed]\n"),
		CASE("{\"cookie\":\"session=hunter2\",\"x\":1}",
		     "{\"cookie\":[removed],\"x\":1}\n"),
		CASE("file.url=https://h/d,file.cookie=vmware_soap_session=hunter2",
		     "file.url=https://h/d,file.cookie=[removed]\n"),
		CASE("file=https://host/d.vhd?sr=b&sig=SIGNATURE%3D,if=virtio",
		     "file=https://host/d.vhd?sr=b&sig=[removed],if=virtio\n"),
		CASE("https://h/d?X-Amz-Signature=abc&x=y",
		     "https://h/d?X-Amz-Signature=[removed]\n"),
		CASE("platform,oem_strings=[hunter2]",
		     "platform,oem_strings=[removed]\n"),
		CASE("{\"cookies\":[\"a\",{\"b\":\"c]\"}],\"x\":1}",
		     "{\"cookies\":[removed],\"x\":1}\n"),
		CASE("secret=[a,b", "secret=[removed]\n"),
		CASE("{\\\"password\\\":\\\"a,b\\\",\\\"x\\\":1}",
		     "{\\\"password\\\":[removed]\n"),
		CASE("{\"p\\u0061ssword\":\"hunter2\"}", "[removed]\n"),
#undef CASE
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);

		redact_command_line(out, cases[i].bytes, cases[i].len - 1);
		fclose(out);
		assert_string_equal(text, cases[i].want);
		free(text);
	}
}

/* An argument too long to be looked at is left out, not cut. */
static void long_argument(void **state)
{
	size_t size, len = 100000;
	char *text = NULL, *bytes = malloc(len);
	FILE *out = open_memstream(&text, &size);

	(void)state;
	memset(bytes, 'a', len);
	redact_command_line(out, bytes, len);
	fclose(out);
	assert_string_equal(text, "[removed]\n");
	free(text);
	free(bytes);
}

/* What a hostile VMM calls itself takes time in proportion to its length. */
static void slow_arguments(void **state)
{
	size_t size, len = 60 * 65000;
	char *text = NULL, *bytes = malloc(len);
	FILE *out = open_memstream(&text, &size);

	(void)state;
	for (size_t i = 0; i < len; i++)
		bytes[i] = i % 65000 == 64999 ? '\0' : "//a"[i % 3];
	alarm(60);
	redact_command_line(out, bytes, len);
	alarm(0);
	fclose(out);
	assert_int_equal(size, len);
	free(text);
	free(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(secrets),
		cmocka_unit_test(long_argument),
		cmocka_unit_test(slow_arguments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
