//! The function's settings, from its environment.

use anyhow::Context;
use blend_file::Version;
use farm_contract::env;
use farm_contract::notify::Notify;
use farm_contract::plan::{Plan, SourceId};
use farm_plan::Model;

/// What the stack tells the function.
#[derive(Debug, Clone)]
pub struct Config {
    /// Bucket of the uploads.
    pub bucket: String,
    /// ARN of the queue.
    pub job_queue: String,
    /// The farm's Blenders, at least one.
    pub blenders: Vec<Blender>,
    /// ARN of zip-task's job definition.
    pub zip_definition: String,
    /// What a render comes to here, before anything is known of its scene.
    pub model: Model,
    /// Seconds that one frame may take.
    pub frame_seconds: u32,
    /// ARN of the topic that is told how uploads end, where somebody is.
    pub topic: Option<String>,
    /// Of which ends it is told.
    pub notify: Notify,
}

/// A Blender of the farm, and what renders with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blender {
    /// Its version.
    pub version: Version,
    /// ARN of render-task's job definition.
    pub definition: String,
    /// ARN of render-task's job definition with more memory.
    pub large_definition: String,
}

/// Why the function cannot start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A variable is missing or empty.
    #[error("the environment variable {0} is not set; deploy the farm again, which sets it")]
    Missing(&'static str),
    /// A variable's value cannot be read.
    #[error("the environment variable {name} is `{value}`, which is not {expected}")]
    Malformed {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        expected: &'static str,
    },
}

impl Config {
    /// Reads the settings; `lookup` gives a variable's value.
    ///
    /// # Errors
    /// A variable is missing, empty or not what it should be; the error names it.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let present = |name| lookup(name).filter(|value| !value.trim().is_empty());
        let text = |name| present(name).ok_or(ConfigError::Missing(name));
        Ok(Self {
            bucket: text(env::BUCKET_NAME)?,
            job_queue: text(env::JOB_QUEUE_ARN)?,
            blenders: blenders(
                &text(env::BLENDER_VERSION)?,
                &text(env::JOB_DEFINITION_ARN)?,
                &text(env::LARGE_JOB_DEFINITION_ARN)?,
            )?,
            zip_definition: text(env::ZIP_JOB_DEFINITION_ARN)?,
            model: model(
                Model::of_farm(
                    count(env::MAX_VCPUS, text(env::MAX_VCPUS)?)?.into(),
                    vcpus(env::TASK_VCPUS, text(env::TASK_VCPUS)?)?,
                    amount(env::TASK_PRICE, text(env::TASK_PRICE)?)?,
                ),
                present(env::START_SECONDS),
            )?,
            frame_seconds: match present(env::FRAME_SECONDS) {
                Some(value) => count(env::FRAME_SECONDS, value)?,
                None => env::DEFAULT_FRAME_SECONDS,
            },
            topic: present(env::TOPIC_ARN),
            notify: match present(env::NOTIFY) {
                Some(value) => notify(value)?,
                None => Notify::default(),
            },
        })
    }

    /// The versions of the farm's Blenders.
    pub fn versions(&self) -> Vec<Version> {
        self.blenders.iter().map(|blender| blender.version).collect()
    }

    /// The Blender that a plan is rendered with.
    ///
    /// # Errors
    /// The farm no longer has it.
    pub fn blender(&self, plan: &Plan) -> anyhow::Result<&Blender> {
        let made_for = |blender: &&Blender| {
            let id = SourceId::of(&plan.key, &plan.source.etag, &blender.version.to_string());
            id.allowing(plan.allowed) == plan.source.id
        };
        let found = match &plan.blender {
            // Of a farm that had but one: its frames tell which.
            None => self.blenders.iter().find(made_for),
            Some(text) => self.blenders.iter().find(|blender| blender.version.to_string() == *text),
        };
        found.with_context(|| {
            let wanted = plan.blender.as_deref().unwrap_or("any");
            format!("render {} is planned with Blender {wanted}, which the farm has no more", plan.render)
        })
    }
}

