// SPDX-License-Identifier: GPL-2.0
/*
 * Symbols of guests' kernels, from text and from ELF files made here.
 */
#include <elf.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "support.h"
#include "symbols.h"

#define STEXT	0xffffffff81000000ULL

static const char kallsyms[] =
	"0000000000000000 A fixed_percpu_data\n"
	"0000000000001000 A cpu_debug_store\n"
	"ffffffff81000000 T _stext\n"
	"ffffffff81000000 T _text\n"
	"ffffffff81001000 t do_idle\n"
	"ffffffff81001100 W weak_one\n"
	"ffffffff81001200 D some_data\n"
	"ffffffff81002000 T _etext\n"
	"ffffffffc0200000 t hc_run\t[hc_test]\n";

struct load {
	struct symbols *symbols;
};

static int run_load(void *arg)
{
	struct load *load = arg;

	return symbols_load(load->symbols);
}

static int setup(void **state)
{
	*state = tree_make();
	return 0;
}

static int teardown(void **state)
{
	tree_remove(*state);
	return 0;
}

static void add(struct symbols *symbols, enum symbol_kind kind,
		const char *root, const char *name)
{
	char path[PATH_MAX];
	char err[200];

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_true(symbols_add(symbols, kind, path, err, sizeof(err)));
}

static void expect(const struct symbols *symbols, const char *vm,
		   uint64_t address, const char *name, uint64_t offset)
{
	uint64_t got = 0;
	const char *found = symbols_find(symbols, 100, 10, vm, "qemu",
					 address, &got);

	if (!name) {
		assert_null(found);
		return;
	}
	assert_non_null(found);
	assert_string_equal(found, name);
	assert_true(got == offset);
}

static void kallsyms_names(void **state)
{
	struct symbols symbols = { 0 };

	tree_write(*state, "/a", "%s", kallsyms);
	add(&symbols, SYMBOLS_KALLSYMS, *state, "/a");
	assert_true(symbols_load(&symbols));
	expect(&symbols, NULL, STEXT + 0x1000, "do_idle", 0);
	expect(&symbols, NULL, STEXT + 0x10ff, "do_idle", 0xff);
	expect(&symbols, NULL, STEXT + 0x1100, "weak_one", 0);
	expect(&symbols, NULL, 0xffffffffc0200010, "hc_run", 0x10);
	/* neither data nor what is far from all code */
	expect(&symbols, NULL, 0, NULL, 0);
	expect(&symbols, NULL, 0x1010, NULL, 0);
	expect(&symbols, NULL, STEXT - 1, NULL, 0);
	expect(&symbols, NULL, STEXT + 0x2000 + (1 << 20), NULL, 0);
	expect(&symbols, NULL, UINT64_MAX, NULL, 0);
	symbols_free(&symbols);
}

/* Nothing is in what only marks an end, nor in data or a gap. */
static void kallsyms_gaps(void **state)
{
	struct symbols symbols = { 0 };

	tree_write(*state, "/a",
		   "ffffffff80fe0000 T __sched_text_end\n"
		   "ffffffff80fe0000 t after_an_end\n"
		   "ffffffff80ff0000 T last_func\n"
		   "ffffffff80ff8000 T _etext\n"
		   "ffffffff80ffc000 R __start_rodata\n"
		   "ffffffffc0100000 t same\t[one]\n"
		   "ffffffffc0100100 d data\t[one]\n"
		   "ffffffffc0200000 t same\t[two]\n");
	add(&symbols, SYMBOLS_KALLSYMS, *state, "/a");
	assert_true(symbols_load(&symbols));
	expect(&symbols, NULL, 0xffffffff80fe0001, "after_an_end", 1);
	expect(&symbols, NULL, 0xffffffff80ff7fff, "last_func", 0x7fff);
	expect(&symbols, NULL, 0xffffffff80ff8000, NULL, 0);
	expect(&symbols, NULL, 0xffffffff81000000, NULL, 0);
	/* of two modules each has its own */
	expect(&symbols, NULL, 0xffffffffc01000ff, "same", 0xff);
	expect(&symbols, NULL, 0xffffffffc0100100, NULL, 0);
	expect(&symbols, NULL, 0xffffffffc0200010, "same", 0x10);
	expect(&symbols, NULL, 0xffffffffc0210000, NULL, 0);
	symbols_free(&symbols);
}

