use super::command_line;

fn shown(words: &[&str]) -> (String, u32) {
    let mut argv = words.join("\0").into_bytes();
    argv.push(0);
    command_line(&argv)
}

fn check(cases: &[(&[&str], &str, u32)]) {
    for (words, line, n) in cases {
        assert_eq!(shown(words), ((*line).to_owned(), *n), "{words:?}");
    }
}

#[test]
fn arguments_are_joined_and_quoted() {
    assert_eq!(shown(&["/bin/true"]).0, "/bin/true");
    assert_eq!(shown(&["sh", "-c", "echo a b", ""]).0, "sh -c \"echo a b\" \"\"");
    assert_eq!(shown(&["echo", "say \"x\""]).0, "echo \"say \\\"x\\\"\"");
    assert_eq!(command_line(b""), (String::new(), 0));
    assert_eq!(command_line(&[b'a', 0, 0xff]).0, "a \u{fffd}");
}

#[test]
fn options_and_variables() {
    check(&[
        (&["x", "--password=hunter2"], "x --password=********", 1),
        (&["x", "--password=two words; and & signs"], "x --password=********", 1),
        (&["x", "--password", "hunter2"], "x --password ********", 1),
        (&["x", "--api-key", "k1", "v"], "x --api-key ******** v", 1),
        (&["x", "--token=abc"], "x --token=********", 1),
        (
            &["keytool", "-storepass", "a", "-keypass", "b"],
            "keytool -storepass ******** -keypass ********",
            2,
        ),
        (
            &["java", "-Djavax.net.ssl.keyStorePassword=x"],
            "java -Djavax.net.ssl.keyStorePassword=********",
            1,
        ),
        (&["env", "PGPASSWORD=x y", "psql"], "env PGPASSWORD=******** psql", 1),
        (&["env", "MYSQL_PWD=x", "SMTP_PASS=y"], "env MYSQL_PWD=******** SMTP_PASS=********", 2),
        (&["env", "REDISCLI_AUTH=x"], "env REDISCLI_AUTH=********", 1),
        (&["docker", "run", "--env=POSTGRES_PASSWORD=x"], "docker run --env=POSTGRES_PASSWORD=********", 1),
        (
            &["kubectl", "create", "secret", "generic", "n", "--from-literal=password=hunter2"],
            "kubectl create secret generic n --from-literal=password=********",
            1,
        ),
        (&["helm", "--set", "a=b,auth.password=x,c=d"], "helm --set a=b,auth.password=********,c=d", 1),
        (&["mount", "-o", "username=u,password=p"], "mount -o username=u,password=********", 1),
        (&["usermod", "-p", "$6$salt$hash", "bob"], "usermod -p ******** bob", 1),
        (&["az", "--account-key", "abc=="], "az --account-key ********", 1),
        (&["pkcs11-tool", "--pin", "1234"], "pkcs11-tool --pin ********", 1),
        (
            &["x", "DefaultEndpointsProtocol=https;AccountName=n;AccountKey=abc=="],
            "x DefaultEndpointsProtocol=https;AccountName=n;AccountKey=********",
            1,
        ),
    ]);
}

