//! Signed calls, with pauses where the cloud asks for them.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use palisade_estate::provision::Backoff;
use reqwest::StatusCode;
use reqwest::redirect::Policy;
use serde::Deserialize;
use url::Url;

use super::settings::AwsSettings;
use crate::ec2::{self, Fault, MAX_BODY};
use crate::error::ConnectorError;
use crate::secret::SecretText;

/// How often a call is tried while the cloud limits it or does not answer.
const TRIES: u32 = 6;
/// Pauses between tries, microseconds.
const PAUSES: Backoff = Backoff { base: 200_000, cap: 5_000_000 };
/// What the machine's owner is told when the cloud goes on limiting: when it is worth another try.
const LATER: Duration = Duration::from_secs(60);

/// The connector's credential as it is sealed.
#[derive(Deserialize)]
struct Credential {
    access_key_id: String,
    secret_access_key: SecretText,
    #[serde(default)]
    session_token: Option<SecretText>,
}

/// A service and how to speak with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    Ec2,
    Ssm,
}

/// Calls of one account in one region.
pub(super) struct Client {
    http: reqwest::Client,
    credentials: Credentials,
    region: String,
    ec2: Url,
    ssm: Url,
}

/// Why one try gave no answer.
enum Refusal {
    /// Another try may do.
    Again(ConnectorError, Option<Duration>),
    /// It will not.
    Final(ConnectorError),
}

impl Client {
    pub(super) fn new(settings: &AwsSettings, secret: &[u8]) -> Result<Self, ConnectorError> {
        settings.check()?;
        let credential: Credential = serde_json::from_slice(secret).map_err(|_| {
            ConnectorError::Own("its credential lacks access_key_id or secret_access_key".into())
        })?;
        // Another part of the process may have chosen one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(Duration::from_secs(10))
            .timeout(Duration::from_secs(60))
            .build()
            .map_err(|e| ConnectorError::Own(e.to_string()))?;
        let credentials = Credentials::new(
            credential.access_key_id,
            credential.secret_access_key.reveal(),
            credential.session_token.map(|t| t.reveal().to_owned()),
            None,
            "connector",
        );
        Ok(Self {
            http,
            credentials,
            region: settings.region.clone(),
            ec2: settings.endpoint("ec2", settings.ec2_endpoint.as_deref())?,
            ssm: settings.endpoint("ssm", settings.ssm_endpoint.as_deref())?,
        })
    }

    /// One call; the answer's body.
    pub(super) async fn call(
        &self,
        service: Service,
        operation: &'static str,
        body: Vec<u8>,
    ) -> Result<Vec<u8>, ConnectorError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let (error, wanted) = match self.once(service, operation, &body).await {
                Ok(answer) => return Ok(answer),
                Err(Refusal::Final(error)) => return Err(error),
                Err(Refusal::Again(error, wanted)) => (error, wanted),
            };
            if tries == TRIES {
                return Err(error);
            }
            let mut seed = [0; 8];
            // Without randomness the pause is only less spread.
            let _ = getrandom::fill(&mut seed);
            let pause = PAUSES.pause(tries, u64::from_ne_bytes(seed)).unsigned_abs();
            let pause = Duration::from_micros(pause).max(wanted.unwrap_or_default().min(LATER));
            tracing::debug!(operation, tries, ?pause, "the cloud asks for a pause");
            tokio::time::sleep(pause).await;
        }
    }

    async fn once(&self, service: Service, operation: &'static str, body: &[u8]) -> Result<Vec<u8>, Refusal> {
        let own = |e: String| Refusal::Final(ConnectorError::Own(e));
        let request = self.signed(service, operation, body).map_err(own)?;
        let address = request.url().host_str().unwrap_or_default().to_owned();
        let unreachable = |e: reqwest::Error| {
            let detail = source(&e);
            Refusal::Again(ConnectorError::Unreachable { address: address.clone(), detail }, None)
        };
        let mut response = self.http.execute(request).await.map_err(unreachable)?;
        let status = response.status();
        let wanted = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
        let mut answer = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if answer.len() + chunk.len() > MAX_BODY {
                let detail = format!("{operation} gives more than {} MiB", MAX_BODY >> 20);
                return Err(Refusal::Final(ConnectorError::answer(&address, detail)));
            }
            answer.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return Ok(answer);
        }
        let fault = match service {
            Service::Ec2 => ec2::decode_fault(&answer),
            Service::Ssm => super::ssm::decode_fault(&answer),
        };
        Err(refusal(operation, &address, status, fault, wanted.map(Duration::from_secs)))
    }

    fn signed(&self, service: Service, operation: &str, body: &[u8]) -> Result<reqwest::Request, String> {
        let (name, url, kind) = match service {
            Service::Ec2 => ("ec2", &self.ec2, "application/x-www-form-urlencoded; charset=utf-8"),
            Service::Ssm => ("ssm", &self.ssm, "application/x-amz-json-1.1"),
        };
        let mut request = http::Request::post(url.as_str()).header("content-type", kind);
        let target = format!("AmazonSSM.{operation}");
        if service == Service::Ssm {
            request = request.header("x-amz-target", &target);
        }
        let mut request = request.body(body.to_vec()).map_err(|e| e.to_string())?;
        let identity = self.credentials.clone().into();
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(name)
            .time(SystemTime::now())
            .settings(SigningSettings::default())
            .build()
            .map_err(|e| e.to_string())?;
        let headers = request.headers().iter().filter_map(|(k, v)| Some((k.as_str(), v.to_str().ok()?)));
        let signable = SignableRequest::new("POST", url.as_str(), headers, SignableBody::Bytes(body))
            .map_err(|e| e.to_string())?;
        let (instructions, _) = sign(signable, &parameters.into()).map_err(|e| e.to_string())?.into_parts();
        instructions.apply_to_request_http1x(&mut request);
        request.try_into().map_err(|e: reqwest::Error| e.to_string())
    }
}