static void kallsyms_of_another_system(void **state)
{
	struct symbols symbols = { 0 };

	tree_write(*state, "/a",
		   "ffffffff81000000 T _stext\r\n"
		   "ffffffffc0100000 t in_module\t[m]\r\n");
	add(&symbols, SYMBOLS_KALLSYMS, *state, "/a");
	assert_true(symbols_load(&symbols));
	expect(&symbols, NULL, STEXT, "_stext", 0);
	expect(&symbols, NULL, 0xffffffffc0100000, "in_module", 0);
	symbols_free(&symbols);
}

static int note_useless(void *arg)
{
	symbols_note_useless(arg);
	return 0;
}

/* A file that fits nothing is said to; addresses of programs do not count. */
static void file_that_fits_nothing(void **state)
{
	struct symbols symbols = { 0 };
	struct captured cap;

	tree_write(*state, "/a", "%s", kallsyms);
	add(&symbols, SYMBOLS_KALLSYMS, *state, "/a");
	add(&symbols, SYMBOLS_KALLSYMS, *state, "/a@other");
	assert_true(symbols_load(&symbols));
	expect(&symbols, NULL, 0x401000, NULL, 0);
	cap = capture(note_useless, &symbols);
	assert_string_equal(cap.err, "");
	captured_free(&cap);
	expect(&symbols, NULL, 0xffffffff90000000, NULL, 0);
	expect(&symbols, NULL, 0xffffffff90001000, NULL, 0);
	cap = capture(note_useless, &symbols);
	assert_non_null(strstr(cap.err, "/a names none of the 2 kernel addresses"));
	assert_null(strstr(strstr(cap.err, "names none") + 1, "names none"));
	captured_free(&cap);
	expect(&symbols, NULL, STEXT, "_stext", 0);
	cap = capture(note_useless, &symbols);
	assert_string_equal(cap.err, "");
	captured_free(&cap);
	symbols_free(&symbols);
}

static void each_vm_has_its_own(void **state)
{
	struct symbols symbols = { 0 };

	tree_write(*state, "/a", "%s", kallsyms);
	tree_write(*state, "/b", "ffffffff81000000 T other\n");
	add(&symbols, SYMBOLS_KALLSYMS, *state, "/b@web");
	add(&symbols, SYMBOLS_KALLSYMS, *state, "/a@100:10");
	assert_true(symbols_load(&symbols));
	expect(&symbols, "web", STEXT + 1, "other", 1);
	expect(&symbols, "db", STEXT + 0x1001, "do_idle", 1);
	expect(&symbols, NULL, STEXT + 0x1001, "do_idle", 1);
	symbols_free(&symbols);
}

static void bad_kallsyms(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} bad[] = {
		{ "", "there is no function" },
		{ "\177ELF\n", "line 1 is not" },
		{ "ffffffff81000000 T _stext\nffffffff8100", "line 2 is cut off" },
		{ "ffffffff81000000 T _stext\nffffffff8100\n", "line 2 is not" },
		{ "ffffffff81000000 T \n", "line 1 is not" },
		{ "ffffffff81000000T _stext\n", "line 1 is not" },
		{ "0000000000000000 T _stext\n0000000000000000 t x\n",
		  "all addresses are 0" },
		{ "ffffffff81000000 D data\n", "there is no function" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct symbols symbols = { 0 };
		struct load load = { &symbols };
		struct captured cap;

		tree_write(*state, "/bad", "%s", bad[i].text);
		add(&symbols, SYMBOLS_KALLSYMS, *state, "/bad");
		cap = capture(run_load, &load);
		assert_false(cap.ret);
		assert_non_null(strstr(cap.err, bad[i].says));
		captured_free(&cap);
		symbols_free(&symbols);
	}
}

