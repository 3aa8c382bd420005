// SPDX-License-Identifier: GPL-2.0
/*
 * Files with a guest kernel's symbols: a copy of its /proc/kallsyms or its
 * vmlinux. Both may be made by the guest, so they are parsed in a child without
 * privileges, which sends what it finds.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <gelf.h>

#include "exit.h"
#include "msg.h"
#include "sandbox.h"
#include "symbols.h"

/* A copy of /proc/kallsyms: "ADDRESS TYPE NAME" and for modules "\t[MODULE]". */

/* Far more than any kernel has. */
#define MAX_SIZE (256 << 20)

#define MAX_LINE 1024

/* One run over a file. */
struct loading {
	struct symbol_file *file;
	unsigned long line;
	unsigned long functions;
	bool any_address;
};

static bool bad_line(const struct loading *load, const char *why)
{
	msg_error("%s: line %lu %s", load->file->path, load->line, why);
	msg_hint("It must be a copy of the guest's /proc/kallsyms.");
	return false;
}

/* "ffffffff81000000 T _stext": 16 digits, or 8 of a 32-bit guest */
static bool take_line(struct loading *load, char *line)
{
	size_t digits = strspn(line, "0123456789abcdef");
	char *name = line + digits + 3;
	unsigned long long address;
	char type;

	if ((digits != 16 && digits != 8) || line[digits] != ' ' ||
	    !isalpha((unsigned char)line[digits + 1]) ||
	    line[digits + 2] != ' ' || !isgraph((unsigned char)*name))
		return bad_line(load, "is not \"ADDRESS TYPE NAME\"");
	address = strtoull(line, NULL, 16);
	type = tolower((unsigned char)line[digits + 1]);
	load->any_address |= address;
	name[strcspn(name, "\t ")] = '\0';
	/* only code: data just ends what is before it */
	if (type != 't' && type != 'w')
		return symbol_file_add(load->file, NULL, address, 0, 0);
	load->functions++;
	return symbol_file_add(load->file, name, address, 0, UINT64_MAX);
}

static bool take_lines(struct loading *load, FILE *f)
{
	char line[MAX_LINE];
	size_t total = 0;

	while (fgets(line, sizeof(line), f)) {
		size_t len = strlen(line);

		load->line++;
		total += len;
		if (total > MAX_SIZE)
			return bad_line(load,
					"is past any kernel's last symbol");
		if (!len || line[len - 1] != '\n')
			return bad_line(load,
					feof(f) ? "is cut off" : "is too long");
		line[len - 1] = '\0';
		/* copied by way of another system */
		if (len > 1 && line[len - 2] == '\r')
			line[len - 2] = '\0';
		if (!take_line(load, line))
			return false;
	}
	if (!ferror(f))
		return true;
	msg_error("cannot read %s: %s", load->file->path, strerror(errno));
	return false;
}

static bool is_useful(const struct loading *load)
{
	if (load->functions && load->any_address)
		return true;
	if (load->functions) {
		msg_error("%s: all addresses are 0", load->file->path);
		msg_hint("Copy /proc/kallsyms as root of the guest, with kernel.kptr_restrict below 2.");
	} else {
		msg_error("%s: there is no function in it", load->file->path);
		msg_hint("It must be a copy of the guest's /proc/kallsyms.");
	}
	return false;
}

static bool load_kallsyms(struct symbol_file *file, int fd)
{
	struct loading load = { .file = file };
	int copy = dup(fd);
	FILE *f = copy < 0 ? NULL : fdopen(copy, "r");
	bool ok;

	if (!f) {
		msg_error("cannot read %s: %s", file->path, strerror(errno));
		if (copy >= 0)
			close(copy);
		return false;
	}
	ok = take_lines(&load, f) && is_useful(&load);
	fclose(f);
	return ok;
}

/* The ELF file of a kernel. */

