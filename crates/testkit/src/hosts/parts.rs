//! Commands, waiting, and the parts of hosts that scripts of this repository fetch or build.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::ssh::Key;

/// Runs a command to its end; its output, and with an error all that it said.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let out = command.stdin(Stdio::null()).output().with_context(|| format!("running {name}"))?;
    let printed = String::from_utf8_lossy(&out.stdout).into_owned();
    ensure!(
        out.status.success(),
        "{name} {:?}: {}: {}{printed}",
        command.get_args().collect::<Vec<_>>(),
        out.status,
        String::from_utf8_lossy(&out.stderr)
    );
    Ok(printed)
}

/// Asks again and again until there is a value; the last error where there is none in time.
pub(crate) fn until<T>(limit: Duration, mut ask: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(value) = ask()? {
            return Ok(value);
        }
        if Instant::now() > end {
            bail!("waited {limit:?} in vain");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn script(name: &str, arguments: &[&str]) -> Result<String> {
    let script = crate::repository().join("scripts").join(name);
    run(Command::new(script).args(arguments))
}

/// A root file system: `folder` or `image`, as `scripts/rootfs.sh` knows them.
pub(crate) fn rootfs(kind: &str) -> Result<PathBuf> {
    Ok(PathBuf::from(script("rootfs.sh", &[kind])?.trim()))
}

/// A kernel of Debian's: its image, and the folder of its modules.
pub(crate) fn kernel(series: &str) -> Result<(PathBuf, PathBuf)> {
    let printed = script("kernels.sh", &[])?;
    let image = printed.lines().find_map(|l| l.strip_prefix(series)?.strip_prefix(' '));
    let image = PathBuf::from(image.with_context(|| format!("kernels.sh knows no {series}"))?);
    let modules = image.parent().and_then(Path::parent).context("a kernel lies below boot")?;
    Ok((image.clone(), modules.join("lib/modules")))
}

/// A new folder for a host below the system's temporary one. Nobody removes it yet.
pub(crate) fn folder() -> Result<PathBuf> {
    Ok(tempfile::Builder::new().prefix("pal-host-").tempdir()?.keep())
}

/// Writes what makes a root file system this host's, relative to `root`; the host's public key.
pub(crate) fn personalise(root: &Path, name: &str, key: &Key) -> Result<String> {
    let ssh = root.join("etc/ssh");
    fs::create_dir_all(&ssh)?;
    let host_key = ssh.join("ssh_host_ed25519_key");
    run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", name, "-f"]).arg(&host_key))?;
    fs::write(root.join("etc/hostname"), format!("{name}\n"))?;
    fs::write(root.join("etc/hosts"), format!("127.0.0.1 localhost {name}\n::1 localhost {name}\n"))?;
    fs::write(root.join("etc/machine-id"), format!("{}\n", uuid::Uuid::new_v4().simple()))?;
    // Names are in the file above; a resolver that is not there would be waited for.
    fs::write(root.join("etc/resolv.conf"), "")?;
    let keys = root.join("home/deploy/.ssh");
    fs::create_dir_all(&keys)?;
    fs::write(keys.join("authorized_keys"), key.public())?;
    // Folders here take the place of those below them, whatever this process's mask is.
    for folder in ["", "etc", "etc/ssh", "home", "home/deploy"] {
        fs::set_permissions(root.join(folder), fs::Permissions::from_mode(0o755))?;
    }
    fs::set_permissions(&keys, fs::Permissions::from_mode(0o700))?;
    for path in [&root.join("home/deploy"), &keys, &keys.join("authorized_keys")] {
        std::os::unix::fs::chown(path, Some(1000), Some(1000))?;
    }
    let public = fs::read_to_string(ssh.join("ssh_host_ed25519_key.pub"))?;
    let mut words = public.split_whitespace();
    let (kind, body) = (words.next().context("a key")?, words.next().context("a key")?);
    Ok(format!("{kind} {body}"))
}
