//! What is decided before the template is written. What a person may turn later, in the console
//! or with an option of `deploy`, is a parameter of the template instead: see `parameters.rs`.

use std::fmt;
use std::str::FromStr;

use farm_contract::prices::Price;
use farm_plan::prices::PUBLISHED;
use serde::{Deserialize, Serialize};

use crate::cfn::{Attempts, FargateSize, TooShort, Vcpus, WrongAttempts, WrongSize};
use crate::template::TemplateError;

const GIB: u32 = 1024;

/// A farm, as it is to stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FarmConfig {
    /// The Blenders that render, at least one. A file is rendered by the oldest that is not older than the
    /// one that saved it.
    pub blenders: Vec<BlenderVersion>,
    /// A render task.
    pub render: FargateSize,
    /// A render task that ran out of memory, once more. It has the vCPUs of the first, so it
    /// takes the same share of the ceilings, and all the memory that Fargate gives them.
    pub large: FargateSize,
    /// A zip task.
    pub zip: FargateSize,
    /// Attempts of a task, the first one counted.
    pub attempts: Attempts,
    /// Whether there is a dashboard.
    pub dashboard: bool,
    /// What tasks run on.
    pub spot: Spot,
}

/// What tasks run on. Fargate Spot costs about a third, and may be taken away with two minutes' notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Spot {
    /// Fargate Spot, and Fargate where that is full.
    #[default]
    First,
    /// Fargate Spot alone: what is full is waited for.
    Only,
    /// Fargate alone, at the full price.
    Never,
}

impl FromStr for Spot {
    type Err = FarmError;

    fn from_str(text: &str) -> Result<Self, FarmError> {
        match text {
            "first" => Ok(Self::First),
            "only" => Ok(Self::Only),
            "never" => Ok(Self::Never),
            _ => Err(FarmError::Wrong(format!(
                "`{text}` says nothing of Fargate Spot: write first (and Fargate where it is full), only or never"
            ))),
        }
    }
}

/// A version of Blender, `major.minor`: every patch of it reads the same files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlenderVersion {
    major: u8,
    minor: u8,
}

