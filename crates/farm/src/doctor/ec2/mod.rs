//! A few questions to EC2, in its own protocol.
//!
//! The SDK of EC2 has 811 calls and is longer than all others of this program together; here are five, which only
//! read. They are signed, sent and tried again by the parts that the SDKs are made of:
//! `docs/decisions/0033-ec2-is-asked-without-its-sdk.md`.

mod answer;

use aws_runtime::auth::SigV4OperationSigningConfig;
use aws_runtime::auth::sigv4::{SCHEME_ID, SigV4AuthScheme};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime::client::retries::classifiers::{HttpStatusCodeClassifier, TransientErrorClassifier};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::auth::AuthSchemeOptionResolverParams;
use aws_smithy_runtime_api::client::auth::static_resolver::StaticAuthSchemeOptionResolver;
use aws_smithy_runtime_api::client::identity::SharedIdentityResolver;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponentsBuilder;
use aws_smithy_runtime_api::client::runtime_plugin::StaticRuntimePlugin;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::Layer;
use aws_smithy_types::error::ErrorMetadata;
use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;
use aws_types::SigningName;
use aws_types::region::{Region, SigningRegion};
use aws_types::service_config::ServiceConfigKey;
use farm_aws::{AwsError, Session};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

pub(super) use answer::{Gateway, Group, Outgoing, Route, RouteTable, Subnet, VpcEndpoint};

use super::aws::ask;

/// The version of the API that the answers are read by.
const VERSION: &str = "2016-11-15";
/// What stands in a form as it is.
const KEPT: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const AGENT: &str = concat!("farm/", env!("CARGO_PKG_VERSION"));

/// EC2, as one account and region has it.
#[derive(Debug, Clone)]
pub(super) struct Ec2(Operation<Question, String, ErrorMetadata>);

/// A call and what it is given.
#[derive(Debug)]
struct Question {
    action: &'static str,
    given: Vec<(String, String)>,
}

impl Ec2 {
    pub fn new(session: &Session) -> Self {
        let config = session.config();
        let region = Region::new(session.region().to_owned());
        let mut layer = Layer::new("EC2");
        layer.store_put(AuthSchemeOptionResolverParams::new(()));
        layer.store_put(SigV4OperationSigningConfig {
            region: Some(SigningRegion::from(region)),
            name: Some(SigningName::from_static("ec2")),
            ..SigV4OperationSigningConfig::default()
        });
        let scheme = StaticAuthSchemeOptionResolver::new(vec![SCHEME_ID]);
        let mut parts = RuntimeComponentsBuilder::new("EC2")
            .with_auth_scheme_option_resolver(Some(scheme))
            .with_auth_scheme(SigV4AuthScheme::new());
        if let Some(credentials) = config.credentials_provider() {
            parts.set_identity_resolver(SCHEME_ID, SharedIdentityResolver::new(credentials));
        }
        if let Some(cache) = config.identity_cache() {
            parts.set_identity_cache(Some(cache));
        }
        let signing = StaticRuntimePlugin::new().with_config(layer.freeze()).with_runtime_components(parts);
        let timeouts = config.timeout_config().cloned().unwrap_or_else(TimeoutConfig::disabled);
        let operation = Operation::builder()
            .service_name("EC2")
            .operation_name("Describe")
            .endpoint_url(&endpoint(session))
            .timeout_config(timeouts)
            .standard_retry(config.retry_config().unwrap_or(&RetryConfig::standard()))
            .retry_classifier(TransientErrorClassifier::<ErrorMetadata>::new())
            // Who asks too often hears a 503.
            .retry_classifier(HttpStatusCodeClassifier::default())
            .runtime_plugin(signing)
            .serializer(request)
            .deserializer(response)
            .build();
        Self(operation)
    }

    pub async fn subnets(&self, ids: &[String]) -> Result<Vec<Subnet>, AwsError> {
        let told = self.tell("DescribeSubnets", "look at the subnets", numbered("SubnetId", ids)).await?;
        answer::subnets(&told).map_err(|error| unread("look at the subnets", error))
    }

    /// Those of networks.
    pub async fn route_tables(&self, vpcs: &[String]) -> Result<Vec<RouteTable>, AwsError> {
        const DOING: &str = "look at the subnets' routes";
        let told = self.tell("DescribeRouteTables", DOING, filter("vpc-id", vpcs)).await?;
        answer::route_tables(&told).map_err(|error| unread(DOING, error))
    }

    pub async fn groups(&self, ids: &[String]) -> Result<Vec<Group>, AwsError> {
        const DOING: &str = "look at the security groups";
        let told = self.tell("DescribeSecurityGroups", DOING, numbered("GroupId", ids)).await?;
        answer::groups(&told).map_err(|error| unread(DOING, error))
    }