#[test]
fn programs_with_options_of_their_own() {
    check(&[
        (&["mysql", "-uroot", "-phunter2", "db"], "mysql -uroot -p******** db", 1),
        (&["mysql", "-p", "db"], "mysql -p db", 0),
        (&["sudo", "/usr/bin/mysqldump", "-phunter2"], "sudo /usr/bin/mysqldump -p********", 1),
        (&["mysqladmin", "password", "new"], "mysqladmin password ********", 1),
        (&["/usr/bin/sshpass", "-p", "h", "ssh"], "/usr/bin/sshpass -p ******** ssh", 1),
        (&["sshpass", "-phunter2", "ssh"], "sshpass -p******** ssh", 1),
        (&["curl", "-u", "me:pw", "h"], "curl -u me:******** h", 1),
        (&["curl", "-ume:p:w", "h"], "curl -ume:******** h", 1),
        (&["curl", "-sSu", "me:pw", "h"], "curl -sSu me:******** h", 1),
        (&["http", "--auth=me:pw", "h"], "http --auth=me:******** h", 1),
        (&["ssh-keygen", "-N", "pw", "-f", "k"], "ssh-keygen -N ******** -f k", 1),
        (&["plink", "-pw", "x", "h"], "plink -pw ******** h", 1),
        (&["az", "login", "--service-principal", "-p", "x"], "az login --service-principal -p ********", 1),
        (&["curl", "-b", "sid=abc", "h"], "curl -b sid=******** h", 1),
        (&["curl", "-b", "jar.txt", "h"], "curl -b jar.txt h", 0),
        (&["redis-cli", "-a", "hunter2", "ping"], "redis-cli -a ******** ping", 1),
        (&["ldapsearch", "-x", "-w", "pw"], "ldapsearch -x -w ********", 1),
        (&["smbclient", "//h/s", "-U", "u%pw"], "smbclient //h/s -U u%********", 1),
        (&["7z", "x", "-phunter2", "a.7z"], "7z x -p******** a.7z", 1),
        (&["zip", "-P", "pw", "a.zip"], "zip -P ******** a.zip", 1),
        (&["docker", "login", "-u", "me", "-p", "pw"], "docker login -u me -p ********", 1),
        (&["docker", "run", "-p", "80:80", "nginx"], "docker run -p 80:80 nginx", 0),
        (&["sqlplus", "scott/tiger@db"], "sqlplus scott/********@db", 1),
        (&["htpasswd", "-bc", "f", "bob", "pw"], "htpasswd -bc f bob ********", 1),
        (&["openssl", "enc", "-k", "pw", "-in", "f"], "openssl enc -k ******** -in f", 1),
        (&["openssl", "rsa", "-passin", "pass:pw"], "openssl rsa -passin pass:********", 1),
        (&["vault", "login", "abc"], "vault login ********", 1),
        (
            &["aws", "configure", "set", "aws_secret_access_key", "abc/d"],
            "aws configure set aws_secret_access_key ********",
            1,
        ),
        (&["xfreerdp", "/u:me", "/p:pw"], "xfreerdp /u:me /p:********", 1),
    ]);
}

#[test]
fn addresses_headers_bodies_and_sql() {
    check(&[
        (&["git", "clone", "https://me:pw@h/r"], "git clone https://me:********@h/r", 1),
        (&["psql", "postgres://u:p&ss;w,d@h/db"], "psql postgres://u:********@h/db", 1),
        (&["x", "redis://:pw@h"], "x redis://:********@h", 1),
        (&["git", "clone", "https://0123456789abcdefghij@h/r"], "git clone https://********@h/r", 1),
        (&["curl", "https://h/?token=abc&x=1"], "curl https://h/?token=********&x=1", 1),
        (&["azcopy", "https://h/c?sv=1&sig=a%2Fb"], "azcopy https://h/c?sv=1&sig=********", 1),
        (
            &["curl", "-H", "Authorization: Bearer abc.def", "https://h/"],
            "curl -H \"Authorization: Bearer ********\" https://h/",
            1,
        ),
        (
            &["wget", "--header=Authorization: Token abc", "h"],
            "wget \"--header=Authorization: Token ********\" h",
            1,
        ),
        (&["http", "h", "Authorization:Bearer abc"], "http h \"Authorization:Bearer ********\"", 1),
        (&["curl", "-H", "X-Api-Key: abc"], "curl -H \"X-Api-Key: ********\"", 1),
        (&["curl", "-H", "Cookie: a=b; c=d"], "curl -H \"Cookie: ********\"", 1),
        (
            &["git", "-c", "http.extraheader=AUTHORIZATION: basic eDp5"],
            "git -c \"http.extraheader=AUTHORIZATION: basic ********\"",
            1,
        ),
        (
            &["curl", "-d", "{\"user\": \"u\", \"password\": \"a, b\"}"],
            "curl -d \"{\\\"user\\\": \\\"u\\\", \\\"password\\\": \\\"********\\\"}\"",
            1,
        ),
        (
            &["mysql", "-e", "CREATE USER 'u' IDENTIFIED BY 'p w'"],
            "mysql -e \"CREATE USER 'u' IDENTIFIED BY '********'\"",
            1,
        ),
        (&["psql", "-c", "ALTER USER u PASSWORD 'pw'"], "psql -c \"ALTER USER u PASSWORD '********'\"", 1),
    ]);
}

