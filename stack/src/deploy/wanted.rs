//! What is asked for, looked over before anybody is called: the template, the values of its
//! parameters, the images and the code.

use std::collections::BTreeMap;

use aws_sdk_cloudformation::types::Stack;

use super::bucket;
use super::error::DeployError;
use crate::farm::{self, FarmConfig, FarmError, parameters};
use crate::template::{AwsNames, Finished, Inputs, UnfinishedError, resolve};

/// A farm that is asked for, and that could be.
#[derive(Debug)]
pub struct Wanted {
    /// The stack's name.
    pub stack: String,
    /// Bucket and registry alone.
    pub foundation: Finished,
    /// All of it.
    pub whole: Finished,
    /// The farm that it is.
    pub config: FarmConfig,
    /// Values of parameters that are given.
    given: BTreeMap<String, String>,
    /// The function's code, where it is given.
    pub code: Option<Vec<u8>>,
}

/// Why there can be no such farm.
#[derive(Debug, thiserror::Error)]
pub enum WantedError {
    /// The configuration is wrong.
    #[error(transparent)]
    Farm(#[from] FarmError),
    /// The template is wrong: a defect of the farm.
    #[error(transparent)]
    Template(#[from] UnfinishedError),
    /// A parameter's value.
    #[error("{0}")]
    Parameter(String),
    /// What must be given and is not, in words.
    #[error("{}", .0.join("; "))]
    Missing(Vec<String>),
}

impl WantedError {
    /// What to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing(_) => Some(
                "`cargo xtask deploy` builds images and code and gives them. By hand, an image is given by its digest, \
                 --image 4.5=REPOSITORY@sha256:... or --image zip=..., and the function's code with --function FILE."
                    .to_owned(),
            ),
            _ => None,
        }
    }
}

impl Wanted {
    /// A farm as it is asked for. `given` are values of parameters, `code` is the zip file of the
    /// function.
    ///
    /// # Errors
    /// Something of it cannot be; the error says what is allowed.
    pub fn new(
        stack: &str,
        config: &FarmConfig,
        mut given: BTreeMap<String, String>,
        code: Option<Vec<u8>>,
    ) -> Result<Self, WantedError> {
        farm::check_stack_name(stack)?;
        let (foundation, whole) =
            (farm::foundation(config, None)?.finish()?, farm::template(config)?.finish()?);
        if let Some(code) = &code {
            given.insert(parameters::FUNCTION_CODE_KEY.to_owned(), bucket::code_key(code));
        }
        for (name, value) in &given {
            resolve::check_parameter(&whole.document, name, value)
                .map_err(|error| WantedError::Parameter(error.to_string()))?;
        }
        parameters::check_together(&given)?;
        Ok(Self { stack: stack.to_owned(), foundation, whole, config: config.clone(), given, code })
    }