    /// Those of networks.
    pub async fn endpoints(&self, vpcs: &[String]) -> Result<Vec<VpcEndpoint>, AwsError> {
        const DOING: &str = "look for the network's way to S3";
        let told = self.tell("DescribeVpcEndpoints", DOING, filter("vpc-id", vpcs)).await?;
        answer::endpoints(&told).map_err(|error| unread(DOING, error))
    }

    /// Those of networks.
    pub async fn gateways(&self, vpcs: &[String]) -> Result<Vec<Gateway>, AwsError> {
        const DOING: &str = "look for the network's internet gateway";
        let told = self.tell("DescribeInternetGateways", DOING, filter("attachment.vpc-id", vpcs)).await?;
        answer::gateways(&told).map_err(|error| unread(DOING, error))
    }

    async fn tell(
        &self,
        action: &'static str,
        doing: &str,
        given: Vec<(String, String)>,
    ) -> Result<String, AwsError> {
        ask(doing, self.0.invoke(Question { action, given })).await
    }
}

/// `NAME.1`, `NAME.2` and so on.
fn numbered(name: &str, values: &[String]) -> Vec<(String, String)> {
    (1..).zip(values).map(|(number, value)| (format!("{name}.{number}"), value.clone())).collect()
}

/// Only what has one of these values.
fn filter(name: &str, values: &[String]) -> Vec<(String, String)> {
    let named = [("Filter.1.Name".to_owned(), name.to_owned())];
    named.into_iter().chain(numbered("Filter.1.Value", values)).collect()
}

fn request(question: Question) -> Result<HttpRequest, BoxError> {
    let given = [("Action", question.action), ("Version", VERSION)];
    let given =
        given.into_iter().chain(question.given.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let form: Vec<String> =
        given.map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, &KEPT))).collect();
    let form = form.join("&");
    let length = form.len().to_string();
    let mut request = HttpRequest::new(SdkBody::from(form));
    request.set_method("POST")?;
    request.set_uri("/")?;
    request.headers_mut().try_insert("content-type", "application/x-www-form-urlencoded")?;
    request.headers_mut().try_insert("content-length", length)?;
    request.headers_mut().try_insert("user-agent", AGENT)?;
    Ok(request)
}

fn response(response: &HttpResponse) -> Result<String, OrchestratorError<ErrorMetadata>> {
    let body = String::from_utf8_lossy(response.body().bytes().unwrap_or_default());
    if response.status().is_success() {
        return Ok(body.into_owned());
    }
    let (code, message) = answer::error(&body);
    let error = ErrorMetadata::builder()
        .code(code.unwrap_or_else(|| response.status().as_u16().to_string()))
        .message(message.unwrap_or_else(|| format!("EC2 answers {}", response.status().as_u16())));
    Err(OrchestratorError::operation(error.build()))
}

/// Where EC2 is, as the SDKs find a service: an address of its own in the environment or in the profile, one for all
/// services, or the region's.
fn endpoint(session: &Session) -> String {
    let config = session.config();
    let key =
        ServiceConfigKey::builder().service_id("EC2").env("AWS_ENDPOINT_URL").profile("endpoint_url").build();
    let own = config.service_config().zip(key.ok()).and_then(|(known, key)| known.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned)).unwrap_or_else(|| of_region(session.region()))
}

fn of_region(region: &str) -> String {
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    format!("https://ec2.{region}.{suffix}")
}

fn unread(doing: &str, error: aws_smithy_xml::decode::XmlDecodeError) -> AwsError {
    AwsError::unsent(doing, format!("EC2's answer cannot be read: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_a_form() {
        let given = filter("vpc-id", &["vpc-1 a&b".to_owned(), "vpc-2".to_owned()]);
        let request = request(Question { action: "DescribeRouteTables", given }).expect("a request");
        let body = std::str::from_utf8(request.body().bytes().expect("in memory")).expect("text");
        assert_eq!(
            body,
            "Action=DescribeRouteTables&Version=2016-11-15&Filter.1.Name=vpc-id&Filter.1.Value.1=vpc-1%20a%26b\
             &Filter.1.Value.2=vpc-2"
        );
        assert_eq!((request.method(), request.uri()), ("POST", "/"));
    }

    #[test]
    fn each_region_has_its_address() {
        assert_eq!(of_region("eu-west-1"), "https://ec2.eu-west-1.amazonaws.com");
        assert_eq!(of_region("cn-north-1"), "https://ec2.cn-north-1.amazonaws.com.cn");
    }
}