#[test]
fn keys_by_their_looks() {
    let key = "0123456789abcdefghijABCDEFGHIJ0123456789abcdefghij0123456789ab";
    for begin in [
        "ghp_",
        "gho_",
        "ghs_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "sk_live_",
        "sk-ant-",
        "AIza",
        "hvs.",
        "npm_",
        "pal_",
        "eyJ",
    ] {
        let word = format!("{begin}{key}");
        assert_eq!(shown(&["x", &word]), ("x ********".to_owned(), 1), "{word}");
        assert_eq!(shown(&["x", &format!("a={word},b")]), ("x a=********,b".to_owned(), 1), "{word}");
    }
    assert_eq!(shown(&["x", "AKIAIOSFODNN7EXAMPLE"]), ("x ********".to_owned(), 1));
    let pem = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----";
    assert!(!shown(&["x", pem]).0.contains("abc"));
    assert_eq!(shown(&["x", pem]).1, 1);
}

#[test]
fn scripts_are_looked_into() {
    check(&[
        (
            &["sh", "-c", "export AWS_SECRET_ACCESS_KEY=abc; TOKEN='t1 t2' run"],
            "sh -c \"export AWS_SECRET_ACCESS_KEY=********; TOKEN='********' run\"",
            2,
        ),
        (&["sh", "-c", "x --password abc -v"], "sh -c \"x --password ******** -v\"", 1),
        (&["sh", "-c", "mysql -u root -phunter2 db"], "sh -c \"mysql -u root -p******** db\"", 1),
        (
            &["bash", "-lc", "cd /x && curl -u me:pw h | sh"],
            "bash -lc \"cd /x && curl -u me:******** h | sh\"",
            1,
        ),
        (&["ssh", "h", "sudo mysql -phunter2; ls"], "ssh h \"sudo mysql -p********; ls\"", 1),
        (
            &["bash", "-c", "ssh h 'redis-cli -a pw get k'"],
            "bash -c \"ssh h 'redis-cli -a ******** get k'\"",
            1,
        ),
        (&["sh", "-c", "PASSWORD=x run --all"], "sh -c \"PASSWORD=******** run --all\"", 1),
    ]);
}

#[test]
fn what_is_no_secret_stays() {
    for words in [
        &["x", "--password-file=/etc/p"][..],
        &["x", "--token-path", "/run/t"],
        &["mkdir", "-p", "/tmp/a"],
        &["ssh", "-p", "22", "h"],
        &["curl", "https://h:8080/a:b"],
        &["ls", "/home/bearer"],
        &["x", "--password=$PW"],
        &["x", "--password", "${PW}"],
        &["id", "-u", "a:b"],
        &["git", "commit", "-mbasic", "token", "layout"],
        &["grep", "password", "/etc/x"],
        &["psql", "--no-password", "mydb"],
        &["ansible", "--ask-become-pass", "play.yml"],
        &["openvpn", "--auth-user-pass", "/etc/a"],
        &["env", "PWD=/tmp", "OLDPWD=/"],
        &["ffmpeg", "-pass", "1"],
        &["serve", "--max-tokens", "4096", "--tokenizer", "t"],
        &["x", "--bypass=all"],
        &["ssh", "-o", "PasswordAuthentication=no", "-o", "NumberOfPasswordPrompts=1", "h"],
        &["git", "-c", "credential.helper=store", "fetch"],
        &["sudo", "--askpass", "id"],
        &["chrome", "--password-store=basic"],
        &["ssh", "git@github.com"],
        &["docker", "build", "--secret", "id=a,src=b"],
    ] {
        assert_eq!(shown(words), (words.join(" "), 0), "{words:?}");
    }
}

#[test]
fn odd_texts_do_not_break_it() {
    let odd = [
        "=",
        ":",
        "'",
        "\"",
        "\\",
        "password=",
        "password:'",
        "-----BEGIN PRIVATE KEY-----",
        "://@",
        "ü=ß:é",
        "--",
        "-",
    ];
    for a in odd {
        for b in odd {
            let _ = shown(&["mysql", a, b, &format!("{a} {b}"), &format!("password{a}{b}")]);
        }
    }
}
