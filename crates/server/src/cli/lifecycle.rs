//! `up`, `down`, `status`, and the tokens that an operator on the server's host may make.

use std::fs::OpenOptions;
use std::net::IpAddr;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use nix::sys::signal::{Signal, kill};
use serde_json::json;

use super::client::Client;
use super::output::line;
use crate::instance::Instance;
use crate::{admin, database, init, supervisor, system};

#[derive(Args)]
pub struct UpArgs {
    /// The sensor's executable to install; without it no sensor of this machine is started.
    #[arg(long)]
    sensor: Option<PathBuf>,
    /// The sensor's executable that other machines get, where none shall run on this one.
    #[arg(long, conflicts_with = "sensor")]
    offer: Option<PathBuf>,
    /// An address on which the sensors' doors listen besides loopback, for other machines; may be
    /// given more than once, is remembered, and 127.0.0.1 alone ends it.
    #[arg(long)]
    listen: Vec<IpAddr>,
    /// A name by which machines reach the sensors' doors; it goes into their certificates.
    #[arg(long)]
    name: Vec<String>,
    /// A port on 127.0.0.1 where programs with a token are served without TLS, for Kusto clients that cannot
    /// be given a certificate authority; is remembered, and 0 ends it.
    #[arg(long, value_name = "PORT")]
    plain_http: Option<u16>,
}

/// How long the product may take to become ready.
const READY: Duration = Duration::from_secs(120);

/// How long the supervisor may take to end: each role in turn has its grace, then PostgreSQL.
const END: Duration = Duration::from_secs(180);

/// `palisade up`.
pub async fn up(home: &Path, args: UpArgs) -> Result<()> {
    let began = Instant::now();
    let mut instance = init::ensure(home)?;
    let own = std::env::current_exe()?;
    let running = supervisor::running(&instance);
    let asked = !args.listen.is_empty() || !args.name.is_empty();
    let mut elsewhere = asked && init::listen(&mut instance, &args.listen, &args.name)?;
    if let Some(port) = args.plain_http {
        elsewhere |= init::plain_http(&mut instance, port)?;
    }
    let offered = args.sensor.as_ref().or(args.offer.as_ref());
    if running.is_some() && (elsewhere || changed(&instance, &own, offered.map(PathBuf::as_path))?) {
        line(if elsewhere { "up: another address, restarting" } else { "up: new executables, restarting" });
        stop(&instance).await?;
    }
    init::install(&instance, &own, "palisade")?;
    if let Some(sensor) = offered {
        init::install(&instance, sensor, "palisade-sensor")?;
    }
    if supervisor::running(&instance).is_none() {
        // Of an instance whose supervisor was killed.
        end_leftovers(&instance).await?;
        init::ensure_ports_free(&instance)?;
        start(&instance)?;
    }
    wait_ready(&instance).await?;
    instance = Instance::load(home)?;
    if args.sensor.is_some() {
        enrol_own_sensor(&mut instance).await?;
        wait_first_event(&instance).await?;
    }
    line(&format!("up: ready in {:.1} s, data in {}", began.elapsed().as_secs_f64(), home.display()));
    line(&format!(
        "up: certificate authority (trust it in your browser): {}",
        instance.secret("ca.pem").display()
    ));
    if database::needs_setup(&instance).await? {
        let (link, until) = database::setup_link(&instance, instance.tenant()?).await?;
        let hours = (until.0 - palisade_types::TimeMicros::now().0 + 1_800_000_000) / 3_600_000_000;
        line(&format!("up: no administrator yet; open this link once (it is valid for {hours} hours):"));
        line(&link);
    }
    line(&format!("up: console {}", instance.console_url()));
    if let Some(port) = instance.record.plain_http {
        line(&format!("up: programs without TLS http://127.0.0.1:{port}"));
    }
    Ok(())
}

