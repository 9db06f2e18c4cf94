//! Where certificates are looked for.

use std::collections::BTreeMap;

use crate::limits::Limits;
use crate::root::{Kind, Root};

/// A file that may hold certificates.
#[derive(Debug, Default)]
pub(super) struct Candidate {
    /// It lies in a store of authorities that the machine believes.
    pub(super) trust: bool,
    /// Configuration that names it.
    pub(super) used_by: Vec<String>,
}

/// Stores of authorities.
const TRUST: [&str; 6] = [
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/extracted/pem",
    "/etc/pki/ca-trust/source/anchors",
    "/usr/local/share/ca-certificates",
    "/etc/ca-certificates",
    "/var/lib/ca-certificates/pem",
];

/// Folders of certificates that programs show or use.
const OWN: [&str; 22] = [
    "/etc/pki/tls/certs",
    "/etc/letsencrypt/live",
    "/etc/acme",
    "/var/lib/acme",
    "/root/.acme.sh",
    "/etc/kubernetes",
    "/var/lib/kubelet/pki",
    "/var/lib/rancher/k3s/server/tls",
    "/etc/etcd",
    "/etc/docker",
    "/etc/cockpit/ws-certs.d",
    "/etc/ipa",
    "/etc/ipsec.d/certs",
    "/etc/swanctl/x509",
    "/etc/pki/consumer",
    "/etc/pki/product",
    "/etc/rabbitmq",
    "/etc/elasticsearch/certs",
    "/etc/puppetlabs/puppet/ssl/certs",
    "/etc/gitlab/ssl",
    "/var/lib/caddy/.local/share/caddy/certificates",
    "/etc/palisade",
];

/// Files and folders of configuration that names certificates; certificates beside it are taken as well.
const CONFIGURATION: [&str; 32] = [
    "/etc/nginx",
    "/etc/apache2",
    "/etc/httpd",
    "/etc/haproxy",
    "/etc/lighttpd",
    "/etc/caddy",
    "/etc/postfix",
    "/etc/dovecot",
    "/etc/exim4",
    "/etc/exim",
    "/etc/postgresql",
    "/etc/mysql",
    "/etc/my.cnf.d",
    "/etc/redis",
    "/etc/mongod.conf",
    "/etc/ldap",
    "/etc/openldap",
    "/etc/stunnel",
    "/etc/openvpn",
    "/etc/mosquitto",
    "/etc/prosody",
    "/etc/ejabberd",
    "/etc/unbound",
    "/etc/bind",
    "/etc/freeradius",
    "/etc/raddb",
    "/etc/vsftpd.conf",
    "/etc/vsftpd",
    "/etc/proftpd",
    "/etc/squid",
    "/etc/grafana",
    "/etc/rsyslog.d",
];

/// Words after which a configuration names a file of certificates.
const WORDS: [&str; 36] = [
    "ssl_certificate",
    "ssl_client_certificate",
    "ssl_trusted_certificate",
    "proxy_ssl_certificate",
    "SSLCertificateFile",
    "SSLCertificateChainFile",
    "SSLCACertificateFile",
    "ssl.pemfile",
    "ssl.ca-file",
    "smtpd_tls_cert_file",
    "smtp_tls_cert_file",
    "smtpd_tls_chain_files",
    "smtpd_tls_CAfile",
    "ssl_cert",
    "ssl_server_cert_file",
    "ssl-cert",
    "ssl-ca",
    "ssl_ca",
    "ssl_ca_file",
    "ssl_cert_file",
    "tls_certificate",
    "tls-cert-file",
    "tls-ca-cert-file",
    "TLSCertificateFile",
    "TLSCACertificateFile",
    "olcTLSCertificateFile",
    "rsa_cert_file",
    "TLSRSACertificateFile",
    "crt",
    "ca-file",
    "cert",
    "certfile",
    "certificate",
    "cert_file",
    "certificateKeyFile",
    "tls-service-pem",
];

const SUFFIXES: [&str; 6] = [".pem", ".crt", ".cer", ".der", ".cert", ".0"];
const MAX_DEPTH: usize = 4;
const MAX_FILES: usize = 20_000;
const MAX_CONFIGURATION: u64 = 1 << 20;