/// What is behind an error of the connection: its own words name only the step.
fn source(error: &reqwest::Error) -> String {
    let mut innermost: &dyn std::error::Error = error;
    while let Some(next) = innermost.source() {
        innermost = next;
    }
    innermost.to_string()
}

/// What a refusal means. The codes are those that EC2 and SSM have in common, and each one's own.
fn refusal(
    operation: &'static str,
    address: &str,
    status: StatusCode,
    fault: Option<Fault>,
    wanted: Option<Duration>,
) -> Refusal {
    let Some(Fault { code, message }) = fault else {
        let detail = format!("{operation}: HTTP {}", status.as_u16());
        return match status {
            StatusCode::TOO_MANY_REQUESTS => {
                Refusal::Again(ConnectorError::Throttled { operation, after: LATER }, wanted)
            }
            // A bare 500 is not from the cloud itself, which gives a code; nor is it likely to pass.
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => {
                Refusal::Again(ConnectorError::Unreachable { address: address.into(), detail }, wanted)
            }
            _ => Refusal::Final(ConnectorError::answer(address, detail)),
        };
    };
    let detail = format!("{code}: {message}");
    match code.as_str() {
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "TooManyRequestsException"
        | "SlowDown"
        | "RateExceeded" => Refusal::Again(ConnectorError::Throttled { operation, after: LATER }, wanted),
        "InternalError"
        | "InternalServerError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "Unavailable"
        | "RequestTimeout" => {
            Refusal::Again(ConnectorError::Unreachable { address: address.into(), detail }, wanted)
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "RequestExpired"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "OptInRequired"
        | "Blocked" => Refusal::Final(ConnectorError::CredentialsRefused { operation, detail }),
        "UnauthorizedOperation" | "AccessDenied" | "AccessDeniedException" | "NotAuthorized" => {
            Refusal::Final(ConnectorError::PermissionMissing { operation, detail })
        }
        "InvalidInstanceId" | "InvalidInstanceID.NotFound" | "InvalidInstanceID.Malformed" => {
            Refusal::Final(ConnectorError::AgentOffline { instance: String::new(), detail })
        }
        _ => Refusal::Final(ConnectorError::answer(address, format!("{operation}: {detail}"))),
    }
}

#[cfg(test)]
mod tests {
    use palisade_estate::health::Code;

    use super::*;

    #[test]
    fn refusals_mean_what_the_cloud_says() {
        let code = |code: &str| {
            let fault = Fault { code: code.into(), message: "words".into() };
            match refusal("SendCommand", "ssm", StatusCode::BAD_REQUEST, Some(fault), None) {
                Refusal::Again(e, _) => (true, e.code()),
                Refusal::Final(e) => (false, e.code()),
            }
        };
        assert_eq!(code("ThrottlingException"), (true, Code::ConnectorThrottled));
        assert_eq!(code("RequestLimitExceeded"), (true, Code::ConnectorThrottled));
        assert_eq!(code("InternalServerError"), (true, Code::ConnectorUnreachable));
        assert_eq!(code("UnauthorizedOperation"), (false, Code::CloudPermissionMissing));
        assert_eq!(code("AuthFailure"), (false, Code::CloudCredentialsRefused));
        assert_eq!(code("InvalidInstanceId"), (false, Code::CloudAgentOffline));
        assert_eq!(code("ValidationException"), (false, Code::ConnectorAnswerInvalid));
        let plain = |status| matches!(refusal("X", "a", status, None, None), Refusal::Again(..));
        assert!(plain(StatusCode::SERVICE_UNAVAILABLE) && plain(StatusCode::TOO_MANY_REQUESTS));
        assert!(!plain(StatusCode::INTERNAL_SERVER_ERROR) && !plain(StatusCode::NOT_FOUND));
    }
}