/// Why there can be no such farm.
#[derive(Debug, thiserror::Error)]
pub enum FarmError {
    /// No Blender at all.
    #[error("a farm needs a Blender; name one version at least, such as 4.5")]
    NoBlender,
    /// More Blenders than a role's policy has room for.
    #[error(
        "a farm has at most {MAX_BLENDERS} Blenders, not {0}; the rights to start each fill a policy of IAM's"
    )]
    TooMany(usize),
    /// The same Blender twice.
    #[error("Blender {0} is named twice; name each version once")]
    Twice(BlenderVersion),
    /// Text that is no version.
    #[error("`{0}` cannot be read as a version of Blender; write major.minor, such as 4.5")]
    Version(String),
    /// A version that does not render here.
    #[error("Blender {0} does not render here; the oldest that does is 4.1")]
    TooOld(String),
    /// vCPUs and memory that Fargate does not have.
    #[error(transparent)]
    Size(#[from] WrongSize),
    /// Settings that cannot be, or not together, in words.
    #[error("{0}")]
    Wrong(String),
    /// Attempts that Batch does not take.
    #[error(transparent)]
    Attempts(#[from] WrongAttempts),
    /// A time limit that Batch does not take.
    #[error(transparent)]
    Time(#[from] TooShort),
    /// A stack's name that its bucket could not be named after.
    #[error("`{name}` cannot be the stack's name: {why}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it, and what is allowed.
        why: String,
    },
    /// The template cannot be written.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A value that YAML cannot hold.
    #[error("a part of the template cannot be written as YAML")]
    Yaml(#[from] serde_yaml::Error),
}

/// The most Blenders of one farm. Each has two job definitions, which the function's policy names
/// with and without their revision; IAM gives the policies of a role 10,240 characters.
pub const MAX_BLENDERS: usize = 12;

/// The longest name of a stack: its bucket is named `NAME-ACCOUNT-REGION`, an account has 12
/// digits and the longest name of a region 14 letters, and S3 takes 63.
pub const MAX_NAME: usize = 63 - 1 - 12 - 1 - 14;

impl FarmConfig {
    /// A farm with these Blenders and else as [`FarmConfig::standard`] has it.
    ///
    /// # Errors
    /// No version, or one twice.
    pub fn new(blenders: Vec<BlenderVersion>) -> Result<Self, FarmError> {
        if blenders.is_empty() {
            return Err(FarmError::NoBlender);
        }
        if blenders.len() > MAX_BLENDERS {
            return Err(FarmError::TooMany(blenders.len()));
        }
        for (at, version) in blenders.iter().enumerate() {
            if blenders[..at].contains(version) {
                return Err(FarmError::Twice(*version));
            }
        }
        let render = FargateSize::new(Vcpus::Four, 8 * GIB)?;
        Ok(Self {
            blenders,
            render,
            large: FargateSize::largest(render.vcpus()),
            zip: FargateSize::new(Vcpus::One, 2 * GIB)?,
            attempts: Attempts::new(3)?,
            dashboard: true,
            spot: Spot::First,
        })
    }

    /// The farm that stands where nobody says otherwise: the current LTS and 4.1.
    ///
    /// # Errors
    /// None that a test of this function would not find.
    pub fn standard() -> Result<Self, FarmError> {
        Self::new(vec![BlenderVersion { major: 4, minor: 5 }, BlenderVersion { major: 4, minor: 1 }])
    }

    /// US dollars for an hour of a render task, where most of them start: what plans go by.
    pub fn task_price(&self) -> f64 {
        self.price_at(match self.spot {
            Spot::First | Spot::Only => PUBLISHED.spot,
            Spot::Never => PUBLISHED.on_demand,
        })
    }

    /// US dollars for an hour of a render task at this price.
    pub fn price_at(&self, price: Price) -> f64 {
        let vcpus = f64::from(self.render.vcpus().units()) / 1024.0;
        price.task_hour(vcpus, f64::from(self.render.memory_mib()) / f64::from(GIB))
    }

    /// The same farm with render tasks of another size: vCPUs, and memory in GiB.
    ///
    /// # Errors
    /// Fargate has no such size; the error says what it has.
    pub fn with_render_size(mut self, vcpus: f64, memory_gib: f64) -> Result<Self, FarmError> {
        let known = Vcpus::ALL.into_iter().find(|known| f64::from(known.units()) == vcpus * 1024.0);
        let Some(known) = known else {
            let all = Vcpus::ALL.map(|known| known.to_string()).join(", ");
            return Err(FarmError::Wrong(format!("a task cannot have {vcpus} vCPUs; Fargate has {all}")));
        };
        let mib = memory_gib * f64::from(GIB);
        if mib.fract() != 0.0 || !(1.0..=f64::from(u32::MAX)).contains(&mib) {
            return Err(FarmError::Wrong(format!("a task cannot have {memory_gib} GiB of memory")));
        }
        self.render = FargateSize::new(known, mib as u32)?;
        self.large = FargateSize::largest(known);
        Ok(self)
    }
}

/// Whether a stack may have this name.
///
/// # Errors
/// Says what is allowed: its bucket is named after it, so S3's rules hold.
pub fn check_stack_name(name: &str) -> Result<(), FarmError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let why = if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "it begins with a lower-case letter".to_owned()
    } else if let Some(wrong) = name.chars().find(|c| !allowed(*c)) {
        format!(
            "`{wrong}` is not among lower-case letters, digits and hyphens, which the bucket's name is made of"
        )
    } else if name.ends_with('-') || name.contains("--") {
        "a hyphen stands between two other characters".to_owned()
    } else if name.len() > MAX_NAME {
        format!(
            "it has {} characters and may have {MAX_NAME}, so that the bucket's name, NAME-ACCOUNT-REGION, fits the 63 \
             of S3",
            name.len()
        )
    } else {
        return Ok(());
    };
    Err(FarmError::Name { name: name.to_owned(), why })
}

