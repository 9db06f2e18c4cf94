// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/*
 * Outbound TCP. The handshake ends in a soft interrupt, so the process is remembered when
 * its connect call puts the socket into SYN_SENT. Rung 1 BTF tracepoint, rung 2 the classic one.
 */
#include "common.h"

#define AF_INET 2
#define AF_INET6 10
#define IPPROTO_TCP 6
#define IPPROTO_MPTCP 262
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_CLOSE 7

struct attempt { struct ev_hdr h; };

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct attempt);
} attempts SEC(".maps");

static __always_inline void begin_connect(u64 sk)
{
	struct config *c = get_config();
	struct attempt a = {};

	if (!c || !has_turn(c) || !in_scope(c))
		return;
	fill_header(&a.h, (struct task_struct *)bpf_get_current_task(), 0);
	if (bpf_map_update_elem(&attempts, &sk, &a, BPF_ANY))
		note(NOTE_MAP_FULL);
}

/* Takes the remembered attempt out; false if there is none. */
static __always_inline bool end_connect(u64 sk, int old, struct ev_net *e)
{
	struct attempt *a = bpf_map_lookup_elem(&attempts, &sk);
	struct config *c;

	if (!a) {
		c = get_config();
		if (old == TCP_SYN_SENT && c && has_turn(c) && !c->scope_cgroup)
			note(NOTE_CONNECT_UNKNOWN);
		return 0;
	}
	e->h = a->h;
	bpf_map_delete_elem(&attempts, &sk);
	e->began = e->h.ktime;
	e->h.ktime = bpf_ktime_get_boot_ns();
	return 1;
}

static __always_inline int on_state(struct sock *sk, int old, int new)
{
	struct ev_net e = {};
	u16 sport;

	if (new == TCP_SYN_SENT) {
		begin_connect((u64)sk);
		return 0;
	}
	if (new != TCP_ESTABLISHED && new != TCP_CLOSE)
		return 0;
	if (old == new || !end_connect((u64)sk, old, &e))
		return 0;
	e.family = BPF_CORE_READ(sk, __sk_common.skc_family);
	e.protocol = IPPROTO_TCP;
	sport = BPF_CORE_READ((struct inet_sock *)sk, inet_sport);
	e.sport = __builtin_bswap16(sport);
	e.dport = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (e.family == AF_INET) {
		BPF_CORE_READ_INTO(&e.saddr, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO(&e.daddr, sk, __sk_common.skc_daddr);
	} else {
		BPF_CORE_READ_INTO(&e.saddr, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO(&e.daddr, sk, __sk_common.skc_v6_daddr);
	}
	e.error = BPF_CORE_READ(sk, sk_err);
	emit(&e.h, new == TCP_ESTABLISHED ? EV_CONNECT_OK : EV_CONNECT_FAIL, sizeof(e));
	return 0;
}

SEC("tp_btf/inet_sock_set_state")
int state_btf(u64 *ctx)
{
	struct sock *sk = (struct sock *)ctx[0];
	int new = (int)ctx[2];

	if (new != TCP_SYN_SENT && new != TCP_ESTABLISHED && new != TCP_CLOSE)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	return on_state(sk, (int)ctx[1], new);
}

SEC("tracepoint/sock/inet_sock_set_state")
int state_classic(struct tp_sock_state *ctx)
{
	u64 sk = (u64)ctx->skaddr;
	struct ev_net e = {};

	if (ctx->protocol != IPPROTO_TCP)
		return 0;
	if (ctx->newstate == TCP_SYN_SENT) {
		begin_connect(sk);
		return 0;
	}
	if (ctx->newstate != TCP_ESTABLISHED && ctx->newstate != TCP_CLOSE)
		return 0;
	if (ctx->oldstate == ctx->newstate || !end_connect(sk, ctx->oldstate, &e))
		return 0;
	e.family = ctx->family;
	e.protocol = IPPROTO_TCP;
	e.sport = ctx->sport;
	e.dport = ctx->dport;
	if (ctx->family == AF_INET) {
		__builtin_memcpy(e.saddr, ctx->saddr, 4);
		__builtin_memcpy(e.daddr, ctx->daddr, 4);
	} else {
		__builtin_memcpy(e.saddr, ctx->saddr6, 16);
		__builtin_memcpy(e.daddr, ctx->daddr6, 16);
	}
	e.error = BPF_CORE_READ((struct sock *)sk, sk_err);
	emit(&e.h, ctx->newstate == TCP_ESTABLISHED ? EV_CONNECT_OK : EV_CONNECT_FAIL, sizeof(e));
	return 0;
}
