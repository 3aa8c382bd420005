// SPDX-License-Identifier: GPL-2.0
/*
 * vCPUs that are hypervisors: what their nested guest is started from, and the
 * modes in which they can. One instruction then starts it: VMRUN from a VMCB,
 * or VMLAUNCH from a VMCS that KVM has been given.
 */
#include <string.h>
#include <sys/ioctl.h>

#include "oracle.h"

#define NESTED_AMD	"/sys/module/kvm_amd/parameters/nested"
#define NESTED_INTEL	"/sys/module/kvm_intel/parameters/nested"

#define PAGE_SIZE	0x1000
#define FLAT_LIMIT	0xffffffff
#define TSS_LIMIT	0x67
#define TABLE_LIMIT	0xffff
#define CODE_SELECTOR	0x08
#define DATA_SELECTOR	0x10
#define TSS_SELECTOR	0x18
#define DR6_INIT	0xffff0ff0
#define DR7_INIT	0x400

/* SVM: AMD APM volume 2, appendix B */
#define MSR_VM_HSAVE_PA		0xc0010117
#define EFER_SVME		0x1000
#define VMCB_INTERCEPTS		0x010
#define VMCB_ASID		0x058
#define VMCB_EXIT_CODE		0x070
#define VMCB_ES			0x400	/* then CS, SS, DS */
#define VMCB_DR7		0x560
#define VMCB_DR6		0x568
#define INTERCEPT_VMRUN		BIT(0)
#define INTERCEPT_VMMCALL	BIT(1)
#define SVM_EXIT_VMMCALL	0x81
#define SVM_CODE		0x0a9b	/* attributes */
#define SVM_DATA		0x0c93

/* VMX: controls by Intel SDM volume 3C, appendix A */
#define MSR_TRUE_PIN		0x48d	/* then the next three of these */
#define CR0_NE			0x20
#define CR4_VMXE		0x2000
#define EXIT_LONG_MODE		0x00000200
#define EXIT_SAVE_EFER		0x00100000
#define EXIT_LOAD_EFER		0x00200000
#define ENTRY_LONG_MODE		0x00000200
#define ENTRY_LOAD_EFER		0x00008000
#define VMX_EXIT_VMCALL		18
#define VMX_CODE		0xa09b	/* access rights */
#define VMX_DATA		0xc093
#define VMX_TSS			0x008b
#define VMX_UNUSABLE		0x10000

/* How KVM keeps a guest's VMCS: arch/x86/kvm/vmx/vmcs12.h, which is ABI */
#define VMCS12_REVISION		0x11e57ed0
#define VMCS12_LINK		176
#define VMCS12_DR7		528
#define VMCS12_HOST_RIP		672
#define VMCS12_PIN		744
#define VMCS12_CPU		748
#define VMCS12_EXIT		768
#define VMCS12_ENTRY		780
#define VMCS12_EXIT_REASON	812
#define VMCS12_LIMITS		840	/* ES CS SS DS FS GS LDTR TR GDTR IDTR */
#define VMCS12_RIGHTS		880	/* ES CS SS DS FS GS LDTR TR */
#define VMCS12_SELECTORS	964
#define VMCS12_HOST_SELECTORS	982	/* ES CS SS DS FS GS TR */

/* A register of which the hypervisor and its guest have each their own */
static const struct place {
	int reg;
	size_t vmcb;
	size_t vmcs;		/* 0: they share it */
	size_t vmcs_host;
} places[] = {
	{ REG(RAX), 0x5f8, 0, 0 },
	{ REG(RSP), 0x5d8, 536, 664 },
	{ REG(RFLAGS), 0x570, 552, 0 },
	{ REG(CR0), 0x558, 424, 584 },
	{ REG(CR3), 0x550, 432, 592 },
	{ REG(CR4), 0x548, 440, 600 },
	{ REG(EFER), 0x4d0, 200, 264 },
};

/* Whether guests of this host can have guests */
bool nested_can(void)
{
	char value[8];

	return read_file(host.amd ? NESTED_AMD : NESTED_INTEL, value,
			 sizeof(value)) &&
	       (*value == '1' || *value == 'Y');
}

static void put(uint8_t *at, uint64_t value, size_t size)
{
	memcpy(at, &value, size);
}

/* Everything that its hypervisor does not share with it */
static void random_regs(struct vcpu *vcpu)
{
	const struct regs *outer = &vcpu->init;
	struct regs *regs = &vcpu->prog.nested;

	memset(regs, 0, sizeof(*regs));
	regs->r[REG(RAX)] = random64();
	regs->r[REG(RSP)] = random64();
	regs->r[REG(RFLAGS)] = outer->r[REG(RFLAGS)] ^
			       (random64() & RFLAGS_RANDOM);
	regs->r[REG(CR3)] = vcpu_cr3(vcpu, true);
	vm_other_control(outer, regs);
	if (!host.amd)
		regs->r[REG(CR0)] |= CR0_NE;
}