/// The Blenders, from three lists of the same order.
fn blenders(versions: &str, definitions: &str, large: &str) -> Result<Vec<Blender>, ConfigError> {
    let of = |name, list: &str, expected| {
        let malformed = || ConfigError::Malformed { name, value: list.to_owned(), expected };
        let list: Vec<String> = list.split_whitespace().map(str::to_owned).collect();
        let fits = list.len() == versions.split_whitespace().count();
        if fits { Ok(list) } else { Err(malformed()) }
    };
    const EXPECTED: &str = "one job definition for each Blender";
    let definitions = of(env::JOB_DEFINITION_ARN, definitions, EXPECTED)?;
    let large = of(env::LARGE_JOB_DEFINITION_ARN, large, EXPECTED)?;
    let each = versions.split_whitespace().zip(definitions.into_iter().zip(large));
    each.map(|(version, (definition, large_definition))| {
        let version = version.parse().map_err(|_| ConfigError::Malformed {
            name: env::BLENDER_VERSION,
            value: versions.to_owned(),
            expected: "versions such as 4.5 4.1",
        })?;
        Ok(Blender { version, definition, large_definition })
    })
    .collect()
}

fn model(farm: Model, start_seconds: Option<String>) -> Result<Model, ConfigError> {
    Ok(match start_seconds {
        Some(value) => Model { start_seconds: amount(env::START_SECONDS, value)?, ..farm },
        None => farm,
    })
}

/// Dollars or seconds.
fn amount(name: &'static str, value: String) -> Result<f64, ConfigError> {
    match value.trim().parse::<f64>() {
        Ok(number) if number >= 0.0 && number.is_finite() => Ok(number),
        _ => Err(ConfigError::Malformed { name, value, expected: "a number from 0 on, such as 0.0625" }),
    }
}

/// vCPUs of a task: Fargate has fractions of one.
fn vcpus(name: &'static str, value: String) -> Result<f64, ConfigError> {
    match value.trim().parse::<f64>() {
        Ok(number) if number > 0.0 && number.is_finite() => Ok(number),
        _ => Err(ConfigError::Malformed { name, value, expected: "a number above 0, such as 4 or 0.5" }),
    }
}

fn notify(value: String) -> Result<Notify, ConfigError> {
    let expected = "renders or problems";
    value.trim().parse().map_err(|_| ConfigError::Malformed { name: env::NOTIFY, value, expected })
}

