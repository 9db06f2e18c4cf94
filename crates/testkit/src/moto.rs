//! AWS as moto's server plays it, on a loopback port; and an agent that runs what SSM was sent.

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tempfile::TempDir;

use crate::names::scratch;
use crate::skip::skipped;
use crate::supervised::Supervised;
use crate::wait::PATIENCE;

/// The region that its clients use.
pub const REGION: &str = "eu-central-1";

/// A running server; dropping it ends it.
#[derive(Debug)]
pub struct Moto {
    port: u16,
    home: PathBuf,
    // Its log lies here.
    _folder: TempDir,
    _server: Supervised,
}

impl Moto {
    /// Starts one. `None`, noted as skipped, where it is not installed: `scripts/setup.sh test` puts
    /// it into `PALISADE_MOTO`, else below the cache folder.
    ///
    /// # Panics
    /// When it is there but does not start.
    pub fn start() -> Option<Self> {
        let cache = || std::env::var_os("HOME").map(|h| PathBuf::from(h).join(".cache/palisade/moto"));
        let home = std::env::var_os("PALISADE_MOTO").map(PathBuf::from).or_else(cache)?;
        if !home.join("bin/moto_server").exists() {
            skipped("needs moto: scripts/setup.sh test");
            return None;
        }
        let folder = scratch();
        for _ in 0..5 {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|l| l.local_addr());
            let port = free.expect("a free port").port();
            let log = std::fs::File::create(folder.path().join("log")).expect("a log");
            let mut command = Command::new(home.join("bin/moto_server"));
            command.args(["-H", "127.0.0.1", "-p"]).arg(port.to_string()).stdin(Stdio::null());
            command.stdout(log.try_clone().expect("a log")).stderr(log);
            let mut server = Supervised::spawn(command).expect("moto starts");
            let begun = std::time::Instant::now();
            while server.try_wait().expect("it can be waited for").is_none() {
                if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                    return Some(Self { port, home, _folder: folder, _server: server });
                }
                assert!(begun.elapsed() < 4 * PATIENCE, "moto does not open its port");
                std::thread::sleep(Duration::from_millis(50));
            }
        }
        panic!(
            "moto does not start: {}",
            std::fs::read_to_string(folder.path().join("log")).unwrap_or_default()
        );
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Runs lines of Python with AWS's own library: `ec2` and `ssm` are clients, and what is put into
    /// `result` comes back.
    ///
    /// # Errors
    /// What Python says.
    pub fn python(&self, script: &str) -> Result<Value> {
        let head = format!(
            "import boto3, json\n\
             def client(name):\n return boto3.client(name, region_name='{REGION}', endpoint_url='{}', \
             aws_access_key_id='test', aws_secret_access_key='test')\n\
             ec2 = client('ec2')\nssm = client('ssm')\nresult = None\n",
            self.url(),
        );
        let mut child = Command::new(self.home.join("bin/python"))
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let text = format!("{head}{script}\nprint(json.dumps(result, default=str))\n");
        child.stdin.take().context("its input")?.write_all(text.as_bytes())?;
        let out = child.wait_with_output()?;
        if !out.status.success() {
            bail!("{}", String::from_utf8_lossy(&out.stderr));
        }
        Ok(serde_json::from_slice(&out.stdout)?)
    }

    /// Starts Linux machines, each in a reservation of its own, which is what moto counts; their ids.
    ///
    /// # Errors
    /// What AWS's library says.
    pub fn run_instances(&self, count: usize) -> Result<Vec<String>> {
        let script = format!(
            "image = next(i['ImageId'] for i in ec2.describe_images()['Images'] if 'Platform' not in i)\n\
             made = [ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1) for _ in range({count})]\n\
             result = [i['InstanceId'] for r in made for i in r['Instances']]"
        );
        Ok(serde_json::from_value(self.python(&script)?)?)
    }

    /// What SSM was asked to run, oldest first.
    ///
    /// # Errors
    /// What AWS's library says.
    pub fn commands(&self) -> Result<Vec<SsmCommand>> {
        let all = self.python("result = ssm.list_commands()['Commands']")?;
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        let texts = |v: &Value| v.as_array().into_iter().flatten().map(text).collect::<Vec<_>>();
        let read = |c: &Value| SsmCommand {
            id: text(&c["CommandId"]),
            document: text(&c["DocumentName"]),
            instances: texts(&c["InstanceIds"]),
            script: texts(&c["Parameters"]["commands"]).join("\n"),
        };
        Ok(all.as_array().into_iter().flatten().map(read).collect())
    }
}

/// A command as SSM has it.
#[derive(Clone, Debug)]
pub struct SsmCommand {
    /// Its id.
    pub id: String,
    /// The document that runs it.
    pub document: String,
    /// On which machines.
    pub instances: Vec<String>,
    /// The script.
    pub script: String,
}

impl SsmCommand {
    /// Does what SSM's agent would do on a machine: runs the script there as root and waits for it.
    /// `enter` is the command that gets there, such as [`NamespaceHost::enter`] or [`OwnRoot::enter`];
    /// what it leaves running is for whoever made the machine to end.
    ///
    /// [`NamespaceHost::enter`]: crate::hosts::NamespaceHost::enter
    /// [`OwnRoot::enter`]: crate::OwnRoot::enter
    ///
    /// # Errors
    /// When it is no shell script, or cannot be started.
    pub fn run(&self, enter: &[String]) -> Result<Output> {
        if self.document != "AWS-RunShellScript" {
            bail!("{} is not a document that runs a shell script", self.document);
        }
        let mut words = enter.iter().map(String::as_str).chain(["sh", "-c", self.script.as_str()]);
        let mut command = Command::new(words.next().context("a command")?);
        // The agent hands over hardly anything of its own environment.
        command.args(words).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", "/root");
        Ok(command.stdin(Stdio::null()).output()?)
    }
}