static void set_control(struct vcpu *vcpu)
{
	struct kvm_sregs sregs;

	VCPU_IOCTL(vcpu, KVM_GET_SREGS, &sregs);
	if (host.amd) {
		sregs.efer |= EFER_SVME;
	} else {
		sregs.cr0 |= CR0_NE;
		sregs.cr4 |= CR4_VMXE;
	}
	VCPU_IOCTL(vcpu, KVM_SET_SREGS, &sregs);
	vcpu->init.r[REG(CR0)] = sregs.cr0;
	vcpu->init.r[REG(CR4)] = sregs.cr4;
	vcpu->init.r[REG(EFER)] = sregs.efer;
}

struct msr {
	struct kvm_msrs head;
	struct kvm_msr_entry entry;
};

static void svm_enable(struct vcpu *vcpu)
{
	struct msr hsave = {
		.head.nmsrs = 1,
		.entry.index = MSR_VM_HSAVE_PA,
		.entry.data = vcpu_nested_gpa(vcpu) + PAGE_SIZE,
	};

	if (ioctl(vcpu->fd, KVM_SET_MSRS, &hsave) != 1)
		die("KVM does not take VM_HSAVE_PA");
}

static void svm_segment(uint8_t *at, int selector, int attributes)
{
	put(at, selector, 2);
	put(at + 2, attributes, 2);
	put(at + 4, FLAT_LIMIT, 4);
}

static void svm_write(struct vcpu *vcpu, uint8_t *vmcb)
{
	const struct prog *prog = &vcpu->prog;
	const struct place *p;

	put(vmcb + VMCB_INTERCEPTS, INTERCEPT_VMRUN | INTERCEPT_VMMCALL, 4);
	put(vmcb + VMCB_ASID, 1, 4);
	svm_segment(vmcb + VMCB_ES, DATA_SELECTOR, SVM_DATA);
	svm_segment(vmcb + VMCB_ES + 0x10, CODE_SELECTOR, SVM_CODE);
	svm_segment(vmcb + VMCB_ES + 0x20, DATA_SELECTOR, SVM_DATA);
	svm_segment(vmcb + VMCB_ES + 0x30, DATA_SELECTOR, SVM_DATA);
	put(vmcb + VMCB_DR6, DR6_INIT, 8);
	put(vmcb + VMCB_DR7, DR7_INIT, 8);
	put(vmcb + VMCB_RIP, prog_rip(prog, prog_entry(prog)), 8);
	for (p = places; p < places + ARRAY_SIZE(places); p++)
		put(vmcb + p->vmcb, prog->nested.r[p->reg], 8);
}

/* The bits that have to be set in one of the VMX controls */
static uint32_t vmx_fixed(struct vcpu *vcpu, int i)
{
	struct msr msr = {
		.head.nmsrs = 1,
		.entry.index = MSR_TRUE_PIN + i,
	};

	if (ioctl(vcpu->fd, KVM_GET_MSRS, &msr) != 1)
		die("KVM has no MSR %#x", msr.entry.index);

	return msr.entry.data;
}

static void vmx_segments(uint8_t *vmcs)
{
	static const struct {
		int selector;
		uint32_t limit;
		int rights;
	} segments[] = {
		{ DATA_SELECTOR, FLAT_LIMIT, VMX_DATA },
		{ CODE_SELECTOR, FLAT_LIMIT, VMX_CODE },
		{ DATA_SELECTOR, FLAT_LIMIT, VMX_DATA },
		{ DATA_SELECTOR, FLAT_LIMIT, VMX_DATA },
		{ DATA_SELECTOR, FLAT_LIMIT, VMX_DATA },
		{ DATA_SELECTOR, FLAT_LIMIT, VMX_DATA },
		{ 0, 0, VMX_UNUSABLE },
		{ TSS_SELECTOR, TSS_LIMIT, VMX_TSS },
	};
	unsigned int i, nr = ARRAY_SIZE(segments);

	for (i = 0; i < nr; i++) {
		put(vmcs + VMCS12_SELECTORS + 2 * i, segments[i].selector, 2);
		put(vmcs + VMCS12_LIMITS + 4 * i, segments[i].limit, 4);
		put(vmcs + VMCS12_RIGHTS + 4 * i, segments[i].rights, 4);
	}
	put(vmcs + VMCS12_LIMITS + 4 * nr, TABLE_LIMIT, 4);
	put(vmcs + VMCS12_LIMITS + 4 * nr + 4, TABLE_LIMIT, 4);
	for (i = 0; i < 6; i++)
		put(vmcs + VMCS12_HOST_SELECTORS + 2 * i,
		    segments[i].selector, 2);
	put(vmcs + VMCS12_HOST_SELECTORS + 2 * i, TSS_SELECTOR, 2);
}

