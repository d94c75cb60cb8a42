#include "xenguest.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const struct image_layout layouts[] = {
	{
		.version = "4.17",
		.console_pfn = 384, .xenstore_pfn = 392, .pv_p2m = 480, .total_pages = 504, .flags = 560,
		.console_evtchn = 568, .xenstore_evtchn = 572, .console_domid = 576, .xenstore_domid = 580,
		.container_type = 1712, .max_vcpus = 1944,
		.device_model = 1768, .target_pages = 1720, .mmio_start = 1728, .mmio_size = 1736,
		.lowmem_end = 1744, .highmem_end = 1752,
		.acpi_data = 1800, .acpi_length = 1808, .acpi_address = 1816, .e820 = 1920, .e820_entries = 1928,
	},
};

static void *open_library(const char *stem, const char *version)
{
	char name[64];
	snprintf(name, sizeof(name), "%s.so.%s", stem, version);
	void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
	if (!handle)
		fprintf(stderr, "error: missing-library %s (%s)\n", name, dlerror());
	return handle;
}

static int find(void *handle, const char *name, void *where)
{
	void *symbol = dlsym(handle, name);
	if (!symbol) {
		fprintf(stderr, "error: missing-symbol %s\n", name);
		return -1;
	}
	memcpy(where, &symbol, sizeof(symbol));
	return 0;
}

int xenguest_load(const char *version, struct xenguest *l, const struct image_layout **layout)
{
	*layout = NULL;
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (strcmp(layouts[i].version, version) == 0)
			*layout = &layouts[i];
	if (!*layout) {
		fprintf(stderr, "error: unknown-version %s\n", version);
		return -1;
	}

	void *ctrl = open_library("libxenctrl", version);
	void *guest = ctrl ? open_library("libxenguest", version) : NULL;
	if (!guest)
		return -1;

	return find(ctrl, "xc_interface_open", &l->interface_open)
		|| find(ctrl, "xc_interface_close", &l->interface_close)
		|| find(ctrl, "xc_domain_set_memory_map", &l->set_memory_map)
		|| find(ctrl, "xc_domain_set_memmap_limit", &l->set_memmap_limit)
		|| find(guest, "xc_cpuid_apply_policy", &l->apply_cpu_policy)
		|| find(guest, "xc_dom_loginit", &l->dom_loginit)
		|| find(guest, "xc_dom_allocate", &l->dom_allocate)
		|| find(guest, "xc_dom_kernel_file", &l->dom_kernel_file)
		|| find(guest, "xc_dom_module_file", &l->dom_module_file)
		|| find(guest, "xc_dom_boot_xen_init", &l->dom_boot_xen_init)
		|| find(guest, "xc_dom_parse_image", &l->dom_parse_image)
		|| find(guest, "xc_dom_mem_init", &l->dom_mem_init)
		|| find(guest, "xc_dom_boot_mem_init", &l->dom_boot_mem_init)
		|| find(guest, "xc_dom_build_image", &l->dom_build_image)
		|| find(guest, "xc_dom_boot_image", &l->dom_boot_image)
		|| find(guest, "xc_dom_gnttab_init", &l->dom_gnttab_init)
		|| find(guest, "xc_dom_release", &l->dom_release) ? -1 : 0;
}
