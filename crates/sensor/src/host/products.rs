//! Other security products: facts from files, packages of rpm by the estate's own script, which also
//! serves machines without a sensor, recognised by the estate's catalogue.

use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use palisade_estate::edr::{self, HostFacts, Section};
use palisade_estate::provision::Product;

use super::fanotify;
use crate::install::Layout;

/// A package database may be slow; a script that takes longer is given up.
const LIMIT: Duration = Duration::from_secs(60);

/// What stands beside the sensor.
#[derive(Debug, Default)]
pub struct Beside {
    /// The products that are on the machine.
    pub products: Vec<Product>,
    /// A process that answers permission requests of fanotify.
    pub fanotify_user: Option<String>,
    /// What both were recognised by.
    pub facts: HostFacts,
}

/// Looks for other products. No command of theirs is run.
pub fn beside(layout: &Layout) -> Beside {
    let mut facts = seen(layout);
    // An rpm database is read by rpm, which only the script asks.
    if facts.blind.contains_key(&Section::Packages) {
        match self::facts(layout) {
            Ok(by_script) => facts.packages = by_script.packages,
            Err(why) => tracing::warn!(%why, "packages cannot be looked for"),
        }
    }
    let (products, fanotify_user) = (edr::products(&facts), edr::fanotify_user(&facts));
    Beside { products, fanotify_user, facts }
}

/// What files alone say of other products, and who watches files. Starts no process.
pub fn seen(layout: &Layout) -> HostFacts {
    let mut facts = crate::device::products::gather(layout.other_root());
    if layout.other_root().is_none() {
        facts.fanotify = fanotify::users();
    }
    if facts.image || !facts.root {
        let why = "only root can see who watches files of a running machine";
        facts.blind.insert(Section::Fanotify, why.into());
    }
    facts
}

fn facts(layout: &Layout) -> Result<HostFacts, String> {
    let mut command = Command::new("sh");
    command.arg("-s").env("PALISADE_FACTS_COMMANDS", "no").current_dir("/");
    if let Some(root) = layout.other_root() {
        command.env("PALISADE_ROOT", root);
    }
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| format!("sh: {e}"))?;
    let mut input = child.stdin.take().ok_or("no input")?;
    let mut output = child.stdout.take().ok_or("no output")?;
    // One thread feeds and one reads, so that neither pipe fills up while the other is waited for.
    let feeding = std::thread::spawn(move || input.write_all(edr::SCRIPT.as_bytes()));
    let reading = std::thread::spawn(move || {
        let mut text = Vec::new();
        let _ = Read::take(&mut output, edr::MAX_BYTES as u64).read_to_end(&mut text);
        text
    });
    let until = Instant::now() + LIMIT;
    loop {
        match child.try_wait() {
            Ok(Some(_)) => break,
            Ok(None) if Instant::now() < until => std::thread::sleep(Duration::from_millis(20)),
            ended => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(ended.err().map_or_else(|| "it does not end".into(), |e| e.to_string()));
            }
        }
    }
    let _ = feeding.join();
    let text = reading.join().map_err(|_| "it cannot be read")?;
    edr::parse(&text).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_is_found_in_a_file_system() {
        let dir = tempfile::TempDir::new().expect("dir");
        let layout = Layout::new(Some(dir.path()));
        assert!(beside(&layout).products.is_empty());
        std::fs::create_dir_all(dir.path().join("var/lib/dpkg")).expect("made");
        let status = "Package: mdatp\nStatus: install ok installed\nVersion: 101.1\n\n";
        std::fs::write(dir.path().join("var/lib/dpkg/status"), status).expect("written");
        let found = beside(&layout).products;
        assert!(found.len() == 1 && found[0].evidence.contains("mdatp"), "{found:?}");
    }

    #[test]
    fn this_machine_can_be_looked_at() {
        let facts = facts(&Layout::new(None)).expect("facts");
        assert!(facts.complete && !facts.image, "{facts:?}");
    }
}
