/* Entry of a PVH guest: 32-bit protected mode, flat segments, paging off, ebx = physical address of the start info. */
	.section .note.xen, "a", @note
	.align 4
	.long 4				/* size of the name */
	.long 4				/* size of the descriptor */
	.long 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.long _start

	.section .text.start, "ax", @progbits
	.globl _start
_start:
	cld
	movl $stack_top, %esp
	pushl %ebx
	call guest_main
1:	hlt
	jmp 1b

	.section .bss
	.align 4096
	.globl hypercall_page
hypercall_page:
	.skip 4096
	.skip 16384
stack_top:

	.section .note.GNU-stack, "", @progbits
