//! One setting changed at a time: the check that speaks about it, and no check that does not, changes its
//! answer.

use std::collections::BTreeMap;
use std::path::Path;

use palisade_baseline::{Host, Options, State, builtin, run};
use palisade_testkit::skipped;

use crate::world;

/// What is changed.
#[derive(Debug)]
pub enum Change {
    /// The first text in the file becomes the second.
    Swap(&'static str, &'static str, &'static str),
    /// A line is added at the end.
    Add(&'static str, &'static str),
    /// A new file.
    Make(&'static str, u32, &'static str),
    /// Permissions.
    Mode(&'static str, u32),
    /// Somebody else's.
    Own(&'static str, u32),
    /// It is removed.
    Remove(&'static str),
    /// A link.
    Link(&'static str, &'static str),
    /// A package is installed.
    Install(&'static str),
    /// A package is taken away.
    Purge(&'static str),
}
use Change::{Add, Install, Link, Make, Mode, Own, Purge, Remove, Swap};

const SSHD: &str = "etc/ssh/sshd_config";
const SYSCTL: &str = "etc/sysctl.d/60-own.conf";
const AUTH: &str = "etc/pam.d/common-auth";
const NEW: &str = "etc/pam.d/common-password";

/// A change, and the checks that it makes not compliant.
#[rustfmt::skip]
pub const CHANGES: &[(Change, &[&str])] = &[
    (Swap(SSHD, "PermitRootLogin no", "PermitRootLogin yes"), &["ssh.permit_root_login"]),
    (Make("etc/ssh/sshd_config.d/a.conf", 0o600, "PermitRootLogin yes\n"), &["ssh.permit_root_login"]),
    (Add(SSHD, "Match User ann\n  PermitRootLogin yes\n"), &["ssh.permit_root_login"]),
    (Swap(SSHD, "PermitRootLogin no", "PermitRootLogin prohibit-password"), &["ssh.permit_root_login"]),
    (Swap(SSHD, "PermitEmptyPasswords no", "PermitEmptyPasswords yes"), &["ssh.permit_empty_passwords"]),
    (Swap(SSHD, "HostbasedAuthentication no", "HostbasedAuthentication yes"), &["ssh.hostbased_authentication"]),
    (Swap(SSHD, "IgnoreRhosts yes", "IgnoreRhosts no"), &["ssh.ignore_rhosts"]),
    (Swap(SSHD, "PermitUserEnvironment no", "PermitUserEnvironment yes"), &["ssh.permit_user_environment"]),
    (Swap(SSHD, "X11Forwarding no", "X11Forwarding yes"), &["ssh.x11_forwarding"]),
    (Swap(SSHD, "StrictModes yes", "StrictModes no"), &["ssh.strict_modes"]),
    (Swap(SSHD, "UsePAM yes", "UsePAM no"), &["ssh.use_pam"]),
    (Swap(SSHD, "MaxAuthTries 4", "MaxAuthTries 6"), &["ssh.max_auth_tries"]),
    (Swap(SSHD, "MaxSessions 10", "MaxSessions 50"), &["ssh.max_sessions"]),
    (Swap(SSHD, "LoginGraceTime 60", "LoginGraceTime 2m"), &["ssh.login_grace_time"]),
    (Swap(SSHD, "ClientAliveInterval 300", "ClientAliveInterval 0"), &["ssh.client_alive_interval"]),
    (Swap(SSHD, "LoginGraceTime 60", "LoginGraceTime 5m"), &["ssh.login_grace_time"]),
    (Swap(SSHD, "ClientAliveInterval 300", "ClientAliveInterval 1200"), &["ssh.client_alive_interval"]),
    (Swap(SSHD, "ClientAliveCountMax 3", "ClientAliveCountMax 9"), &["ssh.client_alive_count_max"]),
    (Swap(SSHD, "AllowTcpForwarding no", "AllowTcpForwarding yes"), &["ssh.tcp_forwarding"]),
    (Swap(SSHD, "AllowAgentForwarding no", "AllowAgentForwarding yes"), &["ssh.agent_forwarding"]),
    (Swap(SSHD, "PermitTunnel no", "PermitTunnel yes"), &["ssh.tunnel"]),
    (Swap(SSHD, "PrintLastLog yes", "PrintLastLog no"), &["ssh.print_last_log"]),
    (Swap(SSHD, "LogLevel INFO", "LogLevel QUIET"), &["ssh.log_level"]),
    (Swap(SSHD, "Banner /etc/issue.net", "Banner none"), &["ssh.banner"]),
    (Swap(SSHD, "aes256-ctr", "aes256-cbc"), &["ssh.ciphers"]),
    (Swap(SSHD, "hmac-sha2-256\n", "hmac-md5\n"), &["ssh.macs"]),
    (Swap(SSHD, "KexAlgorithms curve25519-sha256", "KexAlgorithms diffie-hellman-group1-sha1"), &["ssh.kex_algorithms"]),
    (Swap(SSHD, "AllowGroups ann\n", ""), &["ssh.limited_access"]),
    (Mode(SSHD, 0o644), &["ssh.config_files"]),
    (Swap(AUTH, "pam_unix.so\n", "pam_unix.so nullok\n"), &["pam.no_nullok"]),
    (Swap(AUTH, "deny=5", "deny=50"), &["pam.faillock_deny"]),
    (Swap(AUTH, "unlock_time=900", "unlock_time=5"), &["pam.faillock_unlock_time"]),
    (Swap(AUTH, "auth required pam_faillock.so preauth deny=5 unlock_time=900\n", ""),
        &["pam.faillock", "pam.faillock_deny", "pam.faillock_unlock_time"]),
    (Swap("etc/security/pwquality.conf", "minlen = 14", "minlen = 8"), &["pam.pwquality_minlen"]),
    (Swap(NEW, "remember=24", "remember=3"), &["pam.pwhistory"]),
    (Swap(NEW, "use_authtok yescrypt", "use_authtok md5"), &["pam.strong_hash"]),
    (Swap(NEW, "obscure use_authtok yescrypt", "obscure use_authtok yescrypt remember=5"), &["pam.no_weak_remember"]),
    (Swap("etc/pam.d/su", "auth required pam_wheel", "#auth required pam_wheel"), &["pam.su_restricted"]),
    (Swap("etc/passwd", "daemon:x:1:1::/usr/sbin:/usr/sbin/nologin", "daemon:x:1:1::/usr/sbin:/bin/sh"), &["accounts.system_without_shell"]),
    (Add("etc/passwd", "toor:x:0:999::/root:/usr/sbin/nologin\n"), &["accounts.only_root_is_zero", "accounts.root_password", "accounts.unique_uids"]),
    (Add("etc/group", "wheel:x:0:\n"), &["accounts.only_group_root_is_zero", "accounts.unique_gids"]),
    (Swap("etc/shadow", "ann:$6$a$b:", "ann::"), &["accounts.no_empty_password"]),
    (Swap("etc/shadow", "ann:$6$a$b:", "ann:$1$a$b:"), &["passwords.strong_digests"]),
    (Swap("etc/shadow", "ann:$6$a$b:", "ann:$y$j9T$a$b:"), &[]),
    (Swap("etc/shadow", "ann:$6$a$b:", "ann:$6$c$d:"), &[]),
    (Add("etc/passwd", "bob:x:1000:1000::/home/ann:/usr/sbin/nologin\n"), &["accounts.unique_uids"]),
    (Add("etc/group", "adm:x:1005:\n"), &["accounts.unique_group_names"]),
    (Swap("etc/shadow", ":1:90:7:30", ":1:9999:7:30"), &["passwords.existing_max_days"]),
    (Swap("etc/shadow", "19500:1", "99500:1"), &["passwords.changed_in_past"]),
    (Swap("etc/group", "shadow:x:42:", "shadow:x:42:ann"), &["accounts.shadow_group_empty"]),
    (Swap("etc/login.defs", "PASS_MAX_DAYS 365", "PASS_MAX_DAYS 99999"), &["passwords.max_days"]),
    (Swap("etc/login.defs", "PASS_MIN_DAYS 1", "PASS_MIN_DAYS 0"), &["passwords.min_days"]),
    (Swap("etc/login.defs", "PASS_WARN_AGE 7", "PASS_WARN_AGE 3"), &["passwords.warn_days"]),
    (Swap("etc/login.defs", "ENCRYPT_METHOD YESCRYPT", "ENCRYPT_METHOD MD5"), &["passwords.encrypt_method"]),
    (Swap("etc/login.defs", "UMASK 027", "UMASK 022"), &["passwords.umask"]),
    (Swap("etc/login.defs", "PATH=/usr/sbin", "PATH=.:/usr/sbin"), &["shell.root_path_whole"]),
    (Swap("etc/login.defs", "PATH=/usr/sbin", "PATH=/none:/usr/sbin"), &["shell.root_path_folders"]),
    (Swap("etc/default/useradd", "INACTIVE=30", "INACTIVE=-1"), &["passwords.inactive_days"]),
    (Swap("etc/profile", "umask 027", "umask 022"), &["shell.umask_profile"]),
    (Swap("etc/bash.bashrc", "umask 027", "umask 002"), &["shell.umask_bashrc"]),
    (Swap("etc/bashrc", "umask 027", "umask 002"), &["shell.umask_bashrc"]),
    (Swap("root/.bashrc", "umask 077", "umask 022"), &["shell.umask_root"]),
    (Swap("etc/profile", "TMOUT=600", "TMOUT=5000"), &["shell.timeout"]),
    (Swap("etc/profile", "declare -xr TMOUT=600\n", ""), &["shell.timeout"]),
    (Swap("etc/profile", "declare -xr", "declare -x"), &["shell.timeout"]),
    (Add("etc/issue", "Debian \\n \\l\n"), &["shell.banner_issue"]),
    (Mode("home/ann", 0o755), &["homes.mode"]),
    (Mode("home/ann", 0o770), &["homes.mode"]),
    (Mode("home/ann/.bashrc", 0o664), &["homes.dot_files_mode"]),
    (Mode("home/ann/.bash_history", 0o644), &["homes.dot_files_mode", "homes.history_mode"]),
    (Make("home/ann/.netrc", 0o600, "machine a\n"), &["homes.no_netrc"]),
    (Own("home/ann", 1), &["homes.owner"]),
    (Swap("etc/sudoers", "Defaults use_pty\n", ""), &["sudo.use_pty"]),
    (Swap("etc/sudoers", "Defaults logfile=/var/log/sudo.log\n", ""), &["sudo.logfile"]),
    (Swap("etc/sudoers.d/ann", "ALL=(ALL) ALL", "ALL=(ALL) NOPASSWD: ALL"), &["sudo.no_nopasswd"]),
    (Add("etc/sudoers", "Defaults:ann !authenticate\n"), &["sudo.authenticate"]),
    (Mode("etc/sudoers", 0o644), &["sudo.files"]),
    (Mode("etc/sudoers.d/ann", 0o644), &["sudo.files"]),
    (Mode("tmp", 0o777), &["files.sticky"]),
    (Mode("var/tmp", 0o777), &["files.sticky"]),
    (Mode("etc/motd", 0o664), &["files.motd"]),
    (Mode("etc/issue.net", 0o664), &["files.issue_net"]),
    (Mode("etc/group", 0o664), &["files.group"]),
    (Mode("etc/passwd", 0o664), &["files.passwd"]),
    (Mode("etc/shadow", 0o644), &["files.shadow"]),
    (Own("etc/group", 1), &["files.group"]),
    (Mode("etc/issue", 0o666), &["files.issue", "files.no_world_writable"]),
    (Mode("usr/bin/tool", 0o777), &["files.commands", "files.no_world_writable"]),
    (Mode("usr/sbin", 0o777), &["files.command_folders", "files.sticky", "shell.root_path_not_writable"]),
    (Mode("var/log/auth.log", 0o644), &["logs.auth", "logs.files"]),
    (Mode("etc/crontab", 0o644), &["cron.crontab"]),
    (Mode("etc/cron.daily", 0o755), &["cron.daily"]),
    (Mode("etc/cron.d", 0o755), &["cron.d"]),
    (Mode("etc/cron.hourly", 0o755), &["cron.hourly"]),
    (Mode("etc/cron.weekly", 0o755), &["cron.weekly"]),
    (Mode("etc/cron.monthly", 0o755), &["cron.monthly"]),
    (Mode("etc/cron.allow", 0o644), &["cron.cron_allow"]),
    (Remove("etc/cron.allow"), &["cron.cron_allow"]),
    (Make("etc/cron.deny", 0o600, ""), &["cron.cron_allow"]),
    (Remove("etc/systemd/system/multi-user.target.wants/cron.service"), &["cron.enabled"]),
    (Link("/dev/null", "etc/systemd/system/chrony.service"), &["services.time_sync"]),
    (Swap("etc/chrony.conf", "pool", "#pool"), &["services.chrony_servers"]),
    (Swap(SYSCTL, "kernel.randomize_va_space = 2", "kernel.randomize_va_space = 0"), &["kernel.aslr"]),
    (Swap(SYSCTL, "kernel.yama.ptrace_scope = 1", "kernel.yama.ptrace_scope = 0"), &["kernel.ptrace"]),
    (Make("etc/sysctl.d/99.conf", 0o644, "fs/suid_dumpable=2\n"), &["kernel.suid_dumpable"]),
    (Make("etc/sysctl.conf", 0o644, "net.ipv4.ip_forward=1\n"), &["network.ip_forward"]),
    (Swap(SYSCTL, "all.send_redirects = 0", "all.send_redirects = 1"), &["network.send_redirects_all"]),
    (Swap(SYSCTL, "default.accept_redirects = 0", "default.accept_redirects = 1"), &["network.accept_redirects_default"]),
    (Swap(SYSCTL, "all.rp_filter = 1", "all.rp_filter = 0"), &["network.rp_filter_all"]),
    (Swap(SYSCTL, "tcp_syncookies = 1", "tcp_syncookies = 0"), &["network.syncookies"]),
    (Link("/dev/null", "etc/modprobe.d/own.conf"), &["modules.cramfs", "modules.hfs", "modules.dccp", "modules.usb_storage", "modules.sctp", "modules.rds", "modules.tipc", "modules.firewire_core"]),
    (Swap("etc/modprobe.d/own.conf", "install cramfs /bin/false", "install cramfs /sbin/modprobe -i cramfs"), &["modules.cramfs"]),
    (Swap("etc/modprobe.d/own.conf", "install dccp /bin/false\nblacklist dccp\n", ""), &["modules.dccp"]),
    (Swap("etc/modprobe.d/own.conf", "install usb-storage /bin/false\nblacklist usb-storage\n", ""), &["modules.usb_storage"]),
    (Swap("etc/modprobe.d/own.conf", "install sctp /bin/true\nblacklist sctp\n", ""), &["modules.sctp"]),
    (Swap("etc/modprobe.d/own.conf", "install rds /bin/true", "install rds /bin/false"), &[]),
    (Swap("etc/modprobe.d/own.conf", "install rds /bin/true\n", ""), &["modules.rds"]),
    (Swap("etc/modprobe.d/own.conf", "install tipc /bin/true\nblacklist tipc\n", ""), &["modules.tipc"]),
    (Swap("etc/modprobe.d/own.conf", "install firewire-core /bin/true\nblacklist firewire-core\n", ""), &["modules.firewire_core"]),
    (Swap("etc/modprobe.d/own.conf", "install firewire-core /bin/true\n", ""), &["modules.firewire_core"]),
    (Swap("etc/fstab", "/home ext4 nodev,nosuid", "/home ext4 nosuid"), &["mounts.home_nodev"]),
    (Swap("etc/fstab", "/var/log ext4 nodev,nosuid,noexec", "/var/log ext4 nodev,nosuid"), &["mounts.var_log_noexec"]),
    (Swap("etc/fstab", "/dev/shm tmpfs nodev,nosuid,noexec", "/dev/shm tmpfs nodev,nosuid"), &["mounts.dev_shm_noexec"]),
    (Swap("etc/fstab", "/var/tmp ext4 nodev,nosuid", "/var/tmp ext4 nosuid"), &["mounts.var_tmp_nodev"]),
    (Swap("etc/fstab", "nodev,nosuid,noexec 0 0", "nodev,nosuid 0 0"), &["mounts.tmp_noexec"]),
    (Swap("etc/fstab", "/dev/b /home ext4 nodev,nosuid 0 2\n", ""), &["mounts.home"]),
    (Swap("etc/security/limits.d/own.conf", "hard core 0", "soft core 0"), &["kernel.core_limit"]),
    (Swap("etc/security/limits.d/own.conf", "* hard core 0\n", ""), &["kernel.core_limit"]),
    (Swap("etc/systemd/journald.conf", "Storage=persistent", "Storage=volatile"), &["logs.journal_persistent"]),
    (Swap("etc/audit/rules.d/own.rules", "-w /etc/shadow -p wa -k id\n", ""), &["audit.identity"]),
    (Swap("etc/audit/rules.d/own.rules", "-a always,exit -F arch=b32 -S init_module,finit_module,delete_module -k mod\n", ""), &["audit.modules"]),
    (Swap("etc/audit/rules.d/own.rules", "-e 2", "-e 1"), &["audit.immutable"]),
    (Swap("etc/audit/auditd.conf", "max_log_file = 8", "max_log_file = 2"), &["audit.max_log_file"]),
    (Make("etc/apt/apt.conf.d/99x", 0o644, "APT { Get { AllowUnauthenticated \"true\"; }; };\n"), &["packages.apt_authenticated"]),
    (Make("etc/apt/apt.conf.d/99x", 0o644, "APT::Get::AllowUnauthenticated \"true\";\n"), &["packages.apt_authenticated"]),
    (Swap("etc/apt/sources.list", "deb http", "deb [trusted=yes] http"), &["packages.apt_trusted"]),
    (Swap("boot/grub/grub.cfg", "password_pbkdf2", "#"), &["boot.password"]),
    (Swap("boot/grub/grub.cfg", "set superusers=\"root\"\n", ""), &["boot.password"]),
    (Mode("boot/grub/grub.cfg", 0o644), &["boot.config_file"]),
    (Swap("boot/grub/grub.cfg", " audit=1", ""), &["boot.audit"]),
    (Add("boot/grub/grub.cfg", "linux /vmlinuz mitigations=off audit=1\n"), &["boot.mitigations"]),
    (Swap("etc/nftables.conf", "hook input priority 0; policy drop", "hook input priority 0; policy accept"), &["firewall.input_denied"]),
    (Swap("etc/nftables.conf", "iif \"lo\" accept\n", ""), &["firewall.loopback"]),
    (Remove("etc/systemd/system/sysinit.target.wants/nftables.service"),
        &["firewall.active", "firewall.single", "firewall.input_denied", "firewall.forward_denied", "firewall.loopback"]),
    (Install("telnetd"), &["packages.no_telnet_server"]),
    (Install("telnet"), &["packages.no_telnet_client"]),
    (Install("rsh-client"), &["packages.no_rsh_client"]),
    (Install("rsh-server"), &["packages.no_rsh_server"]),
    (Install("nis"), &["packages.no_nis_client", "packages.no_nis_server"]),
    (Install("ypserv"), &["packages.no_nis_server"]),
    (Install("tftp-hpa"), &["packages.no_tftp_client"]),
    (Install("tftpd-hpa"), &["packages.no_tftp_server"]),
    (Install("atftpd"), &["packages.no_tftp_server"]),
    (Install("xinetd"), &["packages.no_xinetd"]),
    (Install("vsftpd"), &["packages.no_ftp_server"]),
    (Install("samba"), &["packages.no_samba"]),
    (Purge("libpam-runtime"), &["pam.runtime_package"]),
    (Purge("apparmor"), &["boot.apparmor_installed"]),
];

/// Checks that speak about a change that leaves all of them content: part of the change, and check.
const UNTURNED: [(&str, &str); 3] = [
    ("ann:$y$", "passwords.strong_digests"),
    ("ann:$6$c$d:", "passwords.strong_digests"),
    ("install rds /bin/false", "modules.rds"),
];

/// The checks that speak about a change.
pub fn concerned((change, expected): &(Change, &[&'static str])) -> Vec<&'static str> {
    let name = format!("{change:?}");
    let unturned = UNTURNED.iter().filter(|(part, _)| expected.is_empty() && name.contains(part));
    expected.iter().copied().chain(unturned.map(|(_, id)| *id)).collect()
}

/// Changes the root.
pub fn change(root: &Path, change: &Change) {
    let read = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
    let write = |path: &str, text: &str| std::fs::write(root.join(path), text).expect("writable");
    match change {
        Swap(path, old, new) => {
            let text = read(path);
            assert!(text.contains(old), "{path} holds no {old:?}");
            write(path, &text.replacen(old, new, 1));
        }
        Add(path, line) => write(path, &format!("{}{line}", read(path))),
        Make(path, mode, text) => {
            std::fs::create_dir_all(root.join(path).parent().expect("a parent")).expect("writable");
            write(path, text);
            world::chmod(root, path, *mode);
            if path.starts_with("home/ann/") {
                std::os::unix::fs::chown(root.join(path), Some(1000), Some(1000)).expect("root may");
            }
        }
        Mode(path, mode) => world::chmod(root, path, *mode),
        Own(path, uid) => std::os::unix::fs::chown(root.join(path), Some(*uid), None).expect("root may"),
        Remove(path) => std::fs::remove_file(root.join(path)).expect("it is there"),
        Link(target, path) => {
            let _ = std::fs::remove_file(root.join(path));
            std::os::unix::fs::symlink(target, root.join(path)).expect("a link");
        }
        Install(name) => {
            let status = "var/lib/dpkg/status";
            write(status, &format!("{}{}", read(status), world::package(name)));
        }
        Purge(name) => {
            let status = "var/lib/dpkg/status";
            write(status, &read(status).replace(&world::package(name), ""));
        }
    }
}

fn states(root: &Path) -> BTreeMap<String, (State, String)> {
    let host = Host::open(root, Options::default()).expect("opens");
    let profile = builtin().profile("server-level2").expect("there");
    let report = run(builtin(), profile, &host).expect("runs");
    report.findings.into_iter().map(|f| (f.id, (f.state, f.observed))).collect()
}

#[test]
fn one_changed_setting_changes_one_answer() {
    if !world::is_root() {
        return skipped("needs root: files are given to others");
    }
    let base = tempfile::tempdir().expect("a folder");
    world::build(base.path());
    let before = states(base.path());
    let mut wrong = Vec::new();
    for (c, expected) in CHANGES {
        for id in *expected {
            if before[*id].0 != State::Compliant {
                wrong.push(format!("{id} is {:?} before any change: {}", before[*id].0, before[*id].1));
            }
        }
        let root = tempfile::tempdir().expect("a folder");
        world::build(root.path());
        change(root.path(), c);
        let after = states(root.path());
        let turned: Vec<&str> = after
            .iter()
            .filter(|(id, (s, _))| *s == State::NotCompliant && before[*id].0 != State::NotCompliant)
            .map(|(id, _)| id.as_str())
            .collect();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        if turned != expected {
            wrong.push(format!("expected {expected:?}, turned {turned:?}"));
        }
    }
    println!("{} roots of one changed setting, {} checks each", CHANGES.len(), before.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(CHANGES.len() >= 60);
}
