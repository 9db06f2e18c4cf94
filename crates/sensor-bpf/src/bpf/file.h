/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Maps, numbers and filters of file.bpf.c. */
#ifndef PALISADE_FILE_H
#define PALISADE_FILE_H

#define AT_FDCWD (-100)
#define AT_REMOVEDIR 0x200
#define RENAME_EXCHANGE 2
#define O_ACCMODE 3
#define O_WRONLY 1
#define O_CREAT 0100
#define O_TRUNC 01000
#define FMODE_WRITE 2
#define FMODE_CREATED (1 << 20)
#define S_IFMT 0170000
#define S_IFREG 0100000
#define TS_COMPAT 2
#define FDS 4096 /* descriptions looked at when a process ends or executes a file */

/* x86-64 */
#define NR_open 2
#define NR_close 3
#define NR_dup2 33
#define NR_execve 59
#define NR_truncate 76
#define NR_rename 82
#define NR_creat 85
#define NR_link 86
#define NR_unlink 87
#define NR_symlink 88
#define NR_openat 257
#define NR_unlinkat 263
#define NR_renameat 264
#define NR_linkat 265
#define NR_symlinkat 266
#define NR_dup3 292
#define NR_renameat2 316
#define NR_execveat 322
#define NR_close_range 436
#define NR_openat2 437

enum op { OP_OPEN = 1, OP_DELETE, OP_RENAME, OP_LINK, OP_SYMLINK, OP_TRUNCATE };

/*
 * The next build takes over these maps with what is in them (so does it with `attempts` of the network):
 * whoever gives a field another meaning raises the ABI.
 */

/* A system call between its entry and its exit. */
struct pending {
	u32 op, flags;
	s32 dfd_a, dfd_b;
	u64 a, b;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct pending);
} pendings SEC(".maps");

/* A description that was opened for writing, as its file looked at the last report. */
struct writer {
	u64 ino, size;
	s64 mtime;
	u32 mtime_ns, dev;
	u32 tgid, open_flags;
	s64 pos;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct writer);
} writers SEC(".maps");

/*
 * Counts by the low bits of a number, which spare most calls a look into the maps above:
 * descriptions in `writers` by process, calls in `pendings` by thread. Two that share a slot
 * cost each other a look, nothing else.
 */
#define SLOTS 65536
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, u32);
} writing SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, u32);
} calling SEC(".maps");

static __always_inline u32 *writing_slot(u32 tgid)
{
	u32 slot = tgid & (SLOTS - 1);
	return bpf_map_lookup_elem(&writing, &slot);
}

static __always_inline u32 *calling_slot(u64 id)
{
	u32 slot = (u32)id & (SLOTS - 1);
	return bpf_map_lookup_elem(&calling, &slot);
}

static __always_inline void count_up(u32 *slot)
{
	if (slot)
		__sync_fetch_and_add(slot, 1);
}

static __always_inline void count_down(u32 *slot)
{
	if (slot && *slot)
		__sync_fetch_and_add(slot, -1);
}

#define PREFIX_COLLECT 1
#define PREFIX_SECOND 2
struct prefix { char first[16], second[16]; };

/* The first two names of collected paths; written by the loader. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 256);
	__type(key, struct prefix);
	__type(value, u32);
} prefixes SEC(".maps");

static __always_inline bool pseudo_fs(u64 magic)
{
	switch (magic) {
	case 0x9fa0: /* proc */
	case 0x62656572: /* sysfs */
	case 0x27e0eb: /* cgroup */
	case 0x63677270: /* cgroup2 */
	case 0x74726163: /* tracefs */
	case 0x64626720: /* debugfs */
	case 0xcafe4a11: /* bpf */
	case 0x1cd1: /* devpts */
	case 0x50495045: /* pipefs */
	case 0x534f434b: /* sockfs */
	case 0x09041934: /* anonymous inodes */
	case 0x19800202: /* mqueue */
	case 0x73636673: /* securityfs */
	case 0x6e736673: /* nsfs */
		return 1;
	}
	return 0;
}

/* Whether the path of the last walk lies under a collected prefix. */
static __always_inline bool walked_is_collected(struct scratch *s, const struct config *c)
{
	struct prefix key = {};
	u32 top = s->top, second = s->second, *hit;

	if (c->all_paths || (s->flags & (SEG_TRUNCATED | SEG_DETACHED)))
		return 1;
	if (!s->count || top >= BODY || second >= BODY)
		return s->count == 0;
	bpf_probe_read_kernel_str(key.first, sizeof(key.first), &s->body[bounded(top)]);
	hit = bpf_map_lookup_elem(&prefixes, &key);
	if (!hit)
		return 0;
	if (*hit != PREFIX_SECOND || s->count < 2)
		return 1;
	bpf_probe_read_kernel_str(key.second, sizeof(key.second), &s->body[bounded(second)]);
	return bpf_map_lookup_elem(&prefixes, &key) != 0;
}

/* The same for an absolute name as the caller wrote it; what is unclear passes. */
static __always_inline bool name_is_collected(struct scratch *s, u32 off, const struct config *c)
{
	struct prefix key = {};
	char text[16] = {};
	u32 i, *hit;

	if (c->all_paths || off >= BODY)
		return 1;
	bpf_probe_read_kernel_str(text, sizeof(text), &s->body[bounded(off) + 1]);
	if (text[0] == '.' || text[0] == '/' || !text[0])
		return 1;
#pragma clang loop unroll(full)
	for (i = 0; i < 15; i++) {
		if (!text[i] || text[i] == '/')
			break;
		key.first[i] = text[i];
	}
	hit = bpf_map_lookup_elem(&prefixes, &key);
	return hit != 0;
}

#endif
