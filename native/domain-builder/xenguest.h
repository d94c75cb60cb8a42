/* The part of libxenguest and libxenctrl that building a PV domain needs, found at run time by version. */
#ifndef XENGUEST_H
#define XENGUEST_H

#include <stddef.h>
#include <stdint.h>

struct xenguest {
	void *(*interface_open)(void *logger, void *build_logger, unsigned flags);
	int (*interface_close)(void *xch);
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
};

/* 0, or -1 after a line "error: missing-library <name>" or "error: missing-symbol <name>" on stderr. */
int xenguest_load(const char *version, struct xenguest *library, const struct image_layout **layout);

#endif