/// All files that may hold certificates, by their paths.
pub(super) fn all(root: &Root, limits: &Limits) -> BTreeMap<String, Candidate> {
    let mut all = BTreeMap::new();
    let mut budget = MAX_FILES;
    for (folders, trust) in [(&TRUST[..], true), (&OWN[..], false)] {
        for folder in folders {
            each(root, folder, 0, &mut budget, &mut |path| {
                if SUFFIXES.iter().any(|s| path.ends_with(s)) {
                    all.entry(path.to_owned()).or_insert_with(|| Candidate { trust, ..Candidate::default() });
                }
            });
        }
    }
    let mut named: Vec<(String, String)> = Vec::new();
    for place in CONFIGURATION {
        each(root, place, 0, &mut budget, &mut |path| {
            if SUFFIXES.iter().any(|s| path.ends_with(s)) {
                all.entry(path.to_owned()).or_default();
            } else if let Ok(text) = root.text(path, MAX_CONFIGURATION.min(limits.text)) {
                named.extend(names(&text).map(|n| (absolute(&n, place), path.to_owned())));
            }
        });
    }
    for (path, by) in named {
        // HAProxy takes a folder as well.
        let mut files = root.names(&path).into_iter().map(|n| format!("{path}/{n}")).collect::<Vec<_>>();
        if files.is_empty() {
            files.push(path);
        }
        for file in files {
            let candidate: &mut Candidate = all.entry(file).or_default();
            candidate.used_by.push(by.clone());
        }
    }
    all
}

fn each(root: &Root, path: &str, depth: usize, budget: &mut usize, f: &mut dyn FnMut(&str)) {
    if *budget == 0 {
        return;
    }
    *budget -= 1;
    let Ok((entries, _)) = root.folder(path) else {
        if depth == 0 && root.exists(path) {
            f(path);
        }
        return;
    };
    for (name, kind) in entries {
        let Ok(name) = String::from_utf8(name) else { continue };
        let path = format!("{path}/{name}");
        match kind {
            // Folders of keys; what of them is used is named by a configuration.
            Kind::Folder if depth >= MAX_DEPTH || name == "private" || name == "archive" => {}
            Kind::Folder => each(root, &path, depth + 1, budget, f),
            Kind::File | Kind::Link | Kind::Unknown if *budget > 0 => {
                *budget -= 1;
                f(&path);
            }
            _ => {}
        }
    }
}

/// Files that follow one of the words.
fn names(text: &str) -> impl Iterator<Item = String> + '_ {
    text.lines().filter(|l| !l.trim_start().starts_with(['#', ';'])).flat_map(|line| {
        let mut words =
            line.split(|c: char| c.is_whitespace() || "=\"'<>;,(){}".contains(c)).filter(|w| !w.is_empty());
        let found = words.by_ref().any(|w| WORDS.contains(&w.trim_end_matches(':').trim_start_matches("--")));
        let mut files = Vec::new();
        if found {
            files
                .extend(words.take(4).filter(|w| w.contains('/') || SUFFIXES.iter().any(|s| w.ends_with(s))));
        }
        files.into_iter().map(str::to_owned)
    })
}

/// What is named without a path lies beside the configuration.
fn absolute(name: &str, place: &str) -> String {
    if name.starts_with('/') { name.to_owned() } else { format!("{place}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn configurations_of_many_kinds_name_files() {
        let text = "  ssl_certificate /a/1.pem;\n# ssl_certificate /a/no.pem;\nSSLCertificateFile \"/a/2.pem\"\nsmtpd_tls_cert_file=/a/3.pem\nssl_cert = </a/4.pem\nbind :443 ssl crt /a/5 alpn h2\n  cert: /a/6.pem\nssl_certificate_key /a/key.pem;\nssl_certificate conf.d/7.pem;\n";
        let found: Vec<_> = names(text).collect();
        assert_eq!(
            found,
            ["/a/1.pem", "/a/2.pem", "/a/3.pem", "/a/4.pem", "/a/5", "/a/6.pem", "conf.d/7.pem"]
        );
        assert_eq!(absolute("conf.d/7.pem", "/etc/nginx"), "/etc/nginx/conf.d/7.pem");
    }
}
