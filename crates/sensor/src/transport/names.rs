//! Names to addresses by /etc/hosts and the name servers of /etc/resolv.conf, both read anew each
//! time: a machine's network may come up after the sensor. Nobody else is ever asked, and the C
//! library's resolver is never used: a static program cannot load what that wants.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::net::UdpSocket;

use crate::files::read_text;

const WAIT: Duration = Duration::from_secs(2);

/// Resolves for the HTTP client.
#[derive(Debug)]
pub struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let (found, _) = lookup(name.as_str()).await.map_err(std::io::Error::other)?;
            let addresses: Addrs = Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0)));
            Ok(addresses)
        })
    }
}

/// Finds the addresses of a name and how they were found.
///
/// # Errors
/// What to look at, in words.
pub async fn lookup(host: &str) -> Result<(Vec<IpAddr>, String), String> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok((vec![ip], "the address is a number".into()));
    }
    let found = from_hosts(&read_text("/etc/hosts"), host);
    if !found.is_empty() {
        return Ok((found, "/etc/hosts".into()));
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok((
            vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
            "this machine by definition".into(),
        ));
    }
    let conf = read_text("/etc/resolv.conf");
    let (servers, search) = parse_resolv_conf(&conf);
    if servers.is_empty() {
        return Err("no name server in /etc/resolv.conf".into());
    }
    let mut names = vec![host.to_owned()];
    if !host.ends_with('.') {
        names.extend(search.iter().map(|s| format!("{host}.{s}")));
    }
    let mut last = String::new();
    for server in servers.iter().take(3) {
        for name in &names {
            match ask(*server, name).await {
                Ok(found) if !found.is_empty() => return Ok((found, format!("name server {server}"))),
                Ok(_) => last = format!("name server {server} knows no address of {name}"),
                Err(e) => last = format!("name server {server}: {e}"),
            }
        }
    }
    Err(last)
}

fn from_hosts(text: &str, host: &str) -> Vec<IpAddr> {
    let lines = text.lines().map(|l| l.split('#').next().unwrap_or_default());
    let matching = lines.filter_map(|l| {
        let mut words = l.split_whitespace();
        let ip = words.next()?.parse().ok()?;
        words.any(|w| w.eq_ignore_ascii_case(host)).then_some(ip)
    });
    matching.collect()
}

fn parse_resolv_conf(text: &str) -> (Vec<IpAddr>, Vec<String>) {
    let mut servers = Vec::new();
    let mut search = Vec::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("nameserver") => servers.extend(words.next().and_then(|w| w.parse::<IpAddr>().ok())),
            Some("search" | "domain") => search = words.map(str::to_owned).collect(),
            _ => {}
        }
    }
    (servers, search)
}

async fn ask(server: IpAddr, name: &str) -> std::io::Result<Vec<IpAddr>> {
    let (four, six) = tokio::join!(ask_kind(server, name, 1), ask_kind(server, name, 28));
    match (four, six) {
        (Err(e), Err(_)) => Err(e),
        (four, six) => Ok(four.into_iter().chain(six).flatten().collect()),
    }
}

async fn ask_kind(server: IpAddr, name: &str, kind: u16) -> std::io::Result<Vec<IpAddr>> {
    let local: SocketAddr = if server.is_ipv4() { ([0, 0, 0, 0], 0).into() } else { ([0u16; 8], 0).into() };
    let mut id = [0u8; 2];
    crate::random::fill(&mut id)?;
    let id = u16::from_be_bytes(id);
    let Some(question) = question(id, name, kind) else { return Ok(Vec::new()) };
    let socket = UdpSocket::bind(local).await?;
    socket.connect((server, 53)).await?;
    let exchange = async {
        socket.send(&question).await?;
        let mut buffer = [0u8; 4096];
        loop {
            let n = socket.recv(&mut buffer).await?;
            // What is not the answer to this question is not listened to.
            if let Some(found) = answers(&buffer[..n], &question) {
                return Ok(found);
            }
        }
    };
    tokio::time::timeout(WAIT, exchange)
        .await
        .map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))?
}

fn question(id: u16, name: &str, kind: u16) -> Option<Vec<u8>> {
    let mut q = Vec::new();
    q.extend_from_slice(&id.to_be_bytes());
    q.extend_from_slice(&[1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.trim_end_matches('.').split('.') {
        let n = u8::try_from(label.len()).ok().filter(|n| (1..64).contains(n))?;
        q.push(n);
        q.extend_from_slice(label.as_bytes());
    }
    q.push(0);
    q.extend_from_slice(&kind.to_be_bytes());
    q.extend_from_slice(&[0, 1]);
    Some(q)
}

/// The addresses in an answer; `None` if it is cut or not the answer to that question.
fn answers(bytes: &[u8], question: &[u8]) -> Option<Vec<IpAddr>> {
    let u16_at = |i: usize| Some(u16::from_be_bytes(bytes.get(i..i + 2)?.try_into().ok()?));
    let same_id = bytes.get(..2)? == question.get(..2)?;
    let same_question = bytes.get(12..question.len())?.eq_ignore_ascii_case(question.get(12..)?);
    if !same_id || !same_question || bytes.get(2)? & 0x80 == 0 {
        return None;
    }
    let count = u16_at(6)?;
    let mut at = question.len();
    let mut found = Vec::new();
    for _ in 0..count {
        at = skip_name(bytes, at)?;
        let kind = u16_at(at)?;
        let length = usize::from(u16_at(at + 8)?);
        let data = bytes.get(at + 10..at + 10 + length)?;
        match (kind, length) {
            (1, 4) => found.push(IpAddr::from(<[u8; 4]>::try_from(data).ok()?)),
            (28, 16) => found.push(IpAddr::from(<[u8; 16]>::try_from(data).ok()?)),
            _ => {}
        }
        at += 10 + length;
    }
    Some(found)
}

fn skip_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            n if n & 0xc0 == 0xc0 => return Some(at + 2),
            n => at += 1 + usize::from(n),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_resolv_conf_are_read() {
        assert_eq!(
            from_hosts("127.0.0.1 localhost # x\n10.0.0.7 a Srv b\n", "srv"),
            [IpAddr::from([10, 0, 0, 7])]
        );
        let (servers, search) =
            parse_resolv_conf("# c\nnameserver 10.0.0.53\nnameserver bad\nsearch a.test b.test\n");
        assert_eq!(
            (servers, search),
            (vec![IpAddr::from([10, 0, 0, 53])], vec!["a.test".to_owned(), "b.test".to_owned()])
        );
    }

    #[test]
    fn an_answer_gives_its_addresses_and_a_bent_one_nothing() {
        let asked = question(7, "a.test", 1).expect("a name");
        let mut a = asked.clone();
        (a[2], a[7]) = (0x81, 2);
        // A compressed name, an alias that is passed over, then an address.
        a.extend_from_slice(&[0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 2, 0xc0, 12]);
        a.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 10, 1, 2, 3]);
        assert_eq!(answers(&a, &asked), Some(vec![IpAddr::from([10, 1, 2, 3])]));
        assert_eq!(answers(&asked, &asked), None);
        assert_eq!(answers(&a, &question(8, "a.test", 1).expect("a name")), None);
        assert_eq!(answers(&a, &question(7, "b.test", 1).expect("a name")), None);
        for cut in 0..a.len() {
            assert_eq!(answers(&a[..cut], &asked), None, "cut at {cut}");
        }
        assert!(question(1, &"x".repeat(64), 1).is_none());
    }
}
