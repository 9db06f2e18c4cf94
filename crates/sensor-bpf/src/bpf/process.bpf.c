// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* Process creation and end: rung 1 by BTF tracepoints, rung 2 by raw tracepoints. */
#include "common.h"
#include "paths.h"
#include "tasks.h"

#define ARGV NAME
#define SIGNAL_GROUP_EXIT 4
#define PF_KTHREAD 0x00200000

static __always_inline int on_exec(struct task_struct *task, struct linux_binprm *bprm, bool typed)
{
	struct config *c = get_config();
	struct task_struct *parent;
	const struct cred *cred;
	struct tty_struct *tty;
	struct fs_struct *fs;
	struct mm_struct *mm;
	struct scratch *s;
	struct ev_exec *e;
	struct inode *inode;
	struct file *file;
	struct stamp t;
	u64 begin, len;
	u32 off = 0;
	long n;

	if (!c || !has_turn(c) || !in_scope(c))
		return 0;
	s = take_scratch();
	if (!s)
		return 0;
	e = (struct ev_exec *)&s->head[HEAD - sizeof(*e)];
	fill_header(&e->h, task, typed);

	parent = GET(typed, task, real_parent);
	e->ppid = GET(typed, parent, tgid);
	e->pexec_id = (u32)GET(typed, parent, self_exec_id);
	e->pstart = GET(typed, parent, group_leader, start_boottime);
	cred = GET(typed, task, cred);
	e->gid = GET(typed, cred, gid.val);
	e->euid = GET(typed, cred, euid.val);
	e->egid = GET(typed, cred, egid.val);
	e->loginuid = task_login_uid(task, typed);
	e->session = task_session(task, typed);
	e->sid = task_group(task, PIDTYPE_SID, typed);
	e->pgid = task_group(task, PIDTYPE_PGID, typed);
	e->mntns = task_mount_ns(task, typed);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	__builtin_memset(e->tty, 0, sizeof(e->tty));
	tty = GET(typed, task, signal, tty);
	if (tty)
		bpf_probe_read_kernel_str(e->tty, sizeof(e->tty),
					  (const char *)tty + bpf_core_field_offset(tty->name));

	file = GET(typed, bprm, file);
	inode = GET(typed, file, f_inode);
	e->ino = GET(typed, inode, i_ino);
	e->dev = GET(typed, inode, i_sb, s_dev);
	e->mode = GET(typed, inode, i_mode);
	e->size = GET(typed, inode, i_size);
	if (!GET(typed, inode, i_nlink))
		e->h.flags |= EF_EXE_DELETED;
	t = inode_ctime(inode, typed);
	e->ctime = t.sec;
	e->ctime_ns = t.nsec;
	e->argc = GET(typed, bprm, argc);
	e->fs_magic = (u32)GET(typed, inode, i_sb, s_magic);

	off = put_path(s, (void *)file + bpf_core_field_offset(file->f_path), off, &e->path);
	fs = GET(typed, task, fs);
	off = put_path(s, (void *)fs + bpf_core_field_offset(fs->pwd), off, &e->cwd);
	e->name_len = 0;
	e->argv_len = 0;
	if (off < BODY) {
		n = bpf_probe_read_kernel_str(&s->body[bounded(off)], NAME,
					      GET(typed, bprm, filename));
		if (n > 0 && n <= NAME) {
			e->name_len = n;
			off += n;
		}
	}
	mm = GET(typed, task, mm);
	begin = GET(typed, mm, arg_start);
	len = GET(typed, mm, arg_end) - begin;
	if (len > ARGV) {
		len = ARGV;
		e->h.flags |= EF_ARGV_TRUNCATED;
		note(NOTE_ARGV_TRUNCATED);
	}
	if (off < BODY && len && len <= ARGV) {
		if (!bpf_probe_read_user(&s->body[bounded(off)], len, (void *)begin)) {
			e->argv_len = len;
			off += len;
		} else {
			e->h.flags |= EF_ARGV_UNREADABLE;
			note(NOTE_ARGV_UNREADABLE);
		}
	}
	emit_part(&e->h, EV_EXEC, sizeof(*e) + off, sizeof(*e) + BODY + NAME);
	s->busy = 0;
	return 0;
}

static __always_inline int on_fork(struct task_struct *parent, struct task_struct *child, bool typed)
{
	struct config *c = get_config();
	struct ev_fork e = {};
	int pid = GET(typed, child, pid);

	if (pid != GET(typed, child, tgid))
		return 0; /* a thread */
	if (GET(typed, child, flags) & PF_KTHREAD)
		return 0; /* the kernel's own workers come and go all the time */
	if (!c || !has_turn(c) || !in_scope(c))
		return 0;
	fill_header(&e.h, parent, typed);
	e.child = pid;
	e.child_exec_id = (u32)GET(typed, child, self_exec_id);
	e.child_start = GET(typed, child, start_boottime);
	emit(&e.h, EV_FORK, sizeof(e));
	return 0;
}

static __always_inline int on_exit(struct task_struct *task, bool typed)
{
	struct signal_struct *signal = GET(typed, task, signal);
	struct config *c;
	struct ev_exit e = {};

	if (GET(typed, signal, live.counter) != 0)
		return 0; /* other threads go on */
	if (GET(typed, task, flags) & PF_KTHREAD)
		return 0;
	c = get_config();
	if (!c || !has_turn(c) || !in_scope(c))
		return 0;
	fill_header(&e.h, task, typed);
	if (GET(typed, signal, flags) & SIGNAL_GROUP_EXIT)
		e.code = GET(typed, signal, group_exit_code);
	else
		e.code = GET(typed, task, group_leader, exit_code);
	emit(&e.h, EV_EXIT, sizeof(e));
	return 0;
}

SEC("tp_btf/sched_process_exec")
int exec_btf(u64 *ctx)
{
	return on_exec((struct task_struct *)ctx[0], (struct linux_binprm *)ctx[2], 1);
}

SEC("tp_btf/sched_process_fork")
int fork_btf(u64 *ctx)
{
	return on_fork((struct task_struct *)ctx[0], (struct task_struct *)ctx[1], 1);
}

SEC("tp_btf/sched_process_exit")
int exit_btf(u64 *ctx)
{
	return on_exit((struct task_struct *)ctx[0], 1);
}

SEC("raw_tp/sched_process_exec")
int exec_raw(u64 *ctx)
{
	return on_exec((struct task_struct *)ctx[0], (struct linux_binprm *)ctx[2], 0);
}

SEC("raw_tp/sched_process_fork")
int fork_raw(u64 *ctx)
{
	return on_fork((struct task_struct *)ctx[0], (struct task_struct *)ctx[1], 0);
}

SEC("raw_tp/sched_process_exit")
int exit_raw(u64 *ctx)
{
	return on_exit((struct task_struct *)ctx[0], 0);
}
