/* The part of libxenguest and libxenctrl that building a domain needs, found at run time by version. */
#ifndef XENGUEST_H
#define XENGUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One stretch of a guest's memory map as Xen takes it. */
struct memory_range {
	uint64_t address, size;
	uint32_t type;
} __attribute__((packed));

enum { RANGE_RAM = 1, RANGE_RESERVED = 2, RANGE_ACPI = 3 };

struct xenguest {
	void *(*interface_open)(void *logger, void *build_logger, unsigned flags);
	int (*interface_close)(void *xch);
	int (*set_memory_map)(void *xch, uint32_t domid, struct memory_range *ranges, uint32_t count);
	int (*set_memmap_limit)(void *xch, uint32_t domid, unsigned long kib);
	int (*apply_cpu_policy)(void *xch, uint32_t domid, bool restore, const uint32_t *features, unsigned count, bool pae,
				bool itsc, bool nested, const void *cpuid, const void *msr);
	int (*dom_loginit)(void *xch);
	void *(*dom_allocate)(void *xch, const char *cmdline, const char *features);
	int (*dom_kernel_file)(void *dom, const char *file);
	int (*dom_module_file)(void *dom, const char *file, const char *cmdline);
	int (*dom_boot_xen_init)(void *dom, void *xch, uint32_t domid);
	int (*dom_parse_image)(void *dom);
	int (*dom_mem_init)(void *dom, unsigned mib);
	int (*dom_boot_mem_init)(void *dom);
	int (*dom_build_image)(void *dom);
	int (*dom_boot_image)(void *dom);
	int (*dom_gnttab_init)(void *dom);
	void (*dom_release)(void *dom);
};

/* Offsets in the library's image structure, which has no stable layout: one table for each version known. */
struct image_layout {
	const char *version;
	size_t flags, console_evtchn, xenstore_evtchn, console_domid, xenstore_domid;
	size_t container_type, max_vcpus, console_pfn, xenstore_pfn, pv_p2m, total_pages;
	size_t device_model, target_pages, mmio_start, mmio_size, lowmem_end, highmem_end;
	size_t acpi_data, acpi_length, acpi_address, e820, e820_entries;
};

/* 0, or -1 after a line "error: missing-library <name>" or "error: missing-symbol <name>" on stderr. */
int xenguest_load(const char *version, struct xenguest *library, const struct image_layout **layout);

#endif