impl BlenderVersion {
    /// `45`: as it stands in logical ids and names of parameters.
    pub(super) fn digits(self) -> String {
        format!("{}{}", self.major, self.minor)
    }

    /// `4-5`: as it stands in names.
    pub(super) fn hyphened(self) -> String {
        format!("{}-{}", self.major, self.minor)
    }
}

impl fmt::Display for BlenderVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl FromStr for BlenderVersion {
    type Err = FarmError;

    fn from_str(text: &str) -> Result<Self, FarmError> {
        let wrong = || FarmError::Version(text.to_owned());
        let (major, minor) = text.split_once('.').ok_or_else(wrong)?;
        let number = |part: &str| {
            let plain = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
            part.parse::<u8>().ok().filter(|n| plain && n.to_string() == part).ok_or_else(wrong)
        };
        let version = Self { major: number(major)?, minor: number(minor)? };
        if version < (Self { major: 4, minor: 1 }) {
            return Err(FarmError::TooOld(text.to_owned()));
        }
        // Logical ids write both numbers without a point between; two digits would be ambiguous.
        if version.major < 10 && version.minor < 10 { Ok(version) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_that_fargate_does_not_have_is_refused_with_those_it_has() {
        let farm = FarmConfig::standard().expect("stands");
        let error = farm.clone().with_render_size(4.0, 31.0).expect_err("31 GB").to_string();
        assert!(error.contains("8 to 30"), "{error}");
        let error = farm.clone().with_render_size(3.0, 8.0).expect_err("3 vCPUs").to_string();
        assert!(error.contains("2, 4, 8"), "{error}");
        assert!(farm.clone().with_render_size(4.0, f64::NAN).is_err());
        let farm = farm.with_render_size(8.0, 16.0).expect("a pair");
        assert_eq!((farm.render.vcpus(), farm.large.memory_mib()), (Vcpus::Eight, 60 * GIB));
    }

    #[test]
    fn an_hour_of_a_task_costs_what_most_of_them_start_on() {
        let farm = FarmConfig::standard().expect("stands");
        assert!((farm.task_price() - 0.063).abs() < 0.0005, "{}", farm.task_price());
        let dear = FarmConfig { spot: Spot::Never, ..farm }.task_price();
        assert!((dear - 0.1975).abs() < 0.0001, "{dear}");
    }

    #[test]
    fn versions_are_read_and_others_refused() {
        let version: BlenderVersion = "4.5".parse().expect("a version");
        assert_eq!(
            (version.to_string(), version.digits(), version.hyphened()),
            ("4.5".into(), "45".into(), "4-5".into())
        );
        for old in ["4.0", "3.6", "2.93"] {
            assert!(matches!(old.parse::<BlenderVersion>(), Err(FarmError::TooOld(_))), "{old}");
        }
        for wrong in ["4", "4.5.1", "4.x", "04.5", "4.05", "+4.5", "4.10", "", "10.1"] {
            assert!(wrong.parse::<BlenderVersion>().is_err(), "{wrong}");
        }
        assert!(matches!(FarmConfig::new(vec![]), Err(FarmError::NoBlender)));
        let many = (1..=9).flat_map(|minor| [4, 5].map(|major| BlenderVersion { major, minor })).collect();
        assert!(matches!(FarmConfig::new(many), Err(FarmError::TooMany(18))));
        assert!(matches!(FarmConfig::new(vec![version, version]), Err(FarmError::Twice(_))));
    }

    #[test]
    fn a_stack_is_named_so_that_its_bucket_can_be() {
        for good in ["farm", "blender-farm", "f1", &"x".repeat(MAX_NAME)] {
            check_stack_name(good).expect(good);
        }
        for (bad, why) in [
            ("Farm", "lower-case"),
            ("my_farm", "`_`"),
            ("farm-", "hyphen"),
            ("a--b", "hyphen"),
            ("1farm", "lower-case"),
            ("", "lower-case"),
            (&"x".repeat(MAX_NAME + 1), "may have 35"),
        ] {
            let error = check_stack_name(bad).expect_err(bad).to_string();
            assert!(error.contains(why), "{error}");
        }
    }
}
