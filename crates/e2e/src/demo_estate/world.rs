//! The instance and the hosts.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use palisade_e2e::{Product, binary};
use palisade_testkit::hosts::{AtEnd, Disk, Key, Login, NamespaceHost, Network, SystemdGuest};

use crate::api::Api;
use crate::steps::Steps;

/// What fills the small disk of the second host.
pub const FILLER: &str = "/opt/palisade/old-backup.img";

/// Names of the three hosts, and of the entry that is none.
pub const NAMES: [&str; 3] = ["estate-a", "estate-b", "estate-c"];
pub const WINDOWS: &str = "estate-win";

/// Says a sensor's process on its host; `pgrep` sees those of other hosts in namespaces too.
pub const SENSOR_PID: &str = "sudo cat /var/lib/palisade-sensor/lock";

/// Ends an instance and removes its folder.
const END: &str = r#"
status=0
[ ! -e "$1/instance.json" ] || PALISADE_HOME=$1 "$2" down || status=$?
rm -rf "$1"
exit $status
"#;

/// Everything that the story plays on. Dropping it ends all of it, and so does the end of this process.
pub struct World {
    pub api: Api,
    pub product: Product,
    at_end: AtEnd,
    /// A host where everything is as it should be.
    pub a: NamespaceHost,
    /// A host whose disk is too small.
    pub b: NamespaceHost,
    /// A virtual machine with systemd.
    pub c: SystemdGuest,
    pub key: Key,
    pub network: Network,
}

impl World {
    /// Raises all of it; a guest boots while the rest comes up.
    pub fn raise(steps: &mut Steps) -> Result<Self> {
        let parts = (|| {
            let (network, key) = (Network::raise()?, Key::make()?);
            let c = SystemdGuest::start(&network, &key, NAMES[2])?;
            Ok((network, key, c))
        })();
        let what = "a bridge is there, and a virtual machine boots";
        let (network, key, mut c) = steps.must(
            what,
            parts.map(|p: (Network, _, _)| {
                let found = p.0.gateway().to_string();
                (p, found)
            }),
        )?;
        let (product, at_end, api) = steps.must("an instance of the product is up", instance(&network))?;
        let hosts = (|| {
            let a = NamespaceHost::raise(&network, &key, NAMES[0], &[])?;
            let disk = Disk { path: "opt/palisade".into(), mebibytes: 200 };
            let b = NamespaceHost::raise(&network, &key, NAMES[1], &[disk])?;
            b.login().say(&format!("sudo fallocate -l 180MiB {FILLER}"))?;
            let found =
                format!("{} is {}, {} is {}", a.name(), a.login().address(), b.name(), b.login().address());
            Ok(((a, b), found))
        })();
        let (a, b) = steps.must("two hosts in namespaces let us in", hosts)?;
        let booted = c.wait_ready().and_then(|()| {
            let systemd = c.login().say("systemctl --version | head -1; uname -r")?;
            let words: Vec<&str> = systemd.lines().collect();
            Ok(((), format!("{} is {}, {}", c.name(), c.login().address(), words.join(", kernel "))))
        });
        steps.must("the virtual machine lets us in", booted)?;
        Ok(Self { api, product, at_end, a, b, c, key, network })
    }

    /// How the three hosts are reached, in the order of [`NAMES`].
    pub fn logins(&self) -> [&Login; 3] {
        [self.a.login(), self.b.login(), self.c.login()]
    }

    /// Runs a command of the product and shows it with what it printed.
    pub fn palisade(&self, steps: &Steps, arguments: &[&str]) -> Result<String> {
        let printed = self.asked(arguments)?;
        steps.note(&format!("$ palisade {}", arguments.join(" ")));
        steps.note(&printed);
        Ok(printed)
    }

    /// The same without showing it.
    pub fn asked(&self, arguments: &[&str]) -> Result<String> {
        let out = self.product.palisade(arguments).output()?;
        let printed = String::from_utf8_lossy(&out.stdout).into_owned();
        let said = String::from_utf8_lossy(&out.stderr);
        ensure!(out.status.success(), "palisade {}: {said}{printed}", arguments.join(" "));
        Ok(printed)
    }

    /// Prints what the estate looks like.
    pub fn table(&self, steps: &mut Steps) {
        let Ok(machines) = self.api.machines() else { return };
        for m in machines {
            let findings = self.api.findings(&m.id).unwrap_or_default();
            let codes: Vec<_> = findings.iter().map(|f| format!("{} ({})", f.code, f.kind)).collect();
            steps.note(&format!(
                "{:<11} {:<15} extension {:<8} {}",
                m.name,
                m.status,
                m.extension,
                codes.join(", ")
            ));
        }
    }

    /// Leaves everything running until somebody has seen enough.
    pub fn keep(&self, steps: &mut Steps) {
        let home = self.product.home().display();
        steps.note(&format!(
            "\nIt goes on running. The product: PALISADE_HOME={home} {} …\n{}",
            binary("palisade").display(),
            self.product.printed().trim_end()
        ));
        for (name, login) in NAMES.iter().zip(self.logins()) {
            let key = self.key.private_file();
            steps.note(&format!(
                "{name}: ssh -i {} -o UserKnownHostsFile={} {}@{}",
                key.display(),
                login.known_hosts().display(),
                login.user(),
                login.address()
            ));
        }
        steps.note("Enter or Ctrl-C ends all of it.");
        // The end of input, as without a terminal, ends it too.
        let _ = std::io::stdin().read(&mut [0]);
    }

    /// Ends all of it, and looks whether something is left.
    pub fn end(self, steps: &mut Steps) -> Result<()> {
        let links =
            [self.network.bridge(), self.a.cable().link(), self.b.cable().link(), self.c.cable().link()];
        let mut gone: Vec<PathBuf> = links.iter().map(|l| Path::new("/sys/class/net").join(l)).collect();
        gone.extend([self.a.cgroup(), self.b.cgroup()].map(Path::to_owned));
        gone.extend(
            [self.a.folder(), self.b.folder(), self.c.folder(), self.product.home()].map(Path::to_owned),
        );
        gone.push(format!("/proc/{}", self.c.pid()).into());
        let Self { product, at_end, a, b, c, network, .. } = self;
        let ended = (|| {
            at_end.now().context("the instance")?;
            drop(product);
            a.end()?;
            b.end()?;
            c.end()?;
            drop(network);
            let left: Vec<_> = gone.iter().filter(|p| p.exists()).collect();
            ensure!(left.is_empty(), "left: {left:?}");
            Ok(((), String::new()))
        })();
        steps.must("all of it has ended and nothing is left", ended)
    }
}

type Instance = (Product, AtEnd, Api);

/// An instance whose sensors' door is open to the bridge. It offers the sensor, and runs none itself:
/// that one would see all hosts that share its kernel.
fn instance(network: &Network) -> Result<(Instance, String)> {
    let mut product = Product::not_up();
    let bin = product.home().join("bin");
    let at_end = AtEnd::run(END, [product.home(), &binary("palisade")])?;
    std::fs::create_dir_all(&bin)?;
    std::fs::copy(binary("palisade-sensor"), bin.join("palisade-sensor"))?;
    let door = network.gateway().to_string();
    let printed = product.start_by(false, |command| {
        command.args(["--listen", &door]);
        Ok(())
    })?;
    let found = printed.lines().next().unwrap_or_default().trim_start_matches("up: ").to_owned();
    product.set_printed(printed);
    let api = Api::of(&product)?;
    Ok(((product, at_end, api), found))
}