/* An ELF file with one section of code and a few symbols. */
struct elf_file {
	Elf64_Ehdr header;
	Elf64_Shdr sections[4];		/* none, .text, .symtab, .strtab */
	Elf64_Sym symbols[4];
	char strings[32];
};

static struct elf_file elf_file(void)
{
	struct elf_file elf = {
		.header = {
			.e_ident = { 0x7f, 'E', 'L', 'F', ELFCLASS64,
				     ELFDATA2LSB, EV_CURRENT },
			.e_type = ET_EXEC, .e_machine = EM_X86_64,
			.e_version = EV_CURRENT,
			.e_shoff = offsetof(struct elf_file, sections),
			.e_ehsize = sizeof(Elf64_Ehdr),
			.e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 4,
			.e_shstrndx = 3,
		},
		.sections = {
			{ 0 },
			{ .sh_type = SHT_NOBITS, .sh_addr = STEXT,
			  .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
			  .sh_size = 0x2000 },
			{ .sh_type = SHT_SYMTAB, .sh_link = 3,
			  .sh_offset = offsetof(struct elf_file, symbols),
			  .sh_size = sizeof(elf.symbols),
			  .sh_entsize = sizeof(Elf64_Sym) },
			{ .sh_type = SHT_STRTAB,
			  .sh_offset = offsetof(struct elf_file, strings),
			  .sh_size = sizeof(elf.strings) },
		},
		.symbols = {
			{ 0 },
			{ .st_name = 1, .st_shndx = 1, .st_value = STEXT,
			  .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE) },
			{ .st_name = 8, .st_shndx = 1,
			  .st_value = STEXT + 0x1000,
			  .st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC) },
			{ .st_name = 16, .st_shndx = SHN_ABS, .st_value = 5,
			  .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT) },
		},
		.strings = "\0_stext\0do_idle\0label_x",
	};

	return elf;
}

static void vmlinux_names(void **state)
{
	struct elf_file elf = elf_file();
	static const struct {
		const char *offset;
		uint64_t add;
	} runs[] = {
		{ NULL, 0 },
		{ "0x1c000000", 0x1c000000 },
		{ "_stext=0xffffffff9d000000", 0x1c000000 },
		{ "do_idle=0xffffffff81001000", 0 },
	};

	tree_bytes(*state, "/vmlinux", &elf, sizeof(elf));
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		struct symbols symbols = { 0 };
		uint64_t more = runs[i].add;
		char err[200];

		add(&symbols, SYMBOLS_VMLINUX, *state, "/vmlinux");
		if (runs[i].offset)
			assert_true(symbols_set_offset(&symbols,
						       runs[i].offset, err,
						       sizeof(err)));
		assert_true(symbols_load(&symbols));
		expect(&symbols, NULL, STEXT + more, "_stext", 0);
		expect(&symbols, NULL, STEXT + more + 0x1234, "do_idle",
		       0x234);
		expect(&symbols, NULL, 5, NULL, 0);
		symbols_free(&symbols);
	}
}

/* Where sizes are known nothing is in a gap; what encloses an address has it. */
static void vmlinux_sizes(void **state)
{
	struct elf_file elf = elf_file();
	struct symbols symbols = { 0 };

	elf.symbols[1].st_size = 0x100;		/* _stext */
	elf.symbols[2].st_value = STEXT + 0x20;	/* do_idle, inside */
	elf.symbols[2].st_size = 0x10;
	elf.symbols[3].st_shndx = 1;		/* label_x, without a size */
	elf.symbols[3].st_value = STEXT + 0x1f00;
	elf.symbols[3].st_info = ELF64_ST_INFO(STB_GLOBAL, STT_NOTYPE);
	tree_bytes(*state, "/vmlinux", &elf, sizeof(elf));
	add(&symbols, SYMBOLS_VMLINUX, *state, "/vmlinux");
	assert_true(symbols_load(&symbols));
	expect(&symbols, NULL, STEXT + 0x1f, "_stext", 0x1f);
	expect(&symbols, NULL, STEXT + 0x2f, "do_idle", 0xf);
	expect(&symbols, NULL, STEXT + 0x30, "_stext", 0x30);
	expect(&symbols, NULL, STEXT + 0xff, "_stext", 0xff);
	expect(&symbols, NULL, STEXT + 0x100, NULL, 0);
	/* to the end of its section */
	expect(&symbols, NULL, STEXT + 0x1fff, "label_x", 0xff);
	expect(&symbols, NULL, STEXT + 0x2000, NULL, 0);
	symbols_free(&symbols);
	/* one that is outside it */
	elf.symbols[3].st_value = STEXT + 0x2100;
	tree_bytes(*state, "/vmlinux", &elf, sizeof(elf));
	add(&symbols, SYMBOLS_VMLINUX, *state, "/vmlinux");
	assert_true(symbols_load(&symbols));
	expect(&symbols, NULL, STEXT + 0x2110, "label_x", 0x10);
	symbols_free(&symbols);
}

