//! `palisade vuln match`.

mod feeds;
mod show;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use palisade_inventory::{Options, Root, Scanner, SourceState};
use palisade_vuln::{MAX_INVENTORY, Presence, ReadInventory, from_inventory, read};

use crate::cli::{Format, output};

/// The exit code when something was left out.
const SOME_LEFT_OUT: u8 = 3;
/// How many things that were left out are named one by one.
const NAMED: usize = 50;

#[derive(Args)]
pub struct MatchArgs {
    /// The inventory: CycloneDX JSON 1.4 to 1.6, SPDX JSON 2.2 or 2.3, or what `palisade-sensor inventory --json`
    /// prints; `-` is standard input.
    #[arg(long, required_unless_present_any = ["host", "root"], conflicts_with_all = ["host", "root"])]
    inventory: Option<PathBuf>,
    /// Take the inventory of this machine now.
    #[arg(long)]
    host: bool,
    /// Take the inventory of another root file system, of which nothing runs.
    #[arg(long, conflicts_with = "host")]
    root: Option<PathBuf>,
    /// The feeds: a folder of files in any known format, packed or not, or the folder where an instance keeps them.
    #[arg(long)]
    feeds: PathBuf,
    /// How findings are printed.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    /// Leave out kernels that do not run.
    #[arg(long)]
    running_kernel_only: bool,
}

/// Matches and prints.
///
/// # Errors
/// What kept it from doing anything.
pub fn run(args: &MatchArgs) -> Result<ExitCode> {
    let inventory = match &args.inventory {
        Some(path) => of_file(path)?,
        None => of_root(args.root.as_deref().unwrap_or(Path::new("/")))?,
    };
    let loaded = feeds::load(&args.feeds)?;
    let mut left_out = loaded.faults.len();
    name(&loaded.faults.iter().map(ToString::to_string).collect::<Vec<_>>());
    left_out += inventory.bad.len();
    name(&inventory.bad.iter().map(|b| format!("{}: {}", b.item, b.error)).collect::<Vec<_>>());

    let index = loaded.index;
    let mut out = show::Shown::default();
    for installed in &inventory.installed {
        let presence = Presence::of(installed);
        if args.running_kernel_only
            && presence.kernel.is_some_and(|k| k != palisade_vuln::KernelState::Running)
        {
            continue;
        }
        let assessment = index.matches(&installed.component);
        if let Some(why) = assessment.unassessed {
            *out.unassessed.entry((installed.component.ecosystem.to_string(), why)).or_default() += 1;
        }
        for hit in &assessment.hits {
            let mut finding = index.explain(&installed.component, hit);
            finding.presence = presence.clone();
            out.findings.push(finding);
        }
    }
    show::print(&out, args.format)?;
    show::summary(&out, inventory.installed.len(), &index, &inventory.os);
    Ok(if left_out > 0 { ExitCode::from(SOME_LEFT_OUT) } else { ExitCode::SUCCESS })
}

fn name(left_out: &[String]) {
    left_out.iter().take(NAMED).for_each(|text| output::note(&format!("left out: {text}")));
    if left_out.len() > NAMED {
        output::note(&format!("left out: {} more", left_out.len() - NAMED));
    }
}

fn of_file(path: &Path) -> Result<ReadInventory> {
    let mut bytes = Vec::new();
    // One byte more than is read, so that the reader says that it is too large.
    let most = MAX_INVENTORY as u64 + 1;
    if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes).context("reading standard input")?;
    } else {
        let file = std::fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
        file.take(most).read_to_end(&mut bytes).with_context(|| format!("reading {}", path.display()))?;
    }
    read(&bytes).with_context(|| format!("{} is no inventory that can be read", path.display()))
}

fn of_root(root: &Path) -> Result<ReadInventory> {
    let options = Options { live: root == Path::new("/"), ..Options::default() };
    let opened = Root::open(root).with_context(|| format!("opening {}", root.display()))?;
    let inventory =
        Scanner::new(opened, options).full().with_context(|| format!("reading {}", root.display()))?;
    for source in inventory.sources.iter().filter(|s| s.state != SourceState::Read) {
        output::note(&format!(
            "not read whole: {} {}: {} {}",
            source.name, source.path, source.code, source.detail
        ));
    }
    if inventory.packages.is_empty() {
        bail!("no package was found in {}", root.display());
    }
    let mut read = from_inventory(&inventory);
    read.installed.sort_by(|a, b| (&a.component, &a.path).cmp(&(&b.component, &b.path)));
    Ok(read)
}
