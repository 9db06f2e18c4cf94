// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Files: create, modify, rename, delete, link. Rung 1 on machines without fentry and kprobes
 * is the tracepoint of each system call, rung 2 the raw tracepoints of all of them.
 * "Modified" is found when a description opened for writing is closed (close, dup over it,
 * exec, exit) and its file's size or modification time is another than at the last look.
 */
#include "common.h"
#include "paths.h"
#include "tasks.h"
#include "file.h"

static __always_inline struct file *fd_file(struct task_struct *task, s32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **array, *file = 0;

	if (fd < 0 || (u32)fd >= BPF_CORE_READ(table, max_fds))
		return 0;
	array = BPF_CORE_READ(table, fd);
	bpf_probe_read_kernel(&file, sizeof(file), &array[fd]);
	return file;
}

static __always_inline bool last_reference(struct file *file)
{
	struct file___ref *newer = (void *)file;
	struct file___count *older = (void *)file;

	if (bpf_core_field_exists(newer->f_ref))
		return BPF_CORE_READ(newer, f_ref.refcnt.counter) == 0;
	return BPF_CORE_READ(older, f_count.counter) == 1;
}

static __always_inline void describe(struct ev_file *e, struct task_struct *task, struct inode *inode)
{
	struct stamp t = inode_mtime(inode);

	fill_header(&e->h, task, 0);
	e->ino = BPF_CORE_READ(inode, i_ino);
	e->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	e->size = BPF_CORE_READ(inode, i_size);
	e->mode = BPF_CORE_READ(inode, i_mode);
	e->mtime = t.sec;
	e->mtime_ns = t.nsec;
	e->mntns = task_mount_ns(task, 0);
	e->a_name = e->b_name = 0;
	__builtin_memset(&e->b, 0, sizeof(e->b));
}

/* Reports a file by its open description. Verified once, as walk_path is. */
__attribute__((noinline)) int report_file(u64 file_ptr, u32 kind, u32 open_flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file = (void *)file_ptr;
	struct config *c = get_config();
	struct scratch *s;
	struct ev_file *e;
	u32 off;

	if (!c)
		return 0;
	s = take_scratch();
	if (!s)
		return 0;
	e = (struct ev_file *)&s->head[HEAD - sizeof(*e)];
	describe(e, task, BPF_CORE_READ(file, f_inode));
	e->open_flags = open_flags;
	if (open_flags & O_TRUNC)
		e->h.flags |= EF_TRUNCATED_OPEN;
	off = put_path(s, (void *)file + bpf_core_field_offset(file->f_path), 0, &e->a);
	if (walked_is_collected(s, c))
		emit_part(&e->h, kind, sizeof(*e) + off, sizeof(*e) + BODY + NAME);
	s->busy = 0;
	return 0;
}

static __always_inline void forget_writer(u64 file, u32 tgid)
{
	if (!bpf_map_delete_elem(&writers, &file))
		count_down(writing_slot(tgid));
}

/*
 * Looks at one description that is about to be closed; reports it if its file changed. What a
 * process leaves open to others at its end is not followed further.
 */
__attribute__((noinline)) int look_at_writer(u64 file_ptr, u32 ending)
{
	struct writer *known = bpf_map_lookup_elem(&writers, &file_ptr), last, *w = &last;
	struct file *file = (void *)file_ptr;
	u32 tgid = bpf_get_current_pid_tgid() >> 32, flags;
	struct inode *inode;
	struct stamp t;
	u64 size;
	s64 pos;
	bool changed;

	if (!known || known->tgid != tgid)
		return 0;
	last = *known;
	/* Two last threads may end at once; only who takes the entry out may report it. */
	if (ending) {
		if (bpf_map_delete_elem(&writers, &file_ptr))
			return 0;
		count_down(writing_slot(tgid));
	}
	inode = BPF_CORE_READ(file, f_inode);
	if (BPF_CORE_READ(inode, i_ino) != w->ino || BPF_CORE_READ(inode, i_sb, s_dev) != w->dev) {
		if (!ending)
			forget_writer(file_ptr, tgid);
		return 0;
	}
	t = inode_mtime(inode);
	size = BPF_CORE_READ(inode, i_size);
	flags = w->open_flags;
	changed = (flags & O_TRUNC) || t.sec != w->mtime || t.nsec != w->mtime_ns || size != w->size;
	/* Times have ticks; but where nothing can be read, the position moves by writing. */
	pos = BPF_CORE_READ(file, f_pos);
	if ((flags & O_ACCMODE) == O_WRONLY && pos != w->pos)
		changed = 1;
	if (changed) {
		if (!ending) {
			known->pos = pos;
			known->mtime = t.sec;
			known->mtime_ns = t.nsec;
			known->size = size;
			known->open_flags = flags & ~O_TRUNC;
		}
		report_file(file_ptr, EV_FILE_MODIFY, flags);
	}
	if (!ending && last_reference(file))
		forget_writer(file_ptr, tgid);
	return 0;
}

