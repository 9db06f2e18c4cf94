//! The bridge that hosts are plugged into, and their cables.

use std::net::Ipv4Addr;
use std::process::Command;
use std::sync::atomic::{AtomicU8, Ordering};

use anyhow::{Context, Result, ensure};

use super::at_end::AtEnd;
use super::parts::run;
use crate::unique;

/// A bridge with a network of its own below 10.0.0.0/8; this machine is the first address in it.
#[derive(Debug)]
pub struct Network {
    bridge: String,
    prefix: [u8; 3],
    next: AtomicU8,
    _at_end: AtEnd,
}

impl Network {
    /// Makes it, in a range that no address of this machine lies in.
    ///
    /// # Errors
    /// When the kernel refuses, or no range is free.
    pub fn raise() -> Result<Self> {
        let taken = run(Command::new("ip").args(["-4", "-o", "address"]))?;
        let routes = run(Command::new("ip").args(["-4", "route"]))?;
        let free = |p: &[u8; 3]| {
            let start = format!("{}.{}.{}.", p[0], p[1], p[2]);
            ![&taken, &routes].into_iter().any(|t| t.split_whitespace().any(|w| w.starts_with(&start)))
        };
        let random = || {
            let bytes = *uuid::Uuid::new_v4().as_bytes();
            [10, 64 + bytes[0] % 128, bytes[1]]
        };
        let prefix = std::iter::repeat_with(random).take(100).find(free).context("no network is free")?;
        let bridge = unique();
        let at_end = AtEnd::run("[ ! -e /sys/class/net/$1 ] || ip link delete \"$1\"", [&bridge])?;
        let network = Self { bridge, prefix, next: AtomicU8::new(11), _at_end: at_end };
        run(Command::new("ip").args(["link", "add", &network.bridge, "type", "bridge"]))?;
        let own = format!("{}/24", network.gateway());
        run(Command::new("ip").args(["address", "add", &own, "dev", &network.bridge]))?;
        run(Command::new("ip").args(["link", "set", &network.bridge, "up"]))?;
        Ok(network)
    }

    /// This machine's address in it.
    pub fn gateway(&self) -> Ipv4Addr {
        self.address(1)
    }

    /// The bridge's name.
    pub fn bridge(&self) -> &str {
        &self.bridge
    }

    /// An address that nobody has been given yet.
    pub(crate) fn next_address(&self) -> Result<Ipv4Addr> {
        let last = self.next.fetch_add(1, Ordering::Relaxed);
        ensure!(last < 250, "a network has room for 239 hosts");
        Ok(self.address(last))
    }

    fn address(&self, last: u8) -> Ipv4Addr {
        let [a, b, c] = self.prefix;
        Ipv4Addr::new(a, b, c, last)
    }
}

/// What connects a host with the bridge.
#[derive(Debug)]
pub struct Cable {
    link: String,
}

impl Cable {
    pub(crate) fn new(link: String) -> Self {
        Self { link }
    }

    /// The name of its end on this machine.
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Pulls it: the host goes on, and nothing comes through.
    ///
    /// # Errors
    /// When the kernel refuses, as after the host's end.
    pub fn cut(&self) -> Result<()> {
        run(Command::new("ip").args(["link", "set", &self.link, "down"])).map(|_| ())
    }

    /// Plugs it in again.
    ///
    /// # Errors
    /// Those of [`cut`](Self::cut).
    pub fn join(&self) -> Result<()> {
        run(Command::new("ip").args(["link", "set", &self.link, "up"])).map(|_| ())
    }
}
