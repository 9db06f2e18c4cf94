//! Programs with options of their own that take secrets.

/// Where a program takes a secret.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rule {
    /// Right after these characters: `-pSECRET`.
    Glued(&'static str),
    /// The argument after this one: `-p SECRET`.
    Next(&'static str),
    /// The same, but only of the subcommand `login`.
    Login(&'static str),
    /// After this option, or glued to it, behind the user and this character: `-u USER:SECRET`.
    User(&'static str, char),
    /// The last argument if there is an option `-b`.
    Last,
    /// `USER/SECRET@PLACE`
    Slash,
}

/// Programs that share rules; a name may end with `*`.
#[derive(Debug)]
pub(super) struct Program {
    names: &'static [&'static str],
    pub(super) rules: &'static [Rule],
}

use Rule::{Glued, Last, Login, Next, Slash, User};

const PROGRAMS: &[Program] = &[
    Program { names: &["mysqladmin", "mariadb-admin"], rules: &[Glued("-p"), Next("password")] },
    Program {
        names: &["mysql*", "mariadb*", "mariabackup", "xtrabackup", "innobackupex", "mycli", "mytop"],
        rules: &[Glued("-p")],
    },
    Program { names: &["ssh-keygen"], rules: &[Next("-N"), Next("-P")] },
    Program { names: &["mosquitto_*"], rules: &[Next("-P")] },
    Program { names: &["sshpass"], rules: &[Glued("-p"), Next("-p")] },
    Program { names: &["7z", "7za", "7zr", "7zz", "rar", "unrar"], rules: &[Glued("-p"), Glued("-hp")] },
    Program { names: &["zip", "unzip"], rules: &[Glued("-P"), Next("-P")] },
    Program {
        names: &["curl"],
        rules: &[
            User("-u", ':'),
            User("--user", ':'),
            User("-U", ':'),
            User("--proxy-user", ':'),
            User("-E", ':'),
            User("--cert", ':'),
            User("-b", '='),
            User("--cookie", '='),
            Next("--oauth2-bearer"),
        ],
    },
    Program { names: &["http", "https", "xh", "xhs"], rules: &[User("-a", ':'), User("--auth", ':')] },
    Program { names: &["lftp"], rules: &[User("-u", ','), User("--user", ',')] },
    Program { names: &["redis-cli", "valkey-cli"], rules: &[Next("-a")] },
    Program { names: &["ldappasswd"], rules: &[Next("-w"), Next("-s"), Next("-a")] },
    Program { names: &["ldap*"], rules: &[Next("-w")] },
    Program { names: &["slappasswd"], rules: &[Next("-s")] },
    Program { names: &["mongo*", "cqlsh", "useradd", "usermod", "rdesktop", "twine"], rules: &[Next("-p")] },
    Program {
        names: &["docker", "podman", "nerdctl", "buildah", "skopeo", "oras", "helm", "oc", "az"],
        rules: &[Login("-p")],
    },
    Program { names: &["sqlcmd", "bcp", "tsql", "ipmitool"], rules: &[Next("-P"), Glued("-P")] },
    Program { names: &["sqlplus", "rman", "expdp", "impdp"], rules: &[Slash] },
    Program { names: &["htpasswd"], rules: &[Last] },
    Program { names: &["openssl"], rules: &[Next("-k"), Next("-K")] },
    Program {
        names: &["smbclient", "smbget", "smbmap", "rpcclient", "winexe", "net"],
        rules: &[User("-U", '%'), User("--user", '%')],
    },
    Program { names: &["snmp*"], rules: &[Next("-A"), Next("-X"), Next("-c")] },
    Program { names: &["xfreerdp*", "wlfreerdp*"], rules: &[Glued("/p:")] },
    Program { names: &["aws"], rules: &[Next("aws_secret_access_key"), Next("aws_session_token")] },
    Program {
        names: &["nmcli"],
        rules: &[
            Next("password"),
            Next("wifi-sec.psk"),
            Next("802-11-wireless-security.psk"),
            Next("802-1x.password"),
        ],
    },
    Program { names: &["vault"], rules: &[Next("login")] },
    Program { names: &["rclone"], rules: &[Next("obscure")] },
];

/// The rules of the program that a word names, by its last part.
pub(super) fn find(word: &str) -> Option<&'static Program> {
    let name = word.rsplit('/').next().unwrap_or(word);
    let is = |known: &str| match known.strip_suffix('*') {
        Some(begin) => name.starts_with(begin),
        None => name == known,
    };
    PROGRAMS.iter().find(|p| p.names.iter().any(|known| is(known)))
}
