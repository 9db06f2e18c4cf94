//! A network namespace for the sensor, joined to the host by a cable that can be cut.
//!
//! The server listens on the host's loopback, the sensor asks its own: two relays join them over
//! the cable.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail};
use nix::sched::{CloneFlags, setns};

/// The host's end of the cable and the sensor's.
const HOST: Ipv4Addr = Ipv4Addr::new(10, 213, 7, 1);
const INSIDE: Ipv4Addr = Ipv4Addr::new(10, 213, 7, 2);

/// The namespace; removed with its cable and relays at the end.
pub struct Network {
    name: String,
    cable: String,
    namespace: Arc<File>,
    stop: Arc<AtomicBool>,
    doors: Vec<SocketAddr>,
}

impl Network {
    /// Makes the namespace; inside, `localhost:port` is the host's.
    pub fn new(port: u16) -> Result<Self> {
        let name = format!("pal-{}-0", std::process::id());
        let cable = format!("pal{}", std::process::id());
        ip(&format!("netns add {name}"))?;
        let namespace = Arc::new(File::open(format!("/run/netns/{name}"))?);
        let mut network = Self {
            name: name.clone(),
            cable: cable.clone(),
            namespace,
            stop: Arc::default(),
            doors: Vec::new(),
        };
        ip(&format!("link add {cable} type veth peer name inside netns {name}"))?;
        ip(&format!("addr add {HOST}/30 dev {cable}"))?;
        ip(&format!("link set {cable} up"))?;
        ip(&format!("-n {name} addr add {INSIDE}/30 dev inside"))?;
        ip(&format!("-n {name} link set inside up"))?;
        ip(&format!("-n {name} link set lo up"))?;
        let outer = TcpListener::bind((HOST, 0))?;
        let outer_address = outer.local_addr()?;
        network.doors.push(outer_address);
        relay(outer, SocketAddr::from((Ipv4Addr::LOCALHOST, port)), None, network.stop.clone());
        let inside = network.namespace.clone();
        // A socket belongs to the namespace of the thread that made it.
        let listener = std::thread::spawn(move || -> Result<TcpListener> {
            setns(&*inside, CloneFlags::CLONE_NEWNET)?;
            Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port))?)
        });
        let inner = listener.join().map_err(|_| anyhow::anyhow!("the binding thread failed"))??;
        relay(inner, outer_address, Some(network.namespace.clone()), network.stop.clone());
        Ok(network)
    }

    /// Makes a command start inside.
    pub fn put(&self, command: &mut Command) -> Result<()> {
        let fd = self.namespace.try_clone()?;
        // SAFETY: setns is async-signal-safe; the descriptor lives in the closure.
        unsafe {
            command.pre_exec(move || {
                if libc::setns(fd.as_raw_fd(), libc::CLONE_NEWNET) != 0 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        Ok(())
    }

    /// Takes the cable down: nothing is told, packets are gone.
    pub fn cut(&self) -> Result<()> {
        ip(&format!("link set {} down", self.cable))
    }

    /// Brings it up again.
    pub fn mend(&self) -> Result<()> {
        ip(&format!("link set {} up", self.cable))
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for door in &self.doors {
            let _ = TcpStream::connect(door);
        }
        let _ = ip(&format!("link del {}", self.cable));
        let _ = ip(&format!("netns del {}", self.name));
    }
}

/// Accepts in a thread of its own; each connection gets two more.
fn relay(listener: TcpListener, to: SocketAddr, inside: Option<Arc<File>>, stop: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if stop.load(Ordering::Relaxed) {
                return;
            }
            let inside = inside.clone();
            std::thread::spawn(move || -> io::Result<()> {
                if let Some(namespace) = &inside {
                    setns(&**namespace, CloneFlags::CLONE_NEWNET)?;
                }
                let onward = TcpStream::connect_timeout(&to, std::time::Duration::from_secs(5))?;
                let (mut a, mut b) = (stream.try_clone()?, onward.try_clone()?);
                let back = std::thread::spawn(move || {
                    let _ = io::copy(&mut b, &mut a);
                    let _ = a.shutdown(Shutdown::Both);
                });
                let (mut a, mut b) = (stream, onward);
                let _ = io::copy(&mut a, &mut b);
                let _ = b.shutdown(Shutdown::Both);
                let _ = back.join();
                Ok(())
            });
        }
    });
}

fn ip(args: &str) -> Result<()> {
    let out = Command::new("ip").args(args.split(' ')).output().context("running ip")?;
    if !out.status.success() {
        bail!("ip {args}: {}", String::from_utf8_lossy(&out.stderr).trim());
    }
    Ok(())
}