fn count(name: &'static str, value: String) -> Result<u32, ConfigError> {
    match value.trim().parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(ConfigError::Malformed { name, value, expected: "a number above 0" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: (&str, Option<&str>)) -> Result<Config, ConfigError> {
        let good = [
            (env::BUCKET_NAME, "farm"),
            (env::JOB_QUEUE_ARN, "arn:queue"),
            (env::JOB_DEFINITION_ARN, "arn:render"),
            (env::LARGE_JOB_DEFINITION_ARN, "arn:large"),
            (env::ZIP_JOB_DEFINITION_ARN, "arn:zip"),
            (env::BLENDER_VERSION, "4.5"),
            (env::MAX_VCPUS, "256"),
            (env::TASK_VCPUS, "4"),
            (env::TASK_PRICE, "0.2"),
        ];
        Config::from_lookup(|name| {
            if name == change.0 {
                return change.1.map(str::to_owned);
            }
            good.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn every_variable_that_is_missing_or_empty_is_named() {
        let needed = [
            env::BUCKET_NAME,
            env::JOB_QUEUE_ARN,
            env::JOB_DEFINITION_ARN,
            env::LARGE_JOB_DEFINITION_ARN,
            env::ZIP_JOB_DEFINITION_ARN,
            env::BLENDER_VERSION,
            env::MAX_VCPUS,
            env::TASK_VCPUS,
            env::TASK_PRICE,
        ];
        for name in needed {
            for value in [None, Some(""), Some(" ")] {
                assert_eq!(read((name, value)).expect_err(name), ConfigError::Missing(name));
            }
        }
    }

    #[test]
    fn values_are_read() {
        let config = read((env::FRAME_SECONDS, None)).expect("good");
        let [blender] = config.blenders.as_slice() else { panic!("{config:?}") };
        assert_eq!((blender.version.major, blender.version.minor), (4, 5));
        assert_eq!(
            (blender.definition.as_str(), blender.large_definition.as_str()),
            ("arn:render", "arn:large")
        );
        assert_eq!((config.model.parallel(), config.model.task_hour), (64, 0.2));
        assert_eq!(config.model.start_seconds, Model::of_farm(1.0, 1.0, 0.0).start_seconds);
        let quick = read((env::START_SECONDS, Some("1.5"))).expect("good").model;
        assert_eq!(quick.start_seconds, 1.5);
        assert_eq!(read((env::TASK_PRICE, Some("0"))).expect("good").model.task_hour, 0.0);
        assert_eq!(config.frame_seconds, env::DEFAULT_FRAME_SECONDS);
        assert_eq!(read((env::FRAME_SECONDS, Some("60"))).expect("good").frame_seconds, 60);
        assert_eq!((config.topic, config.notify), (None, Notify::Renders));
        assert_eq!(
            read((env::TOPIC_ARN, Some("arn:topic"))).expect("good").topic.as_deref(),
            Some("arn:topic")
        );
        assert_eq!(read((env::NOTIFY, Some("problems"))).expect("good").notify, Notify::Problems);
        for (name, value) in [
            (env::MAX_VCPUS, "0"),
            (env::MAX_VCPUS, "many"),
            (env::MAX_VCPUS, "2.5"),
            (env::TASK_VCPUS, "0"),
            (env::TASK_VCPUS, "-4"),
            (env::TASK_VCPUS, "NaN"),
            (env::TASK_VCPUS, "inf"),
            (env::TASK_PRICE, "-0.1"),
            (env::TASK_PRICE, "$1"),
            (env::START_SECONDS, "NaN"),
            (env::FRAME_SECONDS, "-1"),
            (env::NOTIFY, "all"),
            (env::BLENDER_VERSION, "4"),
            (env::BLENDER_VERSION, "four.five"),
            (env::JOB_DEFINITION_ARN, "arn:one arn:two"),
            (env::LARGE_JOB_DEFINITION_ARN, "arn:one arn:two"),
        ] {
            let error = read((name, Some(value))).expect_err(value).to_string();
            assert!(error.contains(name) && error.contains(value), "{error}");
        }
    }

    #[test]
    fn each_blender_has_its_definitions_and_a_plan_its_blender() {
        let lists = [
            (env::BLENDER_VERSION, "4.5 4.1"),
            (env::JOB_DEFINITION_ARN, "arn:45 arn:41"),
            (env::LARGE_JOB_DEFINITION_ARN, "arn:45l arn:41l"),
        ];
        let config = Config::from_lookup(|name| {
            let list = lists.iter().find(|(known, _)| *known == name).map(|(_, list)| (*list).to_owned());
            let unset = name == env::NOTIFY;
            list.or_else(|| (!unset).then(|| if name.starts_with("FARM_") { "8" } else { "x" }.to_owned()))
        });
        let config = config.expect("good");
        let source = farm_contract::plan::Source::of("a.blend", "e", 1, "4.1");
        let render = farm_contract::plan::RenderId::of_event("b", "k", "v", "s");
        let mut plan = Plan::draft(render, "b", "a.blend", source, "1");
        assert_eq!(config.blender(&plan).expect("the one of its frames").definition, "arn:41");
        plan.blender = Some("4.1".into());
        assert_eq!(config.blender(&plan).expect("named").large_definition, "arn:41l");
        plan.blender = Some("5.0".into());
        assert!(config.blender(&plan).expect_err("gone").to_string().contains("5.0"));
    }

    #[test]
    fn as_many_tasks_run_at_once_as_fit_and_never_none() {
        let at_once = |name, value| read((name, Some(value))).expect(value).model.parallel();
        assert_eq!(at_once(env::TASK_VCPUS, "0.5"), 512);
        assert_eq!(at_once(env::TASK_VCPUS, "0.25"), 1024);
        assert_eq!(at_once(env::TASK_VCPUS, "16"), 16);
        assert_eq!(at_once(env::MAX_VCPUS, "7"), 1, "a second task does not fit");
        assert_eq!(at_once(env::MAX_VCPUS, "1"), 1, "one is always tried");
    }
}