/* Whoever made the file gets no further than a child that may do little. */
static void a_child_parses(void **state)
{
	static const char * const files[] = { "/vmlinux", "/kallsyms" };
	struct elf_file elf = elf_file();

	tree_bytes(*state, files[0], &elf, sizeof(elf));
	tree_write(*state, files[1], "%s", kallsyms);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++) {
		struct symbols symbols = { 0 };
		struct rusage before, after;

		add(&symbols, i ? SYMBOLS_KALLSYMS : SYMBOLS_VMLINUX, *state,
		    files[i]);
		assert_int_equal(getrusage(RUSAGE_CHILDREN, &before), 0);
		assert_true(symbols_load(&symbols));
		assert_int_equal(getrusage(RUSAGE_CHILDREN, &after), 0);
		assert_true(after.ru_minflt > before.ru_minflt);
		assert_int_equal(waitpid(-1, NULL, 0), -1);
		symbols_free(&symbols);
	}
}

static void check_bad_elf(const char *root, const void *data, size_t len,
			  const char *offset, const char *says)
{
	struct symbols symbols = { 0 };
	struct load load = { &symbols };
	struct captured cap;
	char err[200];

	tree_bytes(root, "/vmlinux", data, len);
	add(&symbols, SYMBOLS_VMLINUX, root, "/vmlinux");
	if (offset)
		assert_true(symbols_set_offset(&symbols, offset, err,
					       sizeof(err)));
	cap = capture(run_load, &load);
	assert_false(cap.ret);
	assert_non_null(strstr(cap.err, says));
	captured_free(&cap);
	symbols_free(&symbols);
}

static void bad_vmlinux(void **state)
{
	struct elf_file elf = elf_file();

	check_bad_elf(*state, "", 0, NULL, "is not an ELF file");
	check_bad_elf(*state, "MZ rest", 8, NULL, "is not an ELF file");
	check_bad_elf(*state, &elf, sizeof(elf), "none=0x1",
		      "has no symbol none");
	for (size_t len = 1; len < offsetof(struct elf_file, strings) + 8;
	     len += 7)
		check_bad_elf(*state, &elf, len, NULL, "vmlinux");
	elf.header.e_machine = EM_AARCH64;
	check_bad_elf(*state, &elf, sizeof(elf), NULL, "is not for x86");
	elf = elf_file();
	elf.sections[2].sh_type = SHT_DYNSYM;
	check_bad_elf(*state, &elf, sizeof(elf), NULL, "has no symbols");
}

/* What KASLR cannot have added is a mistake, and names would be wrong. */
static void offsets_that_are_none(void **state)
{
	static const char * const offsets[] = {
		"0x8", "16", "0x100000", "0x40000000", "0xffffffffffe00000",
		"_stext=0xffffffff80fffff1", "_stext=0x0",
		"_stext=0xffffffff80e00000",
	};
	struct elf_file elf = elf_file();

	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
		check_bad_elf(*state, &elf, sizeof(elf), offsets[i],
			      "multiples of 0x200000 below 0x40000000");
}