static void vmx_write(struct vcpu *vcpu, uint8_t *vmcs)
{
	const struct prog *prog = &vcpu->prog;
	const struct place *p;

	put(vmcs, VMCS12_REVISION, 4);
	put(vmcs + VMCS12_LINK, ~0ULL, 8);
	put(vmcs + VMCS12_PIN, vmx_fixed(vcpu, 0), 4);
	put(vmcs + VMCS12_CPU, vmx_fixed(vcpu, 1), 4);
	put(vmcs + VMCS12_EXIT, vmx_fixed(vcpu, 2) | EXIT_LONG_MODE |
	    EXIT_SAVE_EFER | EXIT_LOAD_EFER, 4);
	put(vmcs + VMCS12_ENTRY, vmx_fixed(vcpu, 3) | ENTRY_LONG_MODE |
	    ENTRY_LOAD_EFER, 4);
	put(vmcs + VMCS12_DR7, DR7_INIT, 8);
	put(vmcs + VMCS12_RIP, prog_rip(prog, prog_entry(prog)), 8);
	put(vmcs + VMCS12_HOST_RIP, prog_rip(prog, prog_entry(prog) - 1) +
	    ENTER_LEN, 8);
	vmx_segments(vmcs);
	for (p = places; p < places + ARRAY_SIZE(places); p++) {
		if (p->vmcs)
			put(vmcs + p->vmcs, prog->nested.r[p->reg], 8);
		if (p->vmcs_host)
			put(vmcs + p->vmcs_host, vcpu->init.r[p->reg], 8);
	}
}

/* As after VMXON and VMPTRLD */
static void vmx_enable(struct vcpu *vcpu, const uint8_t *vmcs)
{
	union {
		struct kvm_nested_state head;
		uint8_t bytes[sizeof(struct kvm_nested_state) + PAGE_SIZE];
	} state = { 0 };

	state.head.format = KVM_STATE_NESTED_FORMAT_VMX;
	state.head.size = sizeof(state);
	state.head.hdr.vmx.vmxon_pa = vcpu_nested_gpa(vcpu) + PAGE_SIZE;
	state.head.hdr.vmx.vmcs12_pa = vcpu_nested_gpa(vcpu);
	memcpy(state.head.data.vmx, vmcs, PAGE_SIZE);
	VCPU_IOCTL(vcpu, KVM_SET_NESTED_STATE, &state);
}

/**
 * nested_reset() - neither in a nested guest nor about to enter one
 * @vcpu: it; parked
 */
void nested_reset(struct vcpu *vcpu)
{
	struct kvm_nested_state state = { .size = sizeof(state) };

	if (host.amd) {
		state.format = KVM_STATE_NESTED_FORMAT_SVM;
		state.flags = KVM_STATE_NESTED_GIF_SET;
	} else {
		state.format = KVM_STATE_NESTED_FORMAT_VMX;
		state.hdr.vmx.vmxon_pa = ~0ULL;
		state.hdr.vmx.vmcs12_pa = ~0ULL;
	}
	VCPU_IOCTL(vcpu, KVM_SET_NESTED_STATE, &state);
}

/**
 * nested_setup() - what a program that enters a nested guest needs
 * @vcpu: has its program, memory and registers; changes some in init
 */
void nested_setup(struct vcpu *vcpu)
{
	uint8_t *control = vcpu->vm->mem + vcpu_nested_gpa(vcpu);
	uint64_t gpa = vcpu_nested_gpa(vcpu);

	set_control(vcpu);
	random_regs(vcpu);
	memset(control, 0, PAGE_SIZE);
	if (host.amd) {
		svm_write(vcpu, control);
		svm_enable(vcpu);
	} else {
		vmx_write(vcpu, control);
		vmx_enable(vcpu, control);
		/* VMCLEAR and VMPTRLD take the address from memory. */
		put(control + NESTED_POINTER, gpa, 8);
	}
}

/* Whether it was by its call that the nested guest was left before OP_REWIND */
bool nested_called(const struct vcpu *vcpu)
{
	const uint8_t *control = vcpu->vm->mem + vcpu_nested_gpa(vcpu);
	uint64_t code;
	uint32_t reason;

	memcpy(&code, control + VMCB_EXIT_CODE, sizeof(code));
	memcpy(&reason, control + VMCS12_EXIT_REASON, sizeof(reason));

	return host.amd ? code == SVM_EXIT_VMMCALL : reason == VMX_EXIT_VMCALL;
}
