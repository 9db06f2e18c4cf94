//! What a command of the sensor said when it failed, as a finding.

use crate::health::{Cause, Code, catalogue};

/// The cause behind what `palisade-sensor` wrote to its standard error: `palisade-sensor: CODE: TEXT`
/// in its last such line, where CODE is its own or the server's. Anything else is an installer that
/// failed in an unexpected way. `url` is the server's address.
pub fn sensor_said(stderr: &str, url: &str) -> Cause {
    let said = stderr
        .lines()
        .rev()
        .filter_map(|line| line.trim().strip_prefix("palisade-sensor: "))
        .find_map(|rest| rest.split_once(": "));
    let Some((code, detail)) = said else {
        let last = stderr.lines().rev().find(|l| !l.trim().is_empty()).unwrap_or("it said nothing");
        return Cause::provisioning(Code::InstallerFailed).with("exit", "an error").with("detail", last);
    };
    // `enrol` prefixes what the server said with the server's code once more.
    let detail = detail.strip_prefix(code).and_then(|d| d.strip_prefix(": ")).unwrap_or(detail);
    let raised =
        ["sensor", "ingest"].into_iter().find_map(|part| catalogue().covering(&format!("{part}:{code}")));
    // A fault of the server, such as a full log, is no fault of the machine, but it is why the
    // machine did not enrol.
    Cause::provisioning(raised.unwrap_or(Code::EnrolmentFailed))
        .with("url", url)
        .with("step", "enrol")
        .with("reason", code)
        .with("detail", detail)
        .with("state", "not enrolled")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(stderr: &str) -> (Code, String) {
        let cause = sensor_said(stderr, "https://palisade:9443");
        (cause.code, cause.message())
    }

    #[test]
    fn the_sensors_words_become_findings() {
        let (code, message) = said("palisade-sensor: server_unreachable: no route to host\n");
        assert_eq!(code, Code::ServerUnreachable);
        assert_eq!(message, "The machine cannot reach https://palisade:9443: no route to host.");
        let (code, message) = said(
            "warning: x\npalisade-sensor: enrolment_token_expired: enrolment_token_expired: the token has expired\n",
        );
        assert_eq!(code, Code::EnrolmentTokenRefused);
        assert_eq!(message, "The enrolment token was refused: enrolment_token_expired.");
        assert_eq!(said("palisade-sensor: tls_failed: bad certificate").0, Code::ServerUntrusted);
        assert_eq!(said("palisade-sensor: protocol_unsupported: old").0, Code::ProtocolUnsupported);
        let (code, message) = said("palisade-sensor: log_unavailable: the log takes nothing now");
        assert_eq!(code, Code::EnrolmentFailed);
        assert!(message.contains("log_unavailable: the log takes nothing now"), "{message}");
    }

    #[test]
    fn anything_else_is_an_unexpected_failure() {
        let (code, message) = said("sh: 3: cannot create /opt/x\n\n");
        assert_eq!(code, Code::InstallerFailed);
        assert!(message.contains("cannot create /opt/x"), "{message}");
        assert_eq!(said("").0, Code::InstallerFailed);
        assert_eq!(said("palisade-sensor: no colon").0, Code::InstallerFailed);
    }
}
