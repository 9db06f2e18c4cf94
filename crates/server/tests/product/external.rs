//! `externaldata` from real servers on loopback, through all of the product: the operator's list, what is refused, what is
//! cut, what the audit log says, and that only the connect process goes out.

use std::io::Write;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use axum::routing::get;
use palisade_e2e::Product;
use palisade_types::TenantId;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls_pki_types::PrivateKeyDer;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::console::{self, Console};

const LIST: &str = "name,score\nalpha,1\nbeta,2\n";

/// A server that gives lists, plain and with TLS, until it is dropped.
struct Lists {
    plain: u16,
    tls: u16,
    got: Arc<AtomicUsize>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Lists {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn zipped() -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(LIST.as_bytes()).expect("packed");
    encoder.finish().expect("packed")
}

impl Lists {
    async fn start(tls: rustls::ServerConfig) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let secure = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port");
        let port = |l: &TcpListener| l.local_addr().expect("its address").port();
        let (plain, secure_port) = (port(&listener), port(&secure));
        let got = Arc::new(AtomicUsize::new(0));
        let counted = |count: Shared<Arc<AtomicUsize>>,
                       request: axum::extract::Request,
                       next: axum::middleware::Next| async move {
            count.fetch_add(1, Ordering::SeqCst);
            next.run(request).await
        };
        let endless = || async {
            let mebibyte = bytes::Bytes::from(vec![b'x'; 1 << 20]);
            Body::from_stream(futures::stream::repeat_with(move || Ok::<_, std::io::Error>(mebibyte.clone())))
        };
        let router = Router::new()
            .route("/list.csv", get(|| async { LIST }))
            .route("/list.csv.gz", get(|| async { zipped() }))
            .route("/endless.csv", get(endless))
            .route("/near", get(|| async { Redirect::temporary("/list.csv") }))
            .route(
                "/away",
                get(
                    move || async move { Redirect::temporary(&format!("http://localhost:{plain}/list.csv")) },
                ),
            )
            .route("/trouble.csv", get(|| async { StatusCode::INTERNAL_SERVER_ERROR.into_response() }))
            .layer(axum::middleware::from_fn_with_state(got.clone(), counted));
        let served = router.clone();
        let over_plain = tokio::spawn(async move { axum::serve(listener, served).await.expect("served") });
        let tls = TlsAcceptor::from(Arc::new(tls));
        let over_tls = tokio::spawn(async move {
            while let Ok((stream, _)) = secure.accept().await {
                let Ok(stream) = tls.accept(stream).await else { continue };
                let service = hyper_util::service::TowerToHyperService::new(router.clone());
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(hyper_util::rt::TokioIo::new(stream), service),
                );
            }
        });
        Self { plain, tls: secure_port, got, tasks: [over_plain, over_tls] }
    }

    fn at(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.plain)
    }

    fn got(&self) -> usize {
        self.got.load(Ordering::SeqCst)
    }
}

/// A certificate of `localhost` and the authority that vouches for it.
fn certificates() -> (rustls::ServerConfig, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().expect("a key");
    let authority = params.self_signed(&key).expect("an authority");
    let issuer = Issuer::new(params, key);
    let own = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
    // Named like its issuer, it would be taken for one that signed itself.
    params.distinguished_name = rcgen::DistinguishedName::new();
    let certificate = params.signed_by(&own, &issuer).expect("signed");
    let private = PrivateKeyDer::try_from(own.serialize_der()).expect("a key");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .expect("a certificate");
    (config, authority.pem())
}

struct World {
    product: Product,
    console: Console,
    token: String,
    lists: Lists,
}

impl World {
    /// `palisade hunting external-hosts …`: whether it was done, and what it said.
    fn hosts(&self, args: &[&str]) -> (bool, String) {
        let args = [&["hunting", "external-hosts"], args].concat();
        let out = self.product.palisade(&args).output().expect("it runs");
        let said = [out.stdout, out.stderr].concat();
        (out.status.success(), String::from_utf8_lossy(&said).into_owned())
    }