static long look_at_fd(u32 fd, u32 *ending)
{
	struct file *file = fd_file((struct task_struct *)bpf_get_current_task(), fd);

	if (file)
		look_at_writer((u64)file, *ending);
	return 0;
}

static __always_inline bool has_writers(void)
{
	u32 *open = writing_slot(bpf_get_current_pid_tgid() >> 32);

	return open && *open;
}

static __always_inline void look_at_all(u32 ending)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u32 max;

	if (!has_writers())
		return;
	max = BPF_CORE_READ(task, files, fdt, max_fds);
	if (max > FDS) {
		note(NOTE_FDS_UNSEEN);
		max = FDS;
	}
	bpf_loop(max, look_at_fd, &ending, 0);
}

static __always_inline bool is_sensor(const struct config *c, u32 tgid)
{
	struct task_struct *task;

	if (tgid != c->self_tgid)
		return 0;
	task = (struct task_struct *)bpf_get_current_task();
	return BPF_CORE_READ(task, group_leader, start_boottime) / TICK_NS == c->self_tick;
}

static __always_inline void remember(u32 op, u32 flags, s32 dfd_a, u64 a, s32 dfd_b, u64 b)
{
	struct pending p = { op, flags, dfd_a, dfd_b, a, b };
	u64 id = bpf_get_current_pid_tgid();
	struct config *c = get_config();

	if (!c || !has_turn(c) || is_sensor(c, id >> 32) || !in_scope(c))
		return;
	if (bpf_map_update_elem(&pendings, &id, &p, BPF_ANY)) {
		note(NOTE_MAP_FULL);
		return;
	}
	count_up(calling_slot(id));
}

static __always_inline void on_open(u32 flags)
{
	if (flags & (O_ACCMODE | O_CREAT | O_TRUNC))
		remember(OP_OPEN, flags, 0, 0, 0, 0);
}

static __always_inline void on_close(s32 fd)
{
	struct file *file;

	if (!has_writers())
		return;
	file = fd_file((struct task_struct *)bpf_get_current_task(), fd);
	if (file)
		look_at_writer((u64)file, 0);
}

static __always_inline int on_enter(long nr, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4)
{
	u64 how = 0;

	switch (nr) {
	case NR_open:
		on_open(a1);
		break;
	case NR_openat:
		on_open(a2);
		break;
	case NR_openat2:
		/* The structure may lie in a page that is not there yet: then assume all flags. */
		if (bpf_probe_read_user(&how, sizeof(how), (void *)a2))
			how = O_CREAT;
		on_open(how);
		break;
	case NR_creat:
		on_open(O_CREAT | O_TRUNC | 1);
		break;
	case NR_close:
		on_close(a0);
		break;
	case NR_dup2:
	case NR_dup3:
		on_close(a1);
		break;
	case NR_close_range:
	case NR_execve:
	case NR_execveat:
		look_at_all(0);
		break;
	case NR_unlink:
		remember(OP_DELETE, 0, AT_FDCWD, a0, 0, 0);
		break;
	case NR_unlinkat:
		if (!(a2 & AT_REMOVEDIR))
			remember(OP_DELETE, 0, a0, a1, 0, 0);
		break;
	case NR_rename:
		remember(OP_RENAME, 0, AT_FDCWD, a0, AT_FDCWD, a1);
		break;
	case NR_renameat:
		remember(OP_RENAME, 0, a0, a1, a2, a3);
		break;
	case NR_renameat2:
		remember(OP_RENAME, a4, a0, a1, a2, a3);
		break;
	case NR_link:
		remember(OP_LINK, 0, AT_FDCWD, a0, AT_FDCWD, a1);
		break;
	case NR_linkat:
		remember(OP_LINK, 0, a0, a1, a2, a3);
		break;
	case NR_symlink:
		remember(OP_SYMLINK, 0, AT_FDCWD, a0, AT_FDCWD, a1);
		break;
	case NR_symlinkat:
		remember(OP_SYMLINK, 0, AT_FDCWD, a0, a1, a2);
		break;
	case NR_truncate:
		remember(OP_TRUNCATE, 0, AT_FDCWD, a0, 0, 0);
		break;
	}
	return 0;
}