static bool bad_file(const struct symbol_file *file, const char *what)
{
	msg_error("%s: %s", file->path, what);
	msg_hint("It must be the guest kernel's vmlinux, with symbols (Debian: linux-image-...-dbg).");
	return false;
}

static Elf_Scn *find_symbols(Elf *elf, GElf_Shdr *header)
{
	Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf, section))) {
		if (gelf_getshdr(section, header) &&
		    header->sh_type == SHT_SYMTAB)
			return section;
	}
	return NULL;
}

/* Sets *end to that of its section. */
static bool is_code(Elf *elf, const GElf_Sym *sym, uint64_t *end)
{
	Elf_Scn *section = elf_getscn(elf, sym->st_shndx);
	int type = GELF_ST_TYPE(sym->st_info);
	GElf_Shdr header;

	/* assembly may leave the type out */
	if ((type != STT_FUNC && type != STT_NOTYPE) || !section ||
	    !gelf_getshdr(section, &header) ||
	    !(header.sh_flags & SHF_EXECINSTR))
		return false;
	*end = header.sh_addr + header.sh_size;
	if (sym->st_value >= *end)	/* a linker script may put it anywhere */
		*end = UINT64_MAX;
	return true;
}

/*
 * KASLR moves a kernel up, by steps that it is aligned to. The greatest offset
 * on x86-64 is below KERNEL_IMAGE_SIZE.
 */
static bool check_offset(const struct symbol_file *file, int machine)
{
	const uint64_t step = machine == EM_386 ? 0x2000 : 0x200000;
	const uint64_t limit = 1 << 30;

	if (file->offset < limit && !(file->offset % step))
		return true;
	if (file->known)
		msg_error("--kaslr-offset: %s is at 0x%" PRIx64 " in %s, so this is not where KASLR can have put it",
			  file->known, file->known_address - file->offset,
			  file->path);
	else
		msg_error("--kaslr-offset: 0x%" PRIx64 " is not an offset that KASLR can choose",
			  file->offset);
	msg_hint("Offsets are multiples of 0x%" PRIx64 " below 0x%" PRIx64 ".",
		 step, limit);
	return false;
}

static bool take_symbols(struct symbol_file *file, Elf *elf, Elf_Data *data,
			 const GElf_Shdr *header)
{
	bool known = !file->known;
	unsigned long nr = 0;
	uint64_t end = 0;
	GElf_Sym sym;

	for (int i = 0; gelf_getsym(data, i, &sym); i++) {
		const char *name = elf_strptr(elf, header->sh_link,
					      sym.st_name);

		if (!name)
			return bad_file(file, "it is damaged or cut off");
		if (!known && !strcmp(name, file->known)) {
			file->offset = file->known_address - sym.st_value;
			known = true;
		}
		if (!name[0] || !is_code(elf, &sym, &end))
			continue;
		nr++;
		if (!symbol_file_add(file, name, sym.st_value, sym.st_size,
				     end))
			return false;
	}
	if (!nr)
		return bad_file(file, "there is no function in it");
	if (known)
		return true;
	msg_error("%s has no symbol %s, which --kaslr-offset names",
		  file->path, file->known);
	return false;
}

static bool load_elf(struct symbol_file *file, Elf *elf)
{
	GElf_Shdr header;
	Elf_Scn *section;
	Elf_Data *data;
	GElf_Ehdr ehdr;

	if (!elf || elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &ehdr))
		return bad_file(file, "it is not an ELF file");
	if (ehdr.e_machine != EM_X86_64 && ehdr.e_machine != EM_386)
		return bad_file(file, "it is not for x86");
	section = find_symbols(elf, &header);
	if (!section)
		return bad_file(file, "it has no symbols, or is cut off");
	data = elf_getdata(section, NULL);
	if (!data || !data->d_size)
		return bad_file(file, "it is damaged or cut off");
	return take_symbols(file, elf, data, &header) &&
	       check_offset(file, ehdr.e_machine);
}