    fn allow(&self, host: &str) {
        let (done, said) = self.hosts(&["allow", host]);
        assert!(done && said.contains(host), "{said}");
    }

    fn forbid(&self, host: &str) {
        let (done, said) = self.hosts(&["forbid", host]);
        assert!(done, "{said}");
    }

    async fn read(&self, address: &str) -> (u16, Value) {
        self.console.ask(Some(&self.token), &query(address)).await
    }

    async fn good(&self, address: &str) {
        let (status, answer) = self.read(address).await;
        assert_eq!(status, 200, "{address}: {answer}");
        assert_eq!(answer["rows"], json!([["alpha", 1], ["beta", 2]]), "{address}");
    }

    /// What a query says that fails so, and that nobody was asked for a file.
    async fn refused(&self, address: &str) -> String {
        let before = self.lists.got();
        let message = self.failed(address, 400, "external_refused").await;
        assert_eq!(self.lists.got(), before, "{address}: nobody goes there");
        message
    }

    async fn failed(&self, address: &str, status: u16, code: &str) -> String {
        let (told, answer) = self.read(address).await;
        assert_eq!((told, answer["error"]["code"].as_str()), (status, Some(code)), "{address}: {answer}");
        let message = answer["error"]["message"].as_str().unwrap_or_default().to_owned();
        assert!(!message.contains("secret"), "{address}: {message}");
        message
    }
}

fn query(address: &str) -> String {
    format!(
        "externaldata(name: string, score: long)[@'{address}'] with (ignoreFirstRecord=true) | order by score asc"
    )
}

/// Nothing is read until the operator says so, and then at once; what is wrong with a host is told.
async fn listing(world: &World) {
    let own = format!("127.0.0.1:{}", world.lists.plain);
    let message = world.refused(&world.lists.at("/list.csv?sig=secret")).await;
    assert!(message.contains(&format!("palisade hunting external-hosts allow {own}")), "{message}");
    for bad in ["https://lists.example", "*.com", "lists.example:0"] {
        let (done, said) = world.hosts(&["allow", bad]);
        assert!(!done && said.contains("external_host_invalid"), "{bad}: {said}");
    }
    world.allow(&own);
    world.allow(&own);
    let (_, said) = world.hosts(&["list", "--format", "jsonl"]);
    assert_eq!(said.trim(), json!({"host": own, "problem": null}).to_string());
    world.good(&world.lists.at("/list.csv?sig=secret")).await;
}

async fn files(world: &World) {
    let lists = &world.lists;
    for path in ["/list.csv", "/list.csv.gz", "/near"] {
        world.good(&lists.at(path)).await;
    }
    world.failed(&lists.at("/endless.csv"), 422, "query_limit").await;
    let message = world.failed(&lists.at("/trouble.csv?sig=secret"), 502, "external_unavailable").await;
    assert!(message.contains("127.0.0.1 did not give the file: it answered 500"), "{message}");
    world.failed(&lists.at("/nothing.csv"), 502, "external_unavailable").await;

    // As a file, too.
    let export = json!({"query": query(&lists.at("/list.csv")), "format": "csv"});
    let file = world.console.export(&world.token, &export).await;
    assert_eq!(file.text().await.expect("a file"), "name,score\r\nalpha,1\r\nbeta,2\r\n");
}