    /// The foundation, with a bucket that stands.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn adopting(&self, bucket: &str) -> Result<Finished, WantedError> {
        Ok(farm::foundation(&self.config, Some(bucket))?.finish()?)
    }

    /// Whether tasks can pull the images that are given: their role lets them at the farm's own
    /// registry alone.
    ///
    /// # Errors
    /// One is elsewhere.
    pub fn check_images(&self, registry: &str) -> Result<(), DeployError> {
        let images = self.given.iter().filter(|(name, _)| parameters::is_image(name));
        for (_, image) in images {
            if image.split('@').next() != Some(registry) {
                return Err(DeployError::Elsewhere { image: image.clone(), registry: registry.to_owned() });
            }
        }
        Ok(())
    }

    /// That nothing is given that the foundation would pass over.
    ///
    /// # Errors
    /// Names what it has not.
    pub fn check_foundation(&self) -> Result<(), DeployError> {
        let parameters = &self.foundation.document.parameters;
        match self.given.keys().find(|name| !parameters.contains_key(*name)) {
            Some(name) => Err(DeployError::NotOfFoundation(name.clone())),
            None => Ok(()),
        }
    }

    /// The resources that a first deploy would make, by logical id, each with its type. Whether an
    /// image or the code is given makes no difference to that.
    ///
    /// # Errors
    /// The template cannot be worked out: a defect of the farm.
    pub fn resources(&self, account: &str, region: &str) -> Result<Vec<(String, String)>, WantedError> {
        let mut inputs = Inputs::new(&self.stack, account, region);
        for (name, spec) in &self.whole.document.parameters {
            if let Some(value) = self.given.get(name) {
                inputs = inputs.with(name, value);
            } else if parameters::is_image(name) {
                inputs = inputs.with(name, &format!("{}@sha256:{}", self.stack, "0".repeat(64)));
            } else if spec.default.is_none() {
                inputs = inputs.with(name, &bucket::code_key(&[]));
            }
        }
        let resolved = resolve(&self.whole.document, &inputs, &AwsNames::new(&inputs));
        let resolved = resolved.map_err(|error| WantedError::Parameter(error.to_string()))?;
        Ok(resolved.resources.into_iter().map(|(id, resource)| (id, resource.kind)).collect())
    }

    /// The values for a template's parameters: those that are given, and else those that the stack
    /// has, which stand as none here.
    ///
    /// # Errors
    /// One has neither, and no default.
    pub fn parameters(
        &self,
        template: &Finished,
        stack: Option<&Stack>,
    ) -> Result<Vec<(String, Option<String>)>, WantedError> {
        let has = |name: &str| {
            let mut all = stack.iter().flat_map(|stack| stack.parameters());
            all.any(|parameter| parameter.parameter_key() == Some(name))
        };
        let (mut values, mut missing) = (Vec::new(), Vec::new());
        for (name, spec) in &template.document.parameters {
            match self.given.get(name) {
                Some(value) => values.push((name.clone(), Some(value.clone()))),
                None if has(name) => values.push((name.clone(), None)),
                None if spec.default.is_some() => {}
                None => missing.push(parameters::missing(&self.config, name)),
            }
        }
        if missing.is_empty() { Ok(values) } else { Err(WantedError::Missing(missing)) }
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::Parameter;

    use super::*;

    fn image(name: &str) -> String {
        format!("1.dkr.ecr.eu-west-1.amazonaws.com/{name}@sha256:{}", "0".repeat(64))
    }

    fn wanted(given: &[(&str, &str)], code: Option<Vec<u8>>) -> Result<Wanted, WantedError> {
        let config = FarmConfig::new(vec!["4.5".parse().expect("a version")]).expect("a farm");
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Wanted::new("farm", &config, given, code)
    }

    #[test]
    fn what_cannot_be_is_refused_with_what_can() {
        let bad = "farm:latest".to_owned();
        for (given, why) in [
            (&[("MaxSpotVcpus", "2")][..], "less than 4"),
            (&[("MaxSpotVcpu", "64")], "no such parameter"),
            (&[("maxspotvcpus", "64")], "it is spelt MaxSpotVcpus"),
            (&[("Email", "nobody")], "one e-mail address"),
            (&[("Webhook", "http://example.org/")], "begins with https://"),
            (&[("Notify", "failures")], "not one of renders, problems"),
            (&[("RenderImage45", &bad)], "repository@sha256:digest"),
            (&[("VpcId", "vpc-1"), ("SubnetIds", "subnet-1")], "two subnets"),
            (&[("VpcId", "vpc-1"), ("SubnetIds", "subnet-1,subnet-1")], "two subnets"),
            (&[("VpcId", "vpc-1")], "two subnets"),
            (&[("SubnetIds", "subnet-1,subnet-2")], "VpcId"),
            (&[("RenderExpiryDays", "never")], "not a whole number"),
            (&[("RenderExpiryDays", "00")], "not a whole number"),
            (&[("MaxSpotVcpus", "64.5")], "not a whole number"),
            (&[("LogRetentionDays", "31")], "30"),
        ] {
            let error = wanted(given, None).map(|_| ()).expect_err(why).to_string();
            assert!(error.contains(why), "{given:?}: {error}");
        }
        let config = FarmConfig::standard().expect("a farm");
        let error = Wanted::new("My_Farm", &config, BTreeMap::new(), None).map(|_| ()).expect_err("a name");
        assert!(error.to_string().contains("lower-case"), "{error}");
    }

    #[test]
    fn what_is_not_given_is_kept_or_defaulted_or_asked_for() {
        let image = image("x");
        let farm = wanted(&[("RenderImage45", &image), ("ZipImage", &image)], None).expect("wanted");
        let error = farm.parameters(&farm.whole, None).expect_err("no code");
        assert_eq!(error.to_string(), "the function has no code");
        assert!(error.hint().is_some_and(|hint| hint.contains("--function")));
        let parameter = Parameter::builder().parameter_key("FunctionCodeKey").parameter_value("x").build();
        let stack = Stack::builder().parameters(parameter).build();
        let values = farm.parameters(&farm.whole, Some(&stack)).expect("complete");
        assert!(values.contains(&("FunctionCodeKey".to_owned(), None)));
        assert!(values.contains(&("ZipImage".to_owned(), Some(image))));
        assert!(!values.iter().any(|(name, _)| name == "Email"), "it has a default");
        assert_eq!(farm.parameters(&farm.foundation, None).expect("complete"), []);
        let coded = wanted(&[], Some(b"code".to_vec())).expect("wanted");
        let error = coded.parameters(&coded.whole, None).expect_err("no images").to_string();
        assert_eq!(error, "Blender 4.5 has no image; zip-task has no image");
    }

    #[test]
    fn images_must_be_where_tasks_may_pull_and_the_foundation_takes_its_own_alone() {
        let farm = wanted(&[("ZipImage", &image("farm"))], None).expect("wanted");
        assert!(farm.check_images("1.dkr.ecr.eu-west-1.amazonaws.com/farm").is_ok());
        let error = farm.check_images("1.dkr.ecr.us-east-1.amazonaws.com/farm").expect_err("elsewhere");
        assert!(
            error.hint().is_some_and(|hint| hint.contains("1.dkr.ecr.us-east-1.amazonaws.com/farm@sha256:"))
        );
        assert!(farm.check_foundation().expect_err("not its own").to_string().contains("ZipImage"));
        let made = |farm: &Wanted| {
            let made = farm.resources("123456789012", "eu-west-1").expect("resources");
            made.into_iter().map(|(id, _)| id).collect::<Vec<_>>()
        };
        let told = wanted(&[("Email", "a@b.org")], None).expect("wanted");
        assert!(made(&told).contains(&"NoticesByEmail".to_owned()));
        assert!(!made(&farm).contains(&"NoticesByEmail".to_owned()), "nobody is told");
        assert!(wanted(&[("OldVersionDays", "3")], None).expect("wanted").check_foundation().is_ok());
    }
}