static void bad_options(void **state)
{
	struct symbols symbols = { 0 };
	static const char * const offsets[] = {
		"", "x", "=0x1", "_stext=", "_stext=x", "-1", "0x", "1 ",
	};
	char err[200];

	(void)state;
	assert_false(symbols_add(&symbols, SYMBOLS_KALLSYMS, "", err,
				 sizeof(err)));
	assert_false(symbols_add(&symbols, SYMBOLS_KALLSYMS, "@web", err,
				 sizeof(err)));
	assert_false(symbols_add(&symbols, SYMBOLS_KALLSYMS, "a@", err,
				 sizeof(err)));
	assert_false(symbols_set_offset(&symbols, "0", err, sizeof(err)));
	assert_non_null(strstr(err, "has to follow"));
	assert_true(symbols_add(&symbols, SYMBOLS_KALLSYMS, "a", err,
				sizeof(err)));
	assert_false(symbols_set_offset(&symbols, "0", err, sizeof(err)));
	assert_true(symbols_add(&symbols, SYMBOLS_VMLINUX, "a@5", err,
				sizeof(err)));
	for (size_t i = 0; i < ARRAY_SIZE(offsets); i++)
		assert_false(symbols_set_offset(&symbols, offsets[i], err,
						sizeof(err)));
	symbols_free(&symbols);
}

/* Paths and names may both have an "@". */
static void paths_and_names_with_at(void **state)
{
	static const struct {
		const char *name;
		const char *path;
		const char *vm;		/* NULL: any */
	} tests[] = {
		{ "/k@web@home", "/k", "web@home" },
		{ "/d@x/k", "/d@x/k", NULL },
		{ "/d@x/k@web", "/d@x/k", "web" },
		{ "/k@0815-x", "/k", "0815-x" },
		{ "/none@a@b", "/none@a", "b" },
	};

	tree_write(*state, "/k", "%s", kallsyms);
	tree_write(*state, "/d@x/k", "%s", kallsyms);
	for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
		struct symbols symbols = { 0 };
		const char *path;

		add(&symbols, SYMBOLS_KALLSYMS, *state, tests[i].name);
		path = symbols.files[0].path;
		assert_string_equal(path + strlen(*state), tests[i].path);
		assert_int_equal(symbols.files[0].vm.nr_vms, !!tests[i].vm);
		if (tests[i].vm)
			assert_string_equal(symbols.files[0].vm.vms[0].name,
					    tests[i].vm);
		symbols_free(&symbols);
	}
}

static void missing_file(void **state)
{
	struct symbols symbols = { 0 };
	struct load load = { &symbols };
	struct captured cap;

	add(&symbols, SYMBOLS_VMLINUX, *state, "/none");
	cap = capture(run_load, &load);
	assert_int_equal(cap.ret, false);
	assert_non_null(strstr(cap.err, "cannot open "));
	assert_non_null(strstr(cap.err, "'vcpu-info symbols VM'"));
	captured_free(&cap);
	symbols_free(&symbols);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(missing_file, setup, teardown),
		cmocka_unit_test_setup_teardown(kallsyms_names, setup,
						teardown),
		cmocka_unit_test_setup_teardown(kallsyms_gaps, setup, teardown),
		cmocka_unit_test_setup_teardown(kallsyms_of_another_system,
						setup, teardown),
		cmocka_unit_test_setup_teardown(file_that_fits_nothing, setup,
						teardown),
		cmocka_unit_test_setup_teardown(vmlinux_sizes, setup, teardown),
		cmocka_unit_test_setup_teardown(offsets_that_are_none, setup,
						teardown),
		cmocka_unit_test_setup_teardown(paths_and_names_with_at, setup,
						teardown),
		cmocka_unit_test_setup_teardown(each_vm_has_its_own, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bad_kallsyms, setup,
						teardown),
		cmocka_unit_test_setup_teardown(vmlinux_names, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_child_parses, setup,
						teardown),
		cmocka_unit_test_setup_teardown(bad_vmlinux, setup, teardown),
		cmocka_unit_test(bad_options),
	};

	return cmocka_run_group_tests_name("symbols", tests, NULL, NULL);
}
