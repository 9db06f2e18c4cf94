//! A small root of Debian 12 that meets every check that the mutations touch, made from nothing, and the
//! changes of one setting each.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// Path, permissions, content. A content that begins with `-> ` is a link.
pub const FILES: &[(&str, u32, &str)] = &[
    ("etc/os-release", 0o644, "ID=debian\nVERSION_ID=\"12\"\n"),
    (
        "etc/passwd",
        0o644,
        "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\n\
        ann:x:1000:1000::/home/ann:/bin/bash\nnobody:x:65534:65534::/:/usr/sbin/nologin\n",
    ),
    (
        "etc/shadow",
        0o640,
        "root:*:19000:1:365:7:30::\ndaemon:*:19000:1:365:7:30::\nann:$6$a$b:19500:1:90:7:30::\nnobody:*:19000:1:365:7:30::\n",
    ),
    (
        "etc/group",
        0o644,
        "root:x:0:\ndaemon:x:1:\nadm:x:4:\nshadow:x:42:\nstaff:x:50:\nutmp:x:43:\nsugroup:x:999:\n\
        ann:x:1000:\nnogroup:x:65534:\n",
    ),
    ("etc/gshadow", 0o640, "root:*::\n"),
    ("etc/shells", 0o644, "/bin/sh\n/bin/bash\n"),
    ("etc/motd", 0o644, "Property of nobody.\n"),
    ("etc/issue", 0o644, "Authorised use only.\n"),
    ("etc/issue.net", 0o644, "Authorised use only.\n"),
    (
        "etc/login.defs",
        0o644,
        "PASS_MAX_DAYS 365\nPASS_MIN_DAYS 1\nPASS_WARN_AGE 7\nENCRYPT_METHOD YESCRYPT\n\
        UMASK 027\nFAIL_DELAY 4\nCREATE_HOME yes\nENV_SUPATH PATH=/usr/sbin:/usr/bin\n",
    ),
    ("etc/default/useradd", 0o644, "INACTIVE=30\n"),
    ("etc/profile", 0o644, "umask 027\ndeclare -xr TMOUT=600\n"),
    ("etc/bash.bashrc", 0o644, "umask 027\n"),
    ("etc/bashrc", 0o644, "umask 027\n"),
    ("etc/security/pwquality.conf", 0o644, "minlen = 14\ndifok = 2\nmaxrepeat = 3\nmaxsequence = 3\n"),
    ("etc/default/grub", 0o644, "GRUB_CMDLINE_LINUX=\"audit=1\"\n"),
    ("usr/lib/systemd/system/auditd.service", 0o644, "[Service]\nExecStartPost=-/sbin/augenrules --load\n"),
    ("root/.bashrc", 0o600, "umask 077\n"),
    ("home/ann/.bashrc", 0o640, "# own\n"),
    ("home/ann/.bash_history", 0o600, "ls\n"),
    (
        "etc/ssh/sshd_config",
        0o600,
        "Include /etc/ssh/sshd_config.d/*.conf\nPermitRootLogin no\n\
        PermitEmptyPasswords no\nHostbasedAuthentication no\nIgnoreRhosts yes\nPermitUserEnvironment no\n\
        X11Forwarding no\nStrictModes yes\nUsePAM yes\nMaxAuthTries 4\nMaxSessions 10\nMaxStartups 10:30:60\n\
        LoginGraceTime 60\nClientAliveInterval 300\nClientAliveCountMax 3\nLogLevel INFO\n\
        Banner /etc/issue.net\nGSSAPIAuthentication no\nAllowTcpForwarding no\nAllowGroups ann\n\
        Ciphers aes256-gcm@openssh.com,aes256-ctr\nMACs hmac-sha2-512,hmac-sha2-256\n\
        AllowAgentForwarding no\nPermitTunnel no\nPrintLastLog yes\nKexAlgorithms curve25519-sha256\n",
    ),
    (
        "etc/pam.d/common-auth",
        0o644,
        "auth required pam_faillock.so preauth deny=5 unlock_time=900\n\
        auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
    ),
    (
        "etc/pam.d/common-password",
        0o644,
        "password requisite pam_pwquality.so retry=3\n\
        password requisite pam_pwhistory.so remember=24 use_authtok\n\
        password [success=1 default=ignore] pam_unix.so obscure use_authtok yescrypt\npassword requisite pam_deny.so\n",
    ),
    (
        "etc/pam.d/su",
        0o644,
        "auth sufficient pam_rootok.so\nauth required pam_wheel.so use_uid group=sugroup\n\
        @include common-auth\n",
    ),
    (
        "etc/sudoers",
        0o440,
        "Defaults use_pty\nDefaults logfile=/var/log/sudo.log\nDefaults timestamp_timeout=5\n\
        root ALL=(ALL:ALL) ALL\n@includedir /etc/sudoers.d\n",
    ),
    ("etc/sudoers.d/ann", 0o440, "ann ALL=(ALL) ALL\n"),
    ("etc/crontab", 0o600, "# m h\n"),
    ("etc/cron.allow", 0o640, ""),
    (
        "etc/sysctl.d/60-own.conf",
        0o644,
        "kernel.randomize_va_space = 2\nkernel.yama.ptrace_scope = 1\n\
        fs.suid_dumpable = 0\nkernel.kptr_restrict = 1\nkernel.dmesg_restrict = 1\nfs.protected_hardlinks = 1\n\
        fs.protected_symlinks = 1\nkernel.unprivileged_bpf_disabled = 1\nnet.ipv4.ip_forward = 0\n\
        net.ipv4.conf.all.send_redirects = 0\nnet.ipv4.conf.default.send_redirects = 0\n\
        net.ipv4.conf.all.accept_redirects = 0\nnet.ipv4.conf.default.accept_redirects = 0\n\
        net.ipv4.conf.all.rp_filter = 1\nnet.ipv4.conf.default.rp_filter = 1\nnet.ipv4.tcp_syncookies = 1\n\
        net.ipv4.conf.all.log_martians = 1\nnet.ipv4.conf.all.accept_source_route = 0\n\
        net.ipv4.icmp_echo_ignore_broadcasts = 1\nnet.ipv4.icmp_ignore_bogus_error_responses = 1\n",
    ),
    (
        "etc/modprobe.d/own.conf",
        0o644,
        "install cramfs /bin/false\nblacklist cramfs\ninstall hfs /bin/true\n\
        blacklist hfs\ninstall dccp /bin/false\nblacklist dccp\ninstall usb-storage /bin/false\nblacklist usb-storage\n\
        install sctp /bin/true\nblacklist sctp\ninstall rds /bin/true\nblacklist rds\ninstall tipc /bin/true\n\
        blacklist tipc\ninstall firewire-core /bin/true\nblacklist firewire-core\n",
    ),
    (
        "etc/fstab",
        0o644,
        "/dev/a / ext4 defaults 0 1\ntmpfs /tmp tmpfs nodev,nosuid,noexec 0 0\n\
        tmpfs /dev/shm tmpfs nodev,nosuid,noexec 0 0\n/dev/d /var/tmp ext4 nodev,nosuid,noexec 0 2\n\
        /dev/b /home ext4 nodev,nosuid 0 2\n/dev/c /var/log ext4 nodev,nosuid,noexec 0 2\n",
    ),
    ("etc/security/limits.conf", 0o644, "# none\n"),
    ("etc/security/limits.d/own.conf", 0o644, "* hard core 0\n"),
    ("etc/systemd/journald.conf", 0o644, "[Journal]\nStorage=persistent\nCompress=yes\n"),
    (
        "etc/audit/rules.d/own.rules",
        0o640,
        "-w /etc/passwd -p wa -k id\n-w /etc/shadow -p wa -k id\n-w /etc/group -p wa -k id\n\
        -w /etc/gshadow -p wa -k id\n-w /etc/security/opasswd -p wa -k id\n-w /etc/sudoers -p wa -k act\n\
        -w /etc/sudoers.d/ -p wa -k act\n-a always,exit -F arch=b64 -S init_module,finit_module,delete_module -k mod\n\
        -a always,exit -F arch=b32 -S init_module,finit_module,delete_module -k mod\n-e 2\n",
    ),
    ("etc/audit/auditd.conf", 0o640, "max_log_file = 8\nmax_log_file_action = keep_logs\n"),
    ("etc/apt/apt.conf.d/20auto", 0o644, "APT::Periodic::Unattended-Upgrade \"1\";\n"),
    ("etc/apt/sources.list", 0o644, "deb http://deb.debian.org/debian bookworm main\n"),
    (
        "boot/grub/grub.cfg",
        0o600,
        "set superusers=\"root\"\npassword_pbkdf2 root grub.pbkdf2.sha512.1.a.b\nlinux /vmlinuz root=/dev/a audit=1\n",
    ),
    (
        "etc/nftables.conf",
        0o644,
        "table inet f {\nchain in {\ntype filter hook input priority 0; policy drop;\niif \"lo\" accept\n}\n\
        chain fwd {\ntype filter hook forward priority 0; policy drop;\n}\n}\n",
    ),
    ("usr/lib/systemd/system/nftables.service", 0o644, "[Service]\n"),
    (
        "etc/systemd/system/sysinit.target.wants/nftables.service",
        0,
        "-> /usr/lib/systemd/system/nftables.service",
    ),
    ("usr/lib/systemd/system/cron.service", 0o644, "[Service]\n"),
    ("etc/systemd/system/multi-user.target.wants/cron.service", 0, "-> /usr/lib/systemd/system/cron.service"),
    ("usr/lib/systemd/system/chrony.service", 0o644, "[Service]\n"),
    (
        "etc/systemd/system/multi-user.target.wants/chrony.service",
        0,
        "-> /usr/lib/systemd/system/chrony.service",
    ),
    ("etc/chrony.conf", 0o644, "pool ntp.example.org iburst\n"),
    ("var/log/auth.log", 0o640, ""),
    ("var/log/syslog", 0o640, ""),
    ("usr/sbin/tool", 0o755, ""),
    ("usr/bin/tool", 0o755, ""),
];

