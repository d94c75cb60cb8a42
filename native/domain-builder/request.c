#include "request.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char request_usage[] =
	"usage: xen-domain-builder --xen VERSION --domid N --kernel FILE --memory-mib N --store-port N --console-port N\n"
	"                          [--kind pv|pvh] [--ramdisk FILE] [--cmdline TEXT] [--vcpus N] [--memory-max-mib N]\n"
	"                          [--features WORD-WORD-...] [--acpi-address N < TABLES]\n";

static const struct option options[] = {
	{ "xen", required_argument, 0, 'x' }, { "domid", required_argument, 0, 'd' },
	{ "kernel", required_argument, 0, 'k' }, { "ramdisk", required_argument, 0, 'r' },
	{ "cmdline", required_argument, 0, 'c' }, { "memory-mib", required_argument, 0, 'm' },
	{ "memory-max-mib", required_argument, 0, 'M' }, { "kind", required_argument, 0, 'K' },
	{ "vcpus", required_argument, 0, 'v' }, { "store-port", required_argument, 0, 's' },
	{ "console-port", required_argument, 0, 'o' }, { "acpi-address", required_argument, 0, 'a' },
	{ "features", required_argument, 0, 'f' }, { 0, 0, 0, 0 },
};

static int number(const char *text, unsigned long *value)
{
	char *end;
	errno = 0;
	*value = strtoul(text, &end, 10);
	return errno || end == text || *end || *value > 0xffffffffUL ? -1 : 0;
}

/* Words of eight hexadecimal digits, joined by dashes. */
static int words(const char *text, struct request *r)
{
	for (;;) {
		char *end;
		errno = 0;
		unsigned long word = strtoul(text, &end, 16);
		if (errno || end == text || word > 0xffffffffUL || r->feature_words == MAX_FEATURE_WORDS)
			return -1;
		r->features[r->feature_words++] = (uint32_t)word;
		if (!*end)
			return 0;
		if (*end != '-')
			return -1;
		text = end + 1;
	}
}

static int kind(const char *text, struct request *r)
{
	r->pvh = strcmp(text, "pvh") == 0;
	return r->pvh || strcmp(text, "pv") == 0 ? 0 : -1;
}

int request_parse(int argc, char **argv, struct request *r)
{
	int option, bad = 0;
	memset(r, 0, sizeof(*r));
	r->cmdline = "";
	r->vcpus = 1;
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 'x': r->xen = optarg; break;
		case 'k': r->kernel = optarg; break;
		case 'r': r->ramdisk = optarg; break;
		case 'c': r->cmdline = optarg; break;
		case 'K': bad |= kind(optarg, r); break;
		case 'f': bad |= words(optarg, r); break;
		case 'd': bad |= number(optarg, &r->domid); break;
		case 'm': bad |= number(optarg, &r->memory_mib); break;
		case 'M': bad |= number(optarg, &r->memory_max_mib); break;
		case 'v': bad |= number(optarg, &r->vcpus); break;
		case 's': bad |= number(optarg, &r->store_port); break;
		case 'o': bad |= number(optarg, &r->console_port); break;
		case 'a': bad |= number(optarg, &r->acpi_address); break;
		default: return -1;
		}
	}
	if (r->memory_max_mib < r->memory_mib)
		r->memory_max_mib = r->memory_mib;
	return bad || optind != argc || !r->xen || !r->kernel || !r->domid || !r->memory_mib || !r->store_port || !r->console_port ? -1 : 0;
}