static __always_inline void finish_open(s32 fd, u32 flags)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct file *file = fd_file(task, fd);
	u32 tgid = bpf_get_current_pid_tgid() >> 32, mode;
	u64 key = (u64)file;
	struct writer w = {}, *stale;
	struct inode *inode;
	struct stamp t;

	if (!file)
		return;
	inode = BPF_CORE_READ(file, f_inode);
	if ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG)
		return;
	if (pseudo_fs(BPF_CORE_READ(inode, i_sb, s_magic)))
		return;
	mode = BPF_CORE_READ(file, f_mode);
	if (mode & FMODE_CREATED) {
		if (BPF_CORE_READ(inode, i_nlink))
			report_file((u64)file, EV_FILE_CREATE, flags & ~O_TRUNC);
		return;
	}
	if (!(mode & FMODE_WRITE))
		return;
	t = inode_mtime(inode);
	w.ino = BPF_CORE_READ(inode, i_ino);
	w.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	w.size = BPF_CORE_READ(inode, i_size);
	w.mtime = t.sec;
	w.mtime_ns = t.nsec;
	w.tgid = tgid;
	w.open_flags = flags;
	w.pos = BPF_CORE_READ(file, f_pos);
	/* The kernel may have reused the address of one that was closed unseen, by whomever. */
	stale = bpf_map_lookup_elem(&writers, &key);
	if (stale)
		forget_writer(key, stale->tgid);
	if (bpf_map_update_elem(&writers, &key, &w, BPF_ANY)) {
		note(NOTE_MAP_FULL);
		return;
	}
	count_up(writing_slot(tgid));
}

struct scan { u32 off; u8 before, up; };

static long scan_step(u32 i, struct scan *w)
{
	struct scratch *s = peek_scratch();
	u32 off = w->off + i;
	u8 c;

	if (!s || off >= BODY + NAME)
		return 1;
	c = s->body[off];
	if (c == '.' && w->before == '.')
		w->up = 1;
	w->before = c;
	return !c || w->up;
}

/* Whether a name has two dots in a row: it may go up again and lead anywhere. */
static __always_inline bool goes_up(u32 off)
{
	struct scan w = { .off = off };

	bpf_loop(NAME, scan_step, &w, 0);
	return w.up;
}

/* Writes base path and name of one argument; returns the new offset. */
static __always_inline u32 put_name(struct scratch *s, struct task_struct *task, s32 dfd, u64 name,
				    u32 off, struct seg *seg, u16 *len, bool *collected,
				    const struct config *c)
{
	struct fs_struct *fs = BPF_CORE_READ(task, fs);
	struct path *base;
	struct file *file;
	char first[2] = {};
	bool absolute, hit;
	long n;

	bpf_probe_read_user(first, sizeof(first), (void *)name);
	absolute = first[0] == '/';
	if (absolute) {
		base = (void *)fs + bpf_core_field_offset(fs->root);
	} else if (dfd == AT_FDCWD) {
		base = (void *)fs + bpf_core_field_offset(fs->pwd);
	} else {
		file = fd_file(task, dfd);
		base = (void *)file + bpf_core_field_offset(file->f_path);
		if (!file)
			base = (void *)fs + bpf_core_field_offset(fs->pwd);
	}
	off = put_path(s, base, off, seg);
	*len = 0;
	if (off >= BODY)
		return off;
	n = bpf_probe_read_user_str(&s->body[bounded(off)], NAME, (void *)name);
	if (n <= 0 || n > NAME) {
		note(NOTE_NAME_UNREADABLE);
		return off;
	}
	*len = n;
	if (absolute && !s->count)
		hit = name_is_collected(s, off, c);
	else
		hit = s->count < 2 || walked_is_collected(s, c);
	*collected |= hit || goes_up(off);
	return off + n;
}

