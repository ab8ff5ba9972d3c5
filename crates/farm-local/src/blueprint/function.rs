//! The function: what it runs, with what, and how often an event is tried.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::value::Number;
use super::{BlueprintError, Read, View, wrong};

/// Attempts after the first, where nothing says otherwise: Lambda's own number.
const RETRIES: u64 = 2;

/// A function.
#[derive(Debug)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What its code is here.
    pub program: PathBuf,
    /// Its variables.
    pub environment: BTreeMap<String, String>,
    /// ARN of its role.
    pub role: String,
    /// MiB.
    pub memory_mb: u32,
    /// What one invocation may take.
    pub timeout: Duration,
    /// Attempts after the first.
    pub retries: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Properties {
    code: Code,
    environment: Option<Environment>,
    memory_size: Option<Number>,
    role: String,
    timeout: Option<Number>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Code {
    s3_bucket: String,
    s3_key: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InvokeConfig {
    function_name: String,
    maximum_retry_attempts: Option<Number>,
    destination_config: Option<DestinationConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DestinationConfig {
    on_failure: Option<OnFailure>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct OnFailure {
    destination: String,
}

/// The one function of the template.
pub(super) fn read(view: &View<'_>) -> Result<Function, BlueprintError> {
    let Read { id, reference: name, arn, properties } = view.one::<Properties>("AWS::Lambda::Function")?;
    let Code { s3_bucket, s3_key } = properties.code;
    let bucket: Read<serde::de::IgnoredAny> = view.one("AWS::S3::Bucket")?;
    if s3_bucket != bucket.reference {
        return Err(wrong(&id, format!("its code is in the bucket `{s3_bucket}`, which is not the farm's")));
    }
    let program = view.programs.get(&s3_key);
    let program =
        program.ok_or_else(|| wrong(&id, format!("nothing here stands for its code, `{s3_key}`")))?;
    if !view.stands("AWS::IAM::Role", &properties.role)? {
        return Err(wrong(&id, format!("its role, `{}`, is none of the template's", properties.role)));
    }
    Ok(Function {
        retries: retries(view, &name)?,
        arn: arn.ok_or_else(|| wrong(&id, "its ARN is not known"))?,
        name,
        program: program.path.clone(),
        environment: properties.environment.map(|environment| environment.variables).unwrap_or_default(),
        role: properties.role,
        memory_mb: number(&id, properties.memory_size, 128)?,
        timeout: Duration::from_secs(number(&id, properties.timeout, 3)?.into()),
    })
}

/// How often an event is tried again, by the configuration of the function's invocations.
fn retries(view: &View<'_>, function: &str) -> Result<usize, BlueprintError> {
    let mut retries = RETRIES;
    for Read { id, properties, .. } in view.of::<InvokeConfig>("AWS::Lambda::EventInvokeConfig")? {
        if properties.function_name != function {
            let problem = format!(
                "it is for the function `{}`, which is none of the template's",
                properties.function_name
            );
            return Err(wrong(&id, problem));
        }
        retries = properties.maximum_retry_attempts.map_or(retries, |number| number.0);
        let lost = properties.destination_config.and_then(|config| config.on_failure);
        if let Some(lost) =
            lost.filter(|lost| !view.stands("AWS::SQS::Queue", &lost.destination).unwrap_or(false))
        {
            let problem =
                format!("failed events go to `{}`, which is no queue of the template's", lost.destination);
            return Err(wrong(&id, problem));
        }
    }
    usize::try_from(retries).map_err(|_| wrong(function, "it is tried too often"))
}

fn number(id: &str, given: Option<Number>, default: u32) -> Result<u32, BlueprintError> {
    given.map_or(Ok(default), |number| {
        u32::try_from(number.0).map_err(|_| wrong(id, format!("{} is more than it can have", number.0)))
    })
}
