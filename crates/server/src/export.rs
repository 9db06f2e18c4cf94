//! The central export: once an hour, counts and pseudonyms of all regions as lines of JSON in a folder.
//!
//! It is off until an operator switches it on. What a record may hold is said in
//! `data/central-export.json`, and nothing is written that does not fit it. Names become pseudonyms by
//! HMAC-SHA256 under a key that stays in the instance's secrets; with a new key, nobody can tell any
//! more which old pseudonym was whose.

mod record;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::Subcommand;
use palisade_state::State;
use palisade_types::TimeMicros;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::output::line;
use crate::database;
use crate::init::secret;
use crate::instance::{Instance, write_atomic};
use crate::system::Account;
use record::{Key, Record, Schema};

/// Where the setting lies in the control database.
const SETTING: &str = "central_export";

/// The pseudonyms' key among the secrets.
const KEY: &str = "export.key";

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(60);

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

#[derive(Subcommand)]
pub enum ExportCommand {
    /// Switch it on: a file of counts and pseudonyms every hour.
    On {
        /// The folder for the files; made when absent.
        #[arg(long)]
        folder: PathBuf,
    },
    /// Switch it off. Files that were written stay.
    Off,
    /// Say whether it is on.
    Status,
    /// Write this hour's file now; it has to be on.
    Run,
    /// Make a new key: old and new pseudonyms cannot be told to be the same any more.
    RotateKey,
}

/// What is kept of the setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Setting {
    on: bool,
    folder: PathBuf,
}

async fn setting(state: &State) -> Result<Option<Setting>> {
    let Some(value) = state.setting(SETTING).await? else { return Ok(None) };
    let read: Setting =
        serde_json::from_value(value).context("the setting of the central export is damaged")?;
    Ok(Some(read).filter(|s| s.on))
}

/// `palisade export …`.
pub async fn run(instance: &Instance, command: ExportCommand) -> Result<()> {
    let state = database::owner(instance).await?;
    let now = TimeMicros::now();
    match command {
        ExportCommand::On { folder } => {
            ensure!(folder.is_absolute(), "name the folder from the root on");
            std::fs::create_dir_all(&folder).with_context(|| format!("making {}", folder.display()))?;
            if !instance.secret(KEY).exists() {
                new_key(instance)?;
            }
            state.set_setting(SETTING, &serde_json::to_value(Setting { on: true, folder })?, now).await?;
            line("the central export is on: counts and pseudonyms, every hour");
        }
        ExportCommand::Off => {
            let off = Setting { on: false, folder: PathBuf::new() };
            state.set_setting(SETTING, &serde_json::to_value(off)?, now).await?;
            line("the central export is off");
        }
        ExportCommand::Status => match setting(&state).await? {
            Some(on) => line(&format!(
                "on, key {}, into {}",
                Key::load(&instance.secret(KEY))?.name(),
                on.folder.display()
            )),
            None => line("off"),
        },
        ExportCommand::Run => {
            let on =
                setting(&state).await?.context("the central export is off: `palisade export on` first")?;
            line(&format!("wrote {}", write(instance, &state, &on, now).await?.display()));
        }
        ExportCommand::RotateKey => {
            new_key(instance)?;
            line(&format!("pseudonyms are made with key {} now", Key::load(&instance.secret(KEY))?.name()));
        }
    }
    Ok(())
}

fn new_key(instance: &Instance) -> Result<()> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes).map_err(|e| anyhow::anyhow!("no randomness: {e}"))?;
    let root = Account { uid: nix::unistd::Uid::effective(), gid: nix::unistd::Gid::effective() };
    secret(instance, KEY, hex::encode(bytes).as_bytes(), root, 0o400)
}

/// Writes a file for every hour, where it is on; runs in the supervisor until dropped.
pub async fn keep(instance: Instance) {
    let mut written = i64::MIN;
    loop {
        tokio::time::sleep(TICK).await;
        let now = TimeMicros::now();
        if now.0 / HOUR == written {
            continue;
        }
        match hourly(&instance, now).await {
            Ok(()) => written = now.0 / HOUR,
            Err(e) => tracing::error!(error = format!("{e:#}"), "the central export was not written"),
        }
    }
}

async fn hourly(instance: &Instance, now: TimeMicros) -> Result<()> {
    // Regions may have been added since.
    let instance = Instance::load(instance.home())?;
    let state = database::owner(&instance).await?;
    let done = match setting(&state).await? {
        Some(on) => write(&instance, &state, &on, now).await.map(|_| ()),
        None => Ok(()),
    };
    state.close().await;
    done
}

/// Writes this hour's file; again in the same hour, it replaces it.
async fn write(instance: &Instance, state: &State, on: &Setting, now: TimeMicros) -> Result<PathBuf> {
    let key = Key::load(&instance.secret(KEY))?;
    let schema = Schema::checked_in()?;
    let hour = now.0 / HOUR;
    let mut text = String::new();
    for record in collect(instance, state, &key, &schema, hour).await? {
        let line = record.to_string();
        schema.check(&line).with_context(|| "a record of the central export does not fit its schema")?;
        text.push_str(&line);
        text.push('\n');
    }
    let path = on.folder.join(format!("palisade-central-{hour}.jsonl"));
    write_atomic(&path, text.as_bytes(), 0o640)?;
    Ok(path)
}

async fn collect(
    instance: &Instance,
    state: &State,
    key: &Key,
    schema: &Schema,
    hour: i64,
) -> Result<Vec<Value>> {
    let own = key.pseudonym("instance", instance.record.instance_id.as_bytes());
    let record = |name: &str| Record::new(name, schema, hour, key).pseudonym("instance", own.clone());
    let tenants = state.tenants().await?;
    let mut out = vec![
        record("instance").count("regions", state.regions().count()).count("tenants", tenants.len()).json(),
    ];
    for tenant in tenants {
        let counts = state.tenant_counts(tenant.id).await?;
        let whose = key.pseudonym("tenant", tenant.id.0.as_bytes());
        out.push(
            record("tenant")
                .pseudonym("region", key.pseudonym("region", tenant.region.as_bytes()))
                .pseudonym("tenant", whose.clone())
                .counts(&counts.of)
                .json(),
        );
        for part in &counts.subscriptions {
            out.push(
                record("subscription")
                    .pseudonym("tenant", whose.clone())
                    .pseudonym("subscription", key.pseudonym("subscription", part.id.0.as_bytes()))
                    .counts(&part.of)
                    .json(),
            );
        }
    }
    Ok(out)
}