async fn refusals(world: &World) {
    let lists = &world.lists;
    let (port, own) = (lists.plain, lists.at("/list.csv"));
    // The first host is asked, the one that it names is not.
    let before = lists.got();
    let message = world.failed(&lists.at("/away"), 400, "external_refused").await;
    let (sends, name) = ("127.0.0.1 sends on to it", format!("allow localhost:{port}"));
    assert!(message.contains(sends) && message.contains(&name), "{message}");
    assert_eq!(lists.got(), before + 1);

    let mut hosts = vec![
        "https://lists.example/a.csv?sig=secret".to_owned(),
        format!("http://localhost:{port}/list.csv"),
        format!("http://127.0.0.2:{port}/list.csv"),
        format!("http://[::1]:{port}/list.csv"),
        "https://127.0.0.1/list.csv".to_owned(),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "file:///etc/passwd".to_owned(),
        format!("{own};impersonate"),
        format!("{own};token=secret"),
    ];
    hosts.push(own.replace("//", "//user:secret@"));
    for address in &hosts {
        world.refused(address).await;
    }
    // A name may be listed, and its address is of this machine nevertheless.
    let name = format!("localhost:{}", lists.tls);
    world.allow(&name);
    let message = world.refused(&format!("https://{name}/list.csv")).await;
    assert!(message.contains("localhost may not be read: it stands for"), "{message}");
}

async fn over_tls(world: &World) {
    let port = world.lists.tls;
    world.allow(&format!("127.0.0.1:{port}"));
    world.good(&format!("https://localhost:{port}/list.csv?sv=1&sig=secret")).await;
    // The certificate is not of that name.
    let message =
        world.failed(&format!("https://127.0.0.1:{port}/list.csv"), 502, "external_unavailable").await;
    assert!(message.contains("127.0.0.1 did not give the file"), "{message}");
}

/// The audit log names each file, and no secret.
async fn audited(world: &World) {
    let owner = console::owner(&world.product).await;
    let tenant: TenantId =
        serde_json::from_value(world.product.record().expect("the record")["tenant"].clone())
            .expect("the first tenant");
    let entries = owner.audit_log(tenant, 1000, None).await.expect("the audit log").items;
    let entries: Vec<_> = entries.into_iter().filter(|e| e.kind == "hunting.external").collect();
    let at = |path: &str| world.lists.at(path);
    for (target, outcome, code) in [
        (at("/list.csv"), "success", Value::Null),
        (at("/list.csv"), "failure", json!("external_refused")),
        (at("/endless.csv"), "failure", json!("query_limit")),
        (at("/trouble.csv"), "failure", json!("external_unavailable")),
        (format!("https://localhost:{}/list.csv", world.lists.tls), "success", Value::Null),
        ("https://lists.example/a.csv".to_owned(), "failure", json!("external_refused")),
    ] {
        let found =
            entries.iter().find(|e| e.target == target && e.outcome == outcome && e.detail["code"] == code);
        let found = found.unwrap_or_else(|| panic!("{target} {outcome} {code}: {entries:#?}"));
        if outcome == "success" {
            assert_eq!(found.detail["bytes"], LIST.len());
        }
        assert!(!found.actor_name.is_empty());
    }
    assert!(!format!("{entries:?}").contains("secret"), "{entries:#?}");
}

/// A connect process that is gone is back with the next file; the worker never goes out.
async fn killed(world: &World) {
    for pid in world.product.role_pids("connect") {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL)
            .expect("there");
    }
    world.good(&world.lists.at("/list.csv")).await;
}

#[test]
fn externaldata_reads_what_the_operator_lists_and_nothing_else() {
    let (tls, authority) = certificates();
    let folder = tempfile::tempdir().expect("a folder");
    // Users of the roles read it.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .expect("open");
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, authority).expect("written");
    let product = Product::up_by(false, |command| {
        command.env("SSL_CERT_FILE", &trusted);
        Ok(())
    });
    let product = product.expect("up");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let console = Console::of(&product);
        let token = std::fs::read_to_string(product.home().join("secrets/cli.token")).expect("the token");
        let token = token.trim().to_owned();
        let world = World { product, console, token, lists: Lists::start(tls).await };
        listing(&world).await;
        files(&world).await;
        refusals(&world).await;
        over_tls(&world).await;
        killed(&world).await;
        world.forbid(&format!("127.0.0.1:{}", world.lists.plain));
        world.refused(&world.lists.at("/list.csv")).await;
        audited(&world).await;
        assert_eq!(world.product.role_pids("connect").len(), 1);
    });
}