static bool load_vmlinux(struct symbol_file *file, int fd)
{
	Elf *elf;
	bool ok;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	ok = load_elf(file, elf);
	elf_end(elf);
	return ok;
}

bool symbol_file_parse(struct symbol_file *file, int fd)
{
	return file->kind == SYMBOLS_KALLSYMS ? load_kallsyms(file, fd) :
						load_vmlinux(file, fd);
}

/* From the child to its parent, which does not believe it either. */

#define MAX_NAME 1023

/* What comes before each name; an end has no name, and KASLR's offset. */
struct sent {
	uint64_t address;
	uint64_t end;
	uint16_t name_len;
	bool sized;
	bool last;
};

static void send_symbols(const struct symbol_file *file, FILE *to)
{
	struct sent sent;

	for (size_t i = 0; i < file->nr; i++) {
		const struct symbol *symbol = &file->symbols[i];
		const char *name = symbol->name ?: "";

		memset(&sent, 0, sizeof(sent));
		sent.address = symbol->address;
		sent.end = symbol->end;
		sent.name_len = strnlen(name, MAX_NAME);
		sent.sized = symbol->sized;
		fwrite(&sent, sizeof(sent), 1, to);
		fwrite(name, 1, sent.name_len, to);
	}
	memset(&sent, 0, sizeof(sent));
	sent.address = file->offset;
	sent.last = true;
	fwrite(&sent, sizeof(sent), 1, to);
}

static bool receive_symbols(struct symbol_file *file, FILE *from)
{
	char name[MAX_NAME + 1];
	struct sent sent;
	size_t total = 0;

	while (fread(&sent, sizeof(sent), 1, from) == 1) {
		if (sent.last) {
			file->offset = sent.address;
			return true;
		}
		total += sizeof(sent) + sent.name_len;
		if (sent.name_len > MAX_NAME || total > MAX_SIZE ||
		    fread(name, 1, sent.name_len, from) != sent.name_len)
			return false;
		name[sent.name_len] = '\0';
		if (!symbol_file_add(file, name[0] ? name : NULL, sent.address,
				     sent.sized ? sent.end - sent.address : 0,
				     sent.end))
			return false;
	}
	return false;
}

struct parsing {
	struct symbol_file *file;
	int fd;
	int to;
};

/* In the child. */
static int parse_and_send(void *arg)
{
	const struct parsing *parsing = arg;
	FILE *f = fdopen(parsing->to, "w");

	if (!f || !symbol_file_parse(parsing->file, parsing->fd))
		return EXIT_FAILED;
	send_symbols(parsing->file, f);
	return fflush(f) ? EXIT_FAILED : EXIT_OK;
}

static bool receive(struct symbol_file *file, int fd)
{
	FILE *f = lseek(fd, 0, SEEK_SET) ? NULL : fdopen(fd, "r");
	bool ok = f && receive_symbols(file, f);

	if (f)
		fclose(f);
	else
		close(fd);
	if (!ok)
		msg_error("%s has too many symbols", file->path);
	return ok;
}

/* The two have a file in memory, as the child ends before it is read. */
static bool read_in_child(struct symbol_file *file, int fd)
{
	struct parsing parsing = { file, fd, memfd_create("symbols", MFD_CLOEXEC) };

	if (parsing.to < 0) {
		msg_error("cannot read %s: %s", file->path, strerror(errno));
		return false;
	}
	if (!sandbox_call(parse_and_send, &parsing, file->path))
		return receive(file, parsing.to);
	close(parsing.to);
	return false;
}

bool symbol_file_read(struct symbol_file *file)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	bool ok;

	if (fd < 0) {
		msg_error("cannot open %s: %s", file->path, strerror(errno));
		msg_hint("'vcpu-info symbols VM' prints a running guest's symbols, for --guest-kallsyms.");
		return false;
	}
	ok = read_in_child(file, fd);
	close(fd);
	return ok;
}
