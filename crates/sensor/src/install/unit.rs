//! The unit of systemd.

use std::path::Path;

use crate::cli::settings::Budget;

/// Its name.
pub const NAME: &str = "palisade-sensor.service";

/// What the sensor needs of root's power: programs in the kernel, their pins and the numbers of
/// tracepoints (`SYS_ADMIN`, also for the kernel's questions before it executes), a look at other users'
/// processes and files, an end for what a rule blocks where the kernel does not ask (`KILL`), and nothing
/// else that changes either.
const CAPABILITIES: &str = "CAP_BPF CAP_PERFMON CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_READ_SEARCH CAP_KILL";

/// The whole text. It depends on nothing but its arguments.
pub fn text(program: &Path, state_dir: &Path, instance: &str, budget: Budget) -> String {
    let Budget { cpu_percent, memory_mib, tasks } = budget;
    let memory_max = memory_mib + memory_mib / 2;
    let program = quoted(program);
    let state = quoted(state_dir);
    // systemd makes its own kind of folder anew if somebody deletes it.
    let writable = match state_dir.strip_prefix("/var/lib") {
        Ok(below) => format!("StateDirectory={}\nStateDirectoryMode=0711", quoted(below)),
        Err(_) => format!("ReadWritePaths={state}"),
    };
    format!(
        "# Written by `palisade-sensor install`; changes belong into a drop-in\n\
         # (`systemctl edit palisade-sensor`), since an upgrade writes this file anew.\n\
         [Unit]\n\
         Description=Palisade sensor\n\
         After=local-fs.target sys-fs-bpf.mount\n\
         Wants=sys-fs-bpf.mount\n\
         # It records before there is a network, and never stops trying.\n\
         StartLimitIntervalSec=0\n\
         \n\
         [Service]\n\
         Type=exec\n\
         ExecStart={program} run --state-dir {state} --instance {instance}\n\
         Restart=always\n\
         RestartSec=2\n\
         TimeoutStopSec=20\n\
         KillMode=mixed\n\
         UMask=0077\n\
         \n\
         # Its budget.\n\
         CPUAccounting=yes\n\
         CPUQuota={cpu_percent}%\n\
         MemoryAccounting=yes\n\
         MemoryHigh={memory_mib}M\n\
         MemoryMax={memory_max}M\n\
         MemorySwapMax=0\n\
         TasksMax={tasks}\n\
         OOMPolicy=continue\n\
         # What answers the kernel must not wait for a page from a disk.\n\
         LimitMEMLOCK=infinity\n\
         \n\
         # What it may do. Nothing here hides a file from it: it reads what it hashes.\n\
         CapabilityBoundingSet={CAPABILITIES}\n\
         NoNewPrivileges=yes\n\
         ProtectSystem=strict\n\
         {writable}\n\
         ProtectHome=read-only\n\
         ProtectControlGroups=yes\n\
         RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK\n\
         RestrictNamespaces=yes\n\
         RestrictRealtime=yes\n\
         RestrictSUIDSGID=yes\n\
         LockPersonality=yes\n\
         MemoryDenyWriteExecute=yes\n\
         SystemCallArchitectures=native\n\
         \n\
         [Install]\n\
         WantedBy=multi-user.target\n"
    )
}

/// A path as one word of a unit.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy().replace('%', "%%");
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-%+:@".contains(&b);
    if text.bytes().all(plain) {
        return text;
    }
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "$$"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_is_the_one_that_was_looked_at() {
        let made = text(
            Path::new("/opt/palisade/bin/palisade-sensor"),
            Path::new("/var/lib/palisade-sensor"),
            "0a1b2c3d",
            Budget::default(),
        );
        let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/src/install/palisade-sensor.service");
        if std::env::var_os("PALISADE_BLESS").is_some() {
            std::fs::write(kept, &made).expect("written");
        }
        assert_eq!(made, std::fs::read_to_string(kept).expect("there"), "PALISADE_BLESS=1 writes it anew");
    }

    #[test]
    fn odd_paths_stay_one_word() {
        assert_eq!(quoted(Path::new("/opt/100%")), "/opt/100%%");
        assert_eq!(quoted(Path::new("/opt/a b\"$c")), "\"/opt/a b\\\"$$c\"");
        let made = text(Path::new("/p"), Path::new("/data/palisade"), "i", Budget::default());
        assert!(made.contains("ReadWritePaths=/data/palisade\n") && !made.contains("StateDirectory"));
    }

    #[test]
    fn systemd_understands_every_line() {
        let dir = tempfile::TempDir::new().expect("dir");
        let unit = dir.path().join(NAME);
        let program = Path::new("/bin/true");
        std::fs::write(&unit, text(program, Path::new("/var/lib/palisade-sensor"), "i", Budget::default()))
            .expect("written");
        let verify = std::process::Command::new("systemd-analyze").arg("verify").arg(&unit).output();
        let Ok(out) = verify else {
            palisade_testkit::skipped("needs systemd-analyze");
            return;
        };
        let said = String::from_utf8_lossy(&out.stderr);
        // It also looks at the units of this machine; what it says of ours names our file.
        let ours: Vec<&str> = said.lines().filter(|l| l.contains(NAME)).collect();
        assert_eq!(ours, Vec::<&str>::new(), "{said}");
    }
}