/// Whether one of the executables differs from the installed one.
fn changed(instance: &Instance, own: &Path, sensor: Option<&Path>) -> Result<bool> {
    let same = |from: &Path, name: &str| -> Result<bool> {
        let to = instance.bin(name);
        Ok(from == to || std::fs::read(from)? == std::fs::read(&to).unwrap_or_default())
    };
    Ok(!same(own, "palisade")? || !sensor.map_or(Ok(true), |s| same(s, "palisade-sensor"))?)
}

/// Starts the supervisor as a session of its own, so that it outlives this command.
fn start(instance: &Instance) -> Result<()> {
    let log =
        OpenOptions::new().create(true).append(true).open(instance.logs_dir().join("supervisor.log"))?;
    let mut command = Command::new(instance.bin("palisade"));
    command.args(["--home".as_ref(), instance.home().as_os_str(), "serve".as_ref()]);
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir("/");
    // SAFETY: setsid is async-signal-safe.
    unsafe {
        command.pre_exec(|| nix::unistd::setsid().map(|_| ()).map_err(Into::into));
    }
    command.spawn().context("starting the supervisor")?;
    Ok(())
}

async fn wait_ready(instance: &Instance) -> Result<()> {
    let until = Instant::now() + READY;
    loop {
        let mut last = String::from("not started");
        for (role, socket) in admin::roles(&instance.all_regions()) {
            match admin::ask(&socket, "/readyz").await {
                Ok((200, _)) => last.clear(),
                Ok((_, why)) => last = format!("{role}: {why}"),
                Err(e) => last = format!("{role}: {e:#}"),
            }
            if !last.is_empty() {
                break;
            }
        }
        if last.is_empty() {
            return Ok(());
        }
        if Instant::now() > until {
            bail!("not ready after {} s ({last}); see {}", READY.as_secs(), instance.logs_dir().display());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Enrols this machine's own sensor unless it has an identity, and has the supervisor start it.
pub(super) async fn enrol_own_sensor(instance: &mut Instance) -> Result<()> {
    if !instance.record.own_sensor {
        let token = database::enrolment_token(instance, instance.tenant()?, 1, 1).await?;
        let file = instance.sensor_dir().join("enrolment-token");
        crate::instance::write_atomic(&file, token.as_bytes(), 0o400)?;
        let out = Command::new(instance.bin("palisade-sensor"))
            .args(["enrol", "--url", &instance.ingest_url(), "--token-file"])
            .arg(&file)
            .arg("--ca")
            .arg(instance.secret("ca.pem"))
            .arg("--state-dir")
            .arg(instance.sensor_dir())
            .output()
            .context("running the sensor's enrolment")?;
        std::fs::remove_file(&file)?;
        if !out.status.success() {
            bail!("this machine's sensor did not enrol: {}", String::from_utf8_lossy(&out.stderr).trim());
        }
        let mut record = instance.record.clone();
        record.own_sensor = true;
        *instance = Instance::store(instance.home(), &record)?;
    }
    let pid = supervisor::running(instance).context("the supervisor ended")?;
    kill(pid, Signal::SIGHUP)?;
    Ok(())
}

async fn wait_first_event(instance: &Instance) -> Result<()> {
    let client = Client::local(instance)?;
    let since = palisade_types::TimeMicros::now().plus_micros(-60_000_000);
    let query =
        format!("DeviceProcessEvents | where Timestamp > datetime({since}) | take 1 | project DeviceName");
    let until = Instant::now() + READY;
    let mut last = String::from("no event");
    while Instant::now() < until {
        // Something must happen on a machine that is otherwise idle.
        let _ = Command::new("/bin/true").status();
        match client.post("/hunting/query", &json!({ "query": query })).await {
            Ok(answer) if answer["rows"].as_array().is_some_and(|r| !r.is_empty()) => return Ok(()),
            Ok(_) => {}
            Err(e) => last = format!("{e:#}"),
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    bail!(
        "no event was queryable after {} s ({last}); see {}",
        READY.as_secs(),
        instance.logs_dir().display()
    )
}

/// `palisade down`.
pub async fn down(home: &Path) -> Result<()> {
    if !home.join("instance.json").exists() {
        line("down: no instance, nothing to end");
        return Ok(());
    }
    let instance = Instance::load(home)?;
    stop(&instance).await?;
    end_leftovers(&instance).await?;
    let sensor = instance.bin("palisade-sensor");
    if sensor.exists() {
        let status = Command::new(&sensor)
            .arg("detach")
            .arg("--state-dir")
            .arg(instance.sensor_dir())
            .args(["--instance", &instance.record.instance_id])
            .status()
            .context("running the sensor's detach")?;
        if !status.success() {
            bail!("the sensor did not detach: {status}");
        }
    }
    match std::fs::remove_dir_all(instance.shm_dir()) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
            return Err(e).with_context(|| format!("removing {}", instance.shm_dir().display()));
        }
        _ => {}
    }
    line("down: ended; the data stays");
    Ok(())
}

async fn stop(instance: &Instance) -> Result<()> {
    let Some(pid) = supervisor::running(instance) else { return Ok(()) };
    kill(pid, Signal::SIGTERM)?;
    let until = Instant::now() + END;
    while supervisor::running(instance).is_some() {
        if Instant::now() > until {
            bail!("the supervisor (process {pid}) does not end; see {}", instance.logs_dir().display());
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

/// How long roles whose supervisor is gone may take to end by themselves: they were told when it went.
const LEFTOVERS: Duration = Duration::from_secs(30);

/// Ends what a killed supervisor left: roles that are still at work, and PostgreSQL, which is nobody's
/// child.
async fn end_leftovers(instance: &Instance) -> Result<()> {
    let until = Instant::now() + LEFTOVERS;
    loop {
        let left = system::servers_below(&instance.home().join("bin"));
        if left.is_empty() {
            break;
        }
        let late = Instant::now() > until;
        for pid in left {
            // The first one lets it finish what it does.
            let _ = kill(pid, if late { Signal::SIGKILL } else { Signal::SIGTERM });
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    if instance.home().join("pg/data/PG_VERSION").exists() {
        database::stop(instance).await.context("stopping PostgreSQL")?;
    }
    Ok(())
}

/// `palisade status`.
pub async fn status(home: &Path) -> Result<()> {
    let instance = Instance::load(home)?;
    let Some(pid) = supervisor::running(&instance) else { bail!("not running; `make up` starts it") };
    line(&format!("supervisor  process {pid}"));
    for (role, socket) in admin::roles(&instance.all_regions()) {
        let state = match admin::ask(&socket, "/readyz").await {
            Ok((200, _)) => "ready".to_owned(),
            Ok((_, why)) => format!("not ready: {why}"),
            Err(e) => format!("not answering: {e:#}"),
        };
        line(&format!("{role:<11} {state}"));
    }
    line(&format!("console     {}", instance.console_url()));
    if let Some(port) = instance.record.plain_http {
        line(&format!("programs    http://127.0.0.1:{port}, without TLS"));
    }
    for region in instance.all_regions() {
        line(&format!("sensors     {} (region {})", region.ingest_url(), region.region_name()));
    }
    line(&format!("admin       http://127.0.0.1:{}", instance.record.ports.admin));
    Ok(())
}

/// `palisade setup-link`.
pub async fn setup_link(instance: &Instance, tenant: Option<&str>) -> Result<()> {
    let state = database::owner(instance).await?;
    let tenant = database::tenant_named(instance, &state, tenant).await?;
    line(&database::setup_link(instance, tenant).await?.0);
    Ok(())
}

/// `palisade enrolment-token`.
pub async fn enrolment_token(instance: &Instance, tenant: Option<&str>, hours: u32, uses: u32) -> Result<()> {
    let state = database::owner(instance).await?;
    let tenant = database::tenant_named(instance, &state, tenant).await?;
    line(&database::enrolment_token(instance, tenant, hours, uses).await?);
    Ok(())
}
