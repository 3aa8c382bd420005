// SPDX-License-Identifier: GPL-2.0
/*
 * The ELF file of a guest's kernel, with its symbols.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <gelf.h>

#include "msg.h"
#include "symbols.h"

static bool bad_file(const struct symbol_file *file, const char *what)
{
	msg_error("%s: %s", file->path, what);
	msg_hint("It has to be the guest kernel's vmlinux, with symbols (Debian: linux-image-...-dbg).");
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

static bool is_code(Elf *elf, const GElf_Sym *sym)
{
	Elf_Scn *section = elf_getscn(elf, sym->st_shndx);
	int type = GELF_ST_TYPE(sym->st_info);
	GElf_Shdr header;

	/* assembly may leave the type out */
	return (type == STT_FUNC || type == STT_NOTYPE) && section &&
	       gelf_getshdr(section, &header) &&
	       header.sh_flags & SHF_EXECINSTR;
}

static bool take_symbols(struct symbol_file *file, Elf *elf, Elf_Data *data,
			 const GElf_Shdr *header)
{
	bool known = !file->known;
	unsigned long nr = 0;
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
		if (!name[0] || !is_code(elf, &sym))
			continue;
		nr++;
		symbol_file_add(file, name, sym.st_value);
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
	return take_symbols(file, elf, data, &header);
}

bool vmlinux_load(struct symbol_file *file)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	Elf *elf;
	bool ok;

	if (fd < 0) {
		msg_error("cannot open %s: %s", file->path, strerror(errno));
		return false;
	}
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	ok = load_elf(file, elf);
	elf_end(elf);
	close(fd);
	return ok;
}
