//! The bucket, and which of its objects wake the function.

use serde::Deserialize;

use super::function::Function;
use super::permission;
use super::{BlueprintError, Read, View, wrong};

/// A bucket.
#[derive(Debug, Clone)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What it notifies the function of.
    pub notifications: Vec<Notification>,
}

/// A notification: an event, and how the key must begin and end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// `s3:ObjectCreated:*`, or without the star.
    event: String,
    prefix: String,
    suffix: String,
}

impl Bucket {
    /// Whether an object of this key that came to be by `event`, such as `ObjectCreated:Put`, wakes
    /// the function.
    pub fn notifies(&self, event: &str, key: &str) -> bool {
        self.notifications.iter().any(|notification| notification.matches(event, key))
    }
}

impl Notification {
    fn matches(&self, event: &str, key: &str) -> bool {
        let wanted = self.event.strip_prefix("s3:").unwrap_or(&self.event);
        let happened = match wanted.strip_suffix('*') {
            Some(start) => event.starts_with(start),
            None => event == wanted,
        };
        happened && key.starts_with(&self.prefix) && key.ends_with(&self.suffix)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    notification_configuration: Option<NotificationConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct NotificationConfiguration {
    #[serde(default)]
    lambda_configurations: Vec<LambdaConfiguration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LambdaConfiguration {
    event: String,
    function: String,
    filter: Option<Filter>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Filter {
    s3_key: KeyFilter,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyFilter {
    rules: Vec<FilterRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct FilterRule {
    name: String,
    value: String,
}

/// The one bucket of the template.
pub(super) fn read(view: &View<'_>, function: &Function) -> Result<Bucket, BlueprintError> {
    let Read { id, reference: name, arn, properties } = view.one::<Properties>("AWS::S3::Bucket")?;
    let arn = arn.ok_or_else(|| wrong(&id, "its ARN is not known"))?;
    let configured = properties.notification_configuration.map(|all| all.lambda_configurations);
    let mut notifications = Vec::new();
    for configuration in configured.unwrap_or_default() {
        if configuration.function != function.arn {
            let problem =
                format!("it notifies `{}`, which is no function of the template's", configuration.function);
            return Err(wrong(&id, problem));
        }
        if !permission::granted(view, &function.name, "s3.amazonaws.com", &arn, false)? {
            let problem = "it notifies the function, and no AWS::Lambda::Permission lets S3 call that for this bucket \
                           and account";
            return Err(wrong(&id, problem));
        }
        notifications.push(notification(&id, configuration)?);
    }
    if notifications.is_empty() {
        return Err(wrong(&id, "it notifies nobody, so no upload would ever be rendered"));
    }
    Ok(Bucket { name, notifications })
}

fn notification(id: &str, configuration: LambdaConfiguration) -> Result<Notification, BlueprintError> {
    let mut notification =
        Notification { event: configuration.event, prefix: String::new(), suffix: String::new() };
    for rule in configuration.filter.map(|filter| filter.s3_key.rules).unwrap_or_default() {
        // S3 knows no other, and takes them in any case.
        match rule.name.to_ascii_lowercase().as_str() {
            "prefix" => notification.prefix = rule.value,
            "suffix" => notification.suffix = rule.value,
            _ => {
                return Err(wrong(
                    id,
                    format!("S3 filters keys by prefix and suffix, not by `{}`", rule.name),
                ));
            }
        }
    }
    Ok(notification)
}
