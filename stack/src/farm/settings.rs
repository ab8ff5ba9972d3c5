//! What a farm is made of, as its template says of itself: so a deploy that is not told keeps what
//! stands, and a stack that says nothing of the kind is no farm.

use serde::{Deserialize, Serialize};

use super::config::{FarmConfig, FarmError, Spot};
use crate::cfn::Attempts;

/// Where it stands in the template's metadata.
pub(super) const KEY: &str = "RenderFarm";

/// The settings that a person gives; the rest follows from them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Settings {
    blenders: Vec<String>,
    /// 1024 to a vCPU. Whole numbers: a template's metadata take no others.
    cpu_units: u32,
    memory_mib: u32,
    attempts: u8,
    dashboard: bool,
    #[serde(default)]
    spot: Spot,
}

impl From<&FarmConfig> for Settings {
    fn from(config: &FarmConfig) -> Self {
        Self {
            blenders: config.blenders.iter().map(ToString::to_string).collect(),
            cpu_units: config.render.vcpus().units(),
            memory_mib: config.render.memory_mib(),
            attempts: config.attempts.get(),
            dashboard: config.dashboard,
            spot: config.spot,
        }
    }
}

impl TryFrom<Settings> for FarmConfig {
    type Error = FarmError;

    fn try_from(settings: Settings) -> Result<Self, FarmError> {
        let blenders = settings.blenders.iter().map(|version| version.parse()).collect::<Result<_, _>>()?;
        let mut config = Self::new(blenders)?
            .with_render_size(of_1024ths(settings.cpu_units), of_1024ths(settings.memory_mib))?;
        config.attempts = Attempts::new(settings.attempts)?;
        config.dashboard = settings.dashboard;
        config.spot = settings.spot;
        Ok(config)
    }
}

/// vCPUs of CPU units, and GiB of MiB.
fn of_1024ths(parts: u32) -> f64 {
    f64::from(parts) / 1024.0
}

/// The farm that a template's text tells of. None where it is no farm's template.
///
/// # Errors
/// It is a farm that this program cannot write: that of a newer one.
pub fn of_template(text: &str) -> Result<Option<FarmConfig>, FarmError> {
    let told = serde_yaml::from_str::<serde_yaml::Value>(text).ok();
    let Some(told) = told.and_then(|told| told.get("Metadata")?.get(KEY).cloned()) else { return Ok(None) };
    let settings: Settings = serde_yaml::from_value(told).map_err(|error| {
        FarmError::Wrong(format!("the stack was deployed by another version of this program: {error}"))
    })?;
    settings.try_into().map(Some)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_template_says_of_itself_leads_back_to_the_farm() {
        let mut farm = FarmConfig::standard().expect("a farm").with_render_size(0.5, 3.0).expect("a size");
        farm.dashboard = false;
        farm.spot = Spot::Never;
        farm.attempts = Attempts::new(7).expect("attempts");
        for template in [crate::farm::template(&farm), crate::farm::foundation(&farm, Some("bucket"))] {
            let text = template.expect("a farm").finish().expect("text").text;
            assert_eq!(of_template(&text).expect("it reads").as_ref(), Some(&farm));
        }
    }

    #[test]
    fn what_is_no_farm_says_so_and_what_is_newer_is_not_guessed_at() {
        for other in ["", "{}", "null", r#"{"Metadata": {"Other": {}}}"#, "a: [", "A: !Ref B", "1"] {
            assert_eq!(of_template(other).expect("no farm"), None, "{other}");
        }
        let of_metadata =
            |told: serde_json::Value| of_template(&json!({"Metadata": {KEY: told}}).to_string());
        let newer = of_metadata(json!({"Blenders": ["4.5"], "CpuUnits": 4096}));
        assert!(newer.expect_err("newer").to_string().contains("another version"));
        let wrong =
            json!({"Blenders": ["9"], "CpuUnits": 4096, "MemoryMib": 8192, "Attempts": 3, "Dashboard": true});
        assert!(of_metadata(wrong).is_err());
    }
}