__attribute__((noinline)) int report_names(u64 unused)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	u64 id = bpf_get_current_pid_tgid();
	struct pending *p = bpf_map_lookup_elem(&pendings, &id);
	struct config *c = get_config();
	bool collected = 0;
	struct scratch *s;
	struct ev_file *e;
	u32 off = 0, kind, op;

	if (!p || !c)
		return 0;
	s = take_scratch();
	if (!s)
		return 0;
	e = (struct ev_file *)&s->head[HEAD - sizeof(*e)];
	op = p->op;
	fill_header(&e->h, task, 0);
	e->ino = e->size = 0;
	e->mtime = 0;
	e->mtime_ns = e->dev = e->mode = 0;
	e->mntns = task_mount_ns(task, 0);
	e->open_flags = p->flags;
	e->b_name = 0;
	__builtin_memset(&e->b, 0, sizeof(e->b));
	off = put_name(s, task, p->dfd_a, p->a, 0, &e->a, &e->a_name, &collected, c);
	if (op == OP_DELETE) {
		kind = EV_FILE_DELETE;
	} else if (op == OP_TRUNCATE) {
		kind = EV_FILE_MODIFY;
		e->h.flags |= EF_TRUNCATED_OPEN;
	} else {
		kind = op == OP_RENAME ? EV_FILE_RENAME : EV_FILE_LINK;
		if (op == OP_RENAME && (p->flags & RENAME_EXCHANGE))
			e->h.flags |= EF_EXCHANGE;
		if (op == OP_SYMLINK)
			e->h.flags |= EF_SYMLINK;
		if (op != OP_RENAME)
			collected = 0; /* only the new name counts */
		off = put_name(s, task, p->dfd_b, p->b, off, &e->b, &e->b_name, &collected, c);
	}
	if (!e->a_name || (op != OP_DELETE && op != OP_TRUNCATE && !e->b_name))
		e->h.flags |= EF_NAME_UNREADABLE;
	if (collected || (e->h.flags & EF_NAME_UNREADABLE))
		emit_part(&e->h, kind, sizeof(*e) + off, sizeof(*e) + BODY + NAME);
	s->busy = 0;
	return 0;
}

static __always_inline int on_exit(s64 ret)
{
	u64 id = bpf_get_current_pid_tgid();
	u32 *calls = calling_slot(id);
	struct pending *p;

	if (!calls || !*calls)
		return 0;
	p = bpf_map_lookup_elem(&pendings, &id);
	if (!p)
		return 0;
	count_down(calls);
	if (ret >= 0) {
		if (p->op == OP_OPEN)
			finish_open(ret, p->flags);
		else
			report_names(0);
	}
	bpf_map_delete_elem(&pendings, &id);
	return 0;
}

/* One program for each number of arguments: a tracepoint refuses reads past its own. */
SEC("tracepoint/syscalls/sys_enter_1")
int enter_1(struct tp_sys_enter *ctx)
{
	return on_enter(ctx->nr, ctx->args[0], 0, 0, 0, 0);
}

SEC("tracepoint/syscalls/sys_enter_2")
int enter_2(struct tp_sys_enter *ctx)
{
	return on_enter(ctx->nr, ctx->args[0], ctx->args[1], 0, 0, 0);
}

SEC("tracepoint/syscalls/sys_enter_3")
int enter_3(struct tp_sys_enter *ctx)
{
	return on_enter(ctx->nr, ctx->args[0], ctx->args[1], ctx->args[2], 0, 0);
}

SEC("tracepoint/syscalls/sys_enter_4")
int enter_4(struct tp_sys_enter *ctx)
{
	return on_enter(ctx->nr, ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], 0);
}

SEC("tracepoint/syscalls/sys_enter_5")
int enter_5(struct tp_sys_enter *ctx)
{
	return on_enter(ctx->nr, ctx->args[0], ctx->args[1], ctx->args[2], ctx->args[3], ctx->args[4]);
}

SEC("tracepoint/syscalls/sys_exit_any")
int exit_any(struct tp_sys_exit *ctx)
{
	return on_exit(ctx->ret);
}

SEC("raw_tp/sys_enter")
int enter_raw(u64 *ctx)
{
	struct pt_regs *regs = (struct pt_regs *)ctx[0];
	struct task_struct___x86 *task = (void *)bpf_get_current_task();
	long nr = (long)ctx[1];

	switch (nr) {
	case NR_open: case NR_close: case NR_dup2: case NR_execve: case NR_truncate:
	case NR_rename: case NR_creat: case NR_link: case NR_unlink: case NR_symlink:
	case NR_openat: case NR_unlinkat: case NR_renameat: case NR_linkat:
	case NR_symlinkat: case NR_dup3: case NR_renameat2: case NR_execveat:
	case NR_close_range: case NR_openat2:
		break;
	default:
		return 0;
	}
	if (BPF_CORE_READ(task, thread_info.status) & TS_COMPAT)
		return 0;
	return on_enter(nr, BPF_CORE_READ(regs, di), BPF_CORE_READ(regs, si),
			BPF_CORE_READ(regs, dx), BPF_CORE_READ(regs, r10), BPF_CORE_READ(regs, r8));
}

SEC("raw_tp/sys_exit")
int exit_raw(u64 *ctx)
{
	return on_exit((s64)ctx[1]);
}

/* What a process did not close itself is closed by its end. */
SEC("raw_tp/sched_process_exit")
int last_look(u64 *ctx)
{
	struct task_struct *task = (struct task_struct *)ctx[0];

	if (!has_writers())
		return 0;
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	look_at_all(1);
	return 0;
}
