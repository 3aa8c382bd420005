// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "vm/command-line.h"

/* The arguments, walked over from the front. */
struct words {
	const char *next;
	const char *end;
};

/* The next argument; NULL after the last, or at one that is cut off. */
static const char *next_word(struct words *words)
{
	const char *word = words->next;
	const char *nul;

	nul = word < words->end ?
	      memchr(word, '\0', words->end - word) : NULL;
	if (!nul)
		return NULL;
	words->next = nul + 1;
	return word;
}

static void copy_name(struct command_line *vm, const char *name, size_t len)
{
	char *copy = strndup(name, len);

	text_copy(vm->name, sizeof(vm->name), copy ?: "");
	free(copy);
}

static void plain_name(struct command_line *vm, const char *value)
{
	copy_name(vm, value, strlen(value));
}

/* A socket's path stands for a name: its last part, without ".sock". */
static void socket_name(struct command_line *vm, const char *value)
{
	const char *slash;
	size_t len;

	if (!strncmp(value, "path=", 5))
		value += 5;
	slash = strrchr(value, '/');
	if (slash)
		value = slash + 1;
	len = strcspn(value, ",");
	if (len > 5 && !strncmp(value + len - 5, ".sock", 5))
		len -= 5;
	copy_name(vm, value, len);
}

/*
 * "NAME", "NAME,KEY=VALUE,..." or "guest=NAME,...", in which ",," stands for a
 * comma.
 */
static void qemu_name(struct command_line *vm, const char *value)
{
	bool first = true;

	while (*value) {
		char part[sizeof("guest=") + sizeof(vm->name)];
		size_t len = 0;

		for (; *value && (*value != ',' || value[1] == ','); value++) {
			if (*value == ',')
				value++;
			if (len + 1 < sizeof(part))
				part[len++] = *value;
		}
		part[len] = '\0';
		if (!strncmp(part, "guest=", 6))
			plain_name(vm, part + 6);
		else if (first && !strchr(part, '='))
			plain_name(vm, part);
		first = false;
		value += *value == ',';
	}
}

/* Eight hexadecimal digits, three times four, twelve; anything else is none. */
static void qemu_uuid(struct command_line *vm, const char *value)
{
	size_t len = strlen(value);

	if (len + 1 != sizeof(vm->uuid))
		return;
	for (size_t i = 0; i < len; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? value[i] != '-' : !isxdigit((unsigned char)value[i]))
			return;
	}
	memcpy(vm->uuid, value, sizeof(vm->uuid));
}

/* VMMs by how their program's name starts, and the option with the name. */
static const struct vmm {
	const char *program;
	const char *kind;
	const char *option;
	void (*take)(struct command_line *vm, const char *value);
} vmms[] = {
	{ "qemu", "qemu", "name", qemu_name },
	{ "kvm", "qemu", "name", qemu_name },
	{ "cloud-hypervisor", "cloud-hypervisor", "api-socket", socket_name },
	{ "firecracker", "firecracker", "id", plain_name },
	{ "crosvm", "crosvm", "name", plain_name },
	{ "lkvm", "kvmtool", "name", plain_name },
};

static const struct vmm *find_vmm(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *program = slash ? slash + 1 : path;

	for (size_t i = 0; i < ARRAY_SIZE(vmms); i++) {
		if (!strncmp(program, vmms[i].program,
			     strlen(vmms[i].program)))
			return &vmms[i];
	}
	return NULL;
}

/* "-name X", "--name X" or "--name=X": X, or NULL for another option */
static const char *option_value(struct words *words, const char *word,
				const char *option)
{
	size_t len = strlen(option);

	if (word[0] != '-')
		return NULL;
	word += 1 + (word[1] == '-');
	if (strncmp(word, option, len))
		return NULL;
	if (word[len] == '=')
		return word + len + 1;
	return word[len] ? NULL : next_word(words);
}

void command_line_parse(struct command_line *vm, const char *cmdline,
			size_t len)
{
	struct words words = { cmdline, cmdline + len };
	const char *word = next_word(&words);
	const struct vmm *vmm = word ? find_vmm(word) : NULL;

	*vm = (struct command_line){ 0 };
	if (!vmm)
		return;
	vm->vmm = vmm->kind;
	while ((word = next_word(&words))) {
		const char *value = option_value(&words, word, vmm->option);

		if (value) {
			vmm->take(vm, value);
			continue;
		}
		if (vmm->take == qemu_name)
			value = option_value(&words, word, "uuid");
		if (value)
			qemu_uuid(vm, value);
	}
}
