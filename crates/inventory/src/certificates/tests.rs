use super::*;

fn certificate(name: &str) -> (String, String) {
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut params = rcgen::CertificateParams::new(vec![name.to_owned(), "192.0.2.7".into()]).expect("names");
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let c = params.self_signed(&key).expect("a certificate");
    (c.pem(), key.serialize_pem())
}

#[test]
fn certificates_are_found_by_folder_and_by_configuration() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("writable");
        std::fs::write(path, text).expect("writable");
    };
    let (own, key) = certificate("web.example.org");
    let (ca, _) = certificate("ca.example.org");
    write("srv/tls/site.bundle", &format!("{key}{own}"));
    write(
        "etc/nginx/nginx.conf",
        "http { server {\n ssl_certificate /srv/tls/site.bundle;\n ssl_certificate_key /srv/tls/site.bundle;\n} }\n",
    );
    write("usr/share/ca/ca.crt", &ca);
    write(
        "etc/ssl/certs/all.pem",
        &format!("{ca}-----BEGIN CERTIFICATE-----\nnot letters!\n-----END CERTIFICATE-----\n"),
    );
    std::os::unix::fs::symlink("/usr/share/ca/ca.crt", dir.path().join("etc/ssl/certs/ca.pem"))
        .expect("writable");
    let root = Root::open(dir.path()).expect("opens");
    let (all, sources) = read(&root, &Limits::default());
    assert_eq!(all.len(), 2);
    let of = |name: &str| all.iter().find(|c| c.subject == format!("CN={name}")).expect("found");
    let own = of("web.example.org");
    assert_eq!(own.names, ["web.example.org", "192.0.2.7"]);
    assert_eq!((own.key.as_str(), own.key_bits, own.signature.as_str()), ("EC", 256, "ecdsaWithSHA256"));
    assert_eq!((own.store.as_str(), own.self_signed), ("own", true));
    assert_eq!(
        (own.paths.as_slice(), own.used_by.as_slice()),
        (&["/srv/tls/site.bundle".to_owned()][..], &["/etc/nginx/nginx.conf".to_owned()][..])
    );
    assert!(own.usage.contains(&"server".to_owned()) && own.not_after_us > own.not_before_us);
    let ca = of("ca.example.org");
    assert_eq!((ca.store.as_str(), ca.paths.len()), ("trust", 2));
    assert_eq!(sources.len(), 1);
    let written = serde_json::to_string(&all).expect("JSON");
    assert!(!written.contains("PRIVATE"));
}

#[test]
fn broken_certificates_are_none() {
    assert!(blocks(b"-----BEGIN CERTIFICATE-----\nAAAA").is_empty());
    assert!(x509::parse(b"\x30\x03\x02\x01\x00").is_none());
    assert_eq!(blocks(b"\x30\x03\x02\x01\x00").len(), 1);
}
