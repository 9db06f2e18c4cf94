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

/// Names of the hosts, and of the entry that is none.
pub const NAMES: [&str; 4] = ["estate-a", "estate-b", "estate-c", "estate-d"];
pub const WINDOWS: &str = "estate-win";

/// The further region, and the tenant that lives there.
pub const REGION: &str = "eu";
pub const PARTNER: &str = "Partner";

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
    /// A host whose subscription goes to another tenant.
    pub d: NamespaceHost,
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
        let (product, at_end) = steps.must("an instance of the product is up", instance(&network))?;
        let api = steps.must("it has a further region, and a tenant that lives there", further(&product))?;
        let hosts = (|| {
            let a = NamespaceHost::raise(&network, &key, NAMES[0], &[])?;
            let disk = Disk { path: "opt/palisade".into(), mebibytes: 200 };
            let b = NamespaceHost::raise(&network, &key, NAMES[1], &[disk])?;
            b.login().say(&format!("sudo fallocate -l 180MiB {FILLER}"))?;
            let d = NamespaceHost::raise(&network, &key, NAMES[3], &[])?;
            let found = [&a, &b, &d].map(|h| format!("{} is {}", h.name(), h.login().address())).join(", ");
            Ok(((a, b, d), found))
        })();
        let (a, b, d) = steps.must("three hosts in namespaces let us in", hosts)?;
        let booted = c.wait_ready().and_then(|()| {
            let systemd = c.login().say("systemctl --version | head -1; uname -r")?;
            let words: Vec<&str> = systemd.lines().collect();
            Ok(((), format!("{} is {}, {}", c.name(), c.login().address(), words.join(", kernel "))))
        });
        steps.must("the virtual machine lets us in", booted)?;
        Ok(Self { api, product, at_end, a, b, c, d, key, network })
    }

    /// How the hosts are reached, in the order of [`NAMES`].
    pub fn logins(&self) -> [&Login; 4] {
        [self.a.login(), self.b.login(), self.c.login(), self.d.login()]
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
        let shared = [&self.a, &self.b, &self.d];
        let mut links = vec![self.network.bridge(), self.c.cable().link()];
        links.extend(shared.iter().map(|h| h.cable().link()));
        let mut gone: Vec<PathBuf> = links.iter().map(|l| Path::new("/sys/class/net").join(l)).collect();
        gone.extend(shared.iter().flat_map(|h| [h.cgroup(), h.folder()]).map(Path::to_owned));
        gone.extend([self.c.folder(), self.product.home()].map(Path::to_owned));
        gone.push(format!("/proc/{}", self.c.pid()).into());
        let Self { product, at_end, a, b, c, d, network, .. } = self;
        let ended = (|| {
            at_end.now().context("the instance")?;
            drop(product);
            a.end()?;
            b.end()?;
            c.end()?;
            d.end()?;
            drop(network);
            let left: Vec<_> = gone.iter().filter(|p| p.exists()).collect();
            ensure!(left.is_empty(), "left: {left:?}");
            Ok(((), String::new()))
        })();
        steps.must("all of it has ended and nothing is left", ended)
    }
}

/// An instance whose sensors' doors are open to the bridge. It offers the sensor, and runs none itself:
/// that one would see all hosts that share its kernel.
fn instance(network: &Network) -> Result<((Product, AtEnd), String)> {
    let mut product = Product::not_up();
    let at_end = AtEnd::run(END, [product.home(), &binary("palisade")])?;
    let door = network.gateway().to_string();
    let printed = product.start_by(false, |command| {
        command.args(["--listen", &door, "--offer"]).arg(binary("palisade-sensor"));
        Ok(())
    })?;
    let found = printed.lines().next().unwrap_or_default().trim_start_matches("up: ").to_owned();
    product.set_printed(printed);
    Ok(((product, at_end), found))
}

/// A region with a database and doors of its own, and a tenant in it.
fn further(product: &Product) -> Result<(Api, String)> {
    let mut found = Vec::new();
    for arguments in [&["region", "add", REGION][..], &["tenant", "create", PARTNER, "--region", REGION]] {
        let out = product.palisade(arguments).output()?;
        let said = String::from_utf8_lossy(&out.stderr);
        ensure!(out.status.success(), "palisade {}: {said}", arguments.join(" "));
        let printed = String::from_utf8_lossy(&out.stdout).into_owned();
        // What follows of a tenant is its set-up link.
        found.push(printed.lines().next().unwrap_or_default().to_owned());
    }
    Ok((Api::of(product)?, found.join("; ")))
}