/// Packages that are installed.
const PACKAGES: [&str; 13] = [
    "openssh-server",
    "sudo",
    "cron",
    "libpam-modules",
    "libpam-runtime",
    "libpam-pwquality",
    "auditd",
    "chrony",
    "nftables",
    "unattended-upgrades",
    "apparmor",
    "rsyslog",
    "systemd",
];

/// Makes the root.
pub fn build(root: &Path) {
    for (path, mode, content) in FILES {
        let at = root.join(path);
        std::fs::create_dir_all(at.parent().expect("a parent")).expect("writable");
        if let Some(target) = content.strip_prefix("-> ") {
            std::os::unix::fs::symlink(target, &at).expect("a link");
            continue;
        }
        std::fs::write(&at, content).expect("writable");
        chmod(root, path, *mode);
    }
    let status: String = PACKAGES.iter().map(|p| package(p)).collect();
    std::fs::create_dir_all(root.join("var/lib/dpkg")).expect("writable");
    std::fs::write(root.join("var/lib/dpkg/status"), status).expect("writable");
    for folder in ["etc/cron.d", "etc/cron.daily", "etc/cron.hourly", "etc/cron.weekly", "etc/cron.monthly"] {
        std::fs::create_dir_all(root.join(folder)).expect("writable");
        chmod(root, folder, 0o700);
    }
    for folder in ["tmp", "var/tmp"] {
        std::fs::create_dir_all(root.join(folder)).expect("writable");
        chmod(root, folder, 0o1777);
    }
    chmod(root, "home/ann", 0o750);
    chmod(root, "root", 0o700);
    // Whose files these are only root can say.
    if is_root() {
        for path in ["etc/shadow", "etc/gshadow"] {
            std::os::unix::fs::chown(root.join(path), Some(0), Some(42)).expect("root may");
        }
        for path in ["home/ann", "home/ann/.bashrc", "home/ann/.bash_history"] {
            std::os::unix::fs::chown(root.join(path), Some(1000), Some(1000)).expect("root may");
        }
    }
}

/// A paragraph of dpkg's status.
pub fn package(name: &str) -> String {
    format!("Package: {name}\nStatus: install ok installed\nVersion: 1:9.2p1-2\nArchitecture: amd64\n\n")
}

/// Sets permissions.
pub fn chmod(root: &Path, path: &str, mode: u32) {
    std::fs::set_permissions(root.join(path), std::fs::Permissions::from_mode(mode)).expect("ours");
}

/// Whether the test may give files away.
pub fn is_root() -> bool {
    // SAFETY: it only tells a number.
    unsafe { libc::geteuid() == 0 }
}
