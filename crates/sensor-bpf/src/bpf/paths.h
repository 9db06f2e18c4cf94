/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* A per-CPU scratch record and the walk from a dentry to the root of its mount namespace. */
#ifndef PALISADE_PATHS_H
#define PALISADE_PATHS_H

#define HEAD 256
#define BODY 16384 /* offsets stay below it; one more name of up to 4096 bytes may follow */
#define NAME 4096
#define PATH_DEPTH 48
#define PATH_BYTES 4096
#define COMPONENT 256

struct scratch {
	u64 busy;
	u32 count, flags;     /* results of the last walk */
	u32 top, second;      /* offsets of its two names next to the root */
	u8 head[HEAD];        /* the fixed part; ends where `body` begins once moved down */
	u8 body[BODY + NAME];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

/*
 * An offset that was compared with BODY, once more as an operation: older verifiers forget what a
 * comparison told them of a value that the compiler loads from the stack again.
 */
static __always_inline u32 bounded(u32 off)
{
	barrier_var(off);
	return off & (BODY - 1);
}

static __always_inline struct scratch *peek_scratch(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&scratches, &zero);
}

static __always_inline struct scratch *take_scratch(void)
{
	struct scratch *s = peek_scratch();

	if (!s)
		return 0;
	if (s->busy) {
		note(NOTE_SCRATCH_BUSY);
		return 0;
	}
	s->busy = 1;
	return s;
}

struct walk {
	struct dentry *dentry, *root;
	struct mount *mnt;
	u32 off, begin, count;
};

/* One step up; a callback, so that the verifier looks at it once and not per step. */
static long walk_step(u32 step, struct walk *w)
{
	struct scratch *s = peek_scratch();
	struct dentry *dentry = w->dentry, *parent;
	struct mount *mnt = w->mnt, *up;
	u32 off = w->off;
	bool alone;
	long n;

	if (!s)
		return 1;
	if (dentry == w->root) {
		up = BPF_CORE_READ(mnt, mnt_parent);
		if (up == mnt || !up) {
			s->flags = 0;
			return 1;
		}
		w->dentry = BPF_CORE_READ(mnt, mnt_mountpoint);
		w->mnt = up;
		w->root = BPF_CORE_READ(up, mnt.mnt_root);
		return 0;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	alone = parent == dentry || !parent;
	/* What never had a folder, such as a memfd, still has a name. */
	if (alone && w->count) {
		s->flags = SEG_DETACHED;
		return 1;
	}
	if (off >= BODY || off - w->begin > PATH_BYTES - COMPONENT || w->count >= PATH_DEPTH)
		return 1;
	off = bounded(off);
	n = bpf_probe_read_kernel_str(&s->body[off], COMPONENT,
				      BPF_CORE_READ(dentry, d_name.name));
	if (n <= 0 || n > COMPONENT)
		return 1;
	if (alone) {
		s->flags = SEG_DETACHED;
		if (s->body[off] == '/')
			return 1;
	}
	s->second = s->top;
	s->top = off;
	w->off = off + n;
	w->count++;
	w->dentry = parent;
	return alone;
}

/*
 * Writes the names from `dentry` up to the root into the body from `off` on, and returns
 * the offset after them. A global function is verified once, whatever calls it.
 */
__attribute__((noinline)) int walk_path(u64 dentry_ptr, u64 vfsmnt_ptr, u32 off)
{
	struct scratch *s = peek_scratch();
	struct mount *mnt = (void *)(vfsmnt_ptr - bpf_core_field_offset(struct mount, mnt));
	struct walk w = {};

	if (!s)
		return off;
	if (off >= BODY)
		off = BODY - 1;
	w.dentry = (void *)dentry_ptr;
	w.mnt = mnt;
	w.root = BPF_CORE_READ(mnt, mnt.mnt_root);
	w.off = w.begin = off;
	s->flags = SEG_TRUNCATED;
	s->top = s->second = off;
	bpf_loop(PATH_DEPTH + 16, walk_step, &w, 0);
	s->count = w.count;
	if (s->flags & SEG_TRUNCATED)
		note(NOTE_PATH_TRUNCATED);
	return w.off;
}

static __always_inline u32 put_path(struct scratch *s, struct path *p, u32 off, struct seg *seg)
{
	struct dentry *d = BPF_CORE_READ(p, dentry);
	struct vfsmount *m = BPF_CORE_READ(p, mnt);
	u32 end;

	if (!d || !m) {
		seg->len = 0;
		seg->count = 0;
		seg->flags = SEG_DETACHED;
		return off;
	}
	end = (u32)walk_path((u64)d, (u64)m, off);
	if (end < off || end > BODY + COMPONENT)
		end = off;
	seg->len = end - off;
	seg->count = s->count;
	seg->flags = s->flags;
	return end;
}

struct stamp { s64 sec; u32 nsec; };

static __always_inline struct stamp inode_ctime(struct inode *inode, bool typed)
{
	struct stamp t = {};

	if (bpf_core_field_exists(((struct inode___split *)0)->i_ctime_sec)) {
		t.sec = GET(typed, ((struct inode___split *)inode), i_ctime_sec);
		t.nsec = GET(typed, ((struct inode___split *)inode), i_ctime_nsec);
	} else if (bpf_core_field_exists(((struct inode___hidden_ctime *)0)->__i_ctime)) {
		t.sec = GET(typed, ((struct inode___hidden_ctime *)inode), __i_ctime.tv_sec);
		t.nsec = GET(typed, ((struct inode___hidden_ctime *)inode), __i_ctime.tv_nsec);
	} else {
		t.sec = GET(typed, ((struct inode___plain *)inode), i_ctime.tv_sec);
		t.nsec = GET(typed, ((struct inode___plain *)inode), i_ctime.tv_nsec);
	}
	t.nsec &= 0x7fffffff; /* some kernels keep a mark in the top bit */
	return t;
}

static __always_inline struct stamp inode_mtime(struct inode *inode)
{
	struct stamp t = {};

	if (bpf_core_field_exists(((struct inode___split *)0)->i_mtime_sec)) {
		t.sec = BPF_CORE_READ((struct inode___split *)inode, i_mtime_sec);
		t.nsec = BPF_CORE_READ((struct inode___split *)inode, i_mtime_nsec);
	} else if (bpf_core_field_exists(((struct inode___hidden_mtime *)0)->__i_mtime)) {
		t.sec = BPF_CORE_READ((struct inode___hidden_mtime *)inode, __i_mtime.tv_sec);
		t.nsec = BPF_CORE_READ((struct inode___hidden_mtime *)inode, __i_mtime.tv_nsec);
	} else {
		t.sec = BPF_CORE_READ((struct inode___plain *)inode, i_mtime.tv_sec);
		t.nsec = BPF_CORE_READ((struct inode___plain *)inode, i_mtime.tv_nsec);
	}
	return t;
}

#endif
