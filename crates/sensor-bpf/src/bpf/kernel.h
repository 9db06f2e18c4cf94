/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* The few kernel types that the programs read, relocated at load time (CO-RE). */
#ifndef PALISADE_KERNEL_H
#define PALISADE_KERNEL_H

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u32 __wsum;
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;
typedef _Bool bool;

enum {
	BPF_MAP_TYPE_HASH = 1,
	BPF_MAP_TYPE_ARRAY = 2,
	BPF_MAP_TYPE_PERCPU_ARRAY = 6,
	BPF_MAP_TYPE_LRU_HASH = 9,
	BPF_MAP_TYPE_RINGBUF = 27,
};
enum { BPF_ANY = 0, BPF_NOEXIST = 1, BPF_EXIST = 2 };
enum { BPF_RB_NO_WAKEUP = 1, BPF_RB_FORCE_WAKEUP = 2 };
enum { BPF_RB_AVAIL_DATA = 0 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct { int counter; } atomic_t;
typedef struct { s64 counter; } atomic64_t;
typedef struct { u32 val; } kuid_t;
typedef struct { u32 val; } kgid_t;

struct timespec64 { s64 tv_sec; long tv_nsec; };

struct super_block { u32 s_dev; unsigned long s_magic; };

/* Kernels up to 6.5 keep whole timespecs; 6.6 to 6.10 hide them; later ones split them. */
struct inode {
	u16 i_mode;
	unsigned long i_ino;
	unsigned int i_nlink;
	s64 i_size;
	struct super_block *i_sb;
};
struct inode___split { s64 i_mtime_sec; s64 i_ctime_sec; u32 i_mtime_nsec; u32 i_ctime_nsec; };
struct inode___hidden_ctime { struct timespec64 __i_ctime; };
struct inode___hidden_mtime { struct timespec64 __i_mtime; };
struct inode___plain { struct timespec64 i_ctime; struct timespec64 i_mtime; };

struct qstr { const unsigned char *name; };
struct dentry {
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
};
struct vfsmount { struct dentry *mnt_root; };
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
};
struct path { struct vfsmount *mnt; struct dentry *dentry; };

typedef struct { atomic64_t refcnt; } file_ref_t;
struct file {
	u32 f_mode;
	u32 f_flags;
	s64 f_pos;
	struct path f_path;
	struct inode *f_inode;
};
struct file___ref { file_ref_t f_ref; };
struct file___count { atomic64_t f_count; };

struct fdtable { unsigned int max_fds; struct file **fd; };
struct files_struct { struct fdtable *fdt; };
struct fs_struct { struct path root; struct path pwd; };

struct kernfs_node { u64 id; };
struct ns_common { unsigned int inum; };
struct mnt_namespace { struct ns_common ns; };
struct nsproxy { struct mnt_namespace *mnt_ns; };
struct cgroup { struct kernfs_node *kn; int level; };
struct css_set { struct cgroup *dfl_cgrp; };

struct upid { int nr; };
struct pid { struct upid numbers[1]; };
struct tty_struct { char name[64]; };
struct signal_struct {
	atomic_t live;
	int group_exit_code;
	unsigned int flags;
	struct pid *pids[4];
	struct tty_struct *tty;
};
struct cred { kuid_t uid; kgid_t gid; kuid_t euid; kgid_t egid; };
struct mm_struct { unsigned long arg_start; unsigned long arg_end; struct file *exe_file; };

struct task_struct {
	int pid;
	int tgid;
	unsigned int flags;
	u64 start_boottime;
	u64 self_exec_id;
	int exit_code;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	const struct cred *cred;
	struct fs_struct *fs;
	struct files_struct *files;
	struct nsproxy *nsproxy;
	struct signal_struct *signal;
	struct mm_struct *mm;
	struct css_set *cgroups;
	char comm[16];
};
struct thread_info { u32 status; };
struct task_struct___x86 { struct thread_info thread_info; };
struct task_struct___audit { kuid_t loginuid; unsigned int sessionid; };

struct linux_binprm { struct file *file; const char *filename; int argc; };

struct in6_addr { u8 s6_addr[16]; };
struct sock_common {
	u16 skc_family;
	__be32 skc_daddr;
	__be32 skc_rcv_saddr;
	__be16 skc_dport;
	u16 skc_num;
	struct in6_addr skc_v6_daddr;
	struct in6_addr skc_v6_rcv_saddr;
};
struct sock { struct sock_common __sk_common; u16 sk_protocol; int sk_err; };
struct inet_sock { struct sock sk; __be16 inet_sport; };

struct pt_regs {
	unsigned long r8, r10, ax, dx, si, di, orig_ax;
};

struct seq_file;
struct bpf_iter_meta { struct seq_file *seq; u64 session_id; u64 seq_num; };
struct bpf_iter__task { struct bpf_iter_meta *meta; struct task_struct *task; };

#pragma clang attribute pop

/* Layouts of the classic tracepoints; part of the kernel's stable text format. */
struct tp_sys_enter { u64 common; int nr; u32 pad; u64 args[6]; };
struct tp_sys_exit { u64 common; int nr; u32 pad; s64 ret; };
struct tp_sock_state {
	u64 common;
	const void *skaddr;
	int oldstate, newstate;
	u16 sport, dport, family, protocol;
	u8 saddr[4], daddr[4], saddr6[16], daddr6[16];
};

#endif
