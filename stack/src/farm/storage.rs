//! The bucket.

use farm_contract::keys::TRIGGER_SUFFIXES;

/// Whether an object of this key makes the bucket notify trigger-lambda.
///
/// A suffix filter alone: S3 cannot leave a prefix out. What the farm itself writes never ends
/// like an upload, so nothing that it writes can start a render.
pub fn notifies(key: &str) -> bool {
    TRIGGER_SUFFIXES.iter().any(|suffix| key.ends_with(suffix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::{keys, plan::RenderId};

    #[test]
    fn nothing_that_the_farm_writes_starts_a_render() {
        let key = keys::BlendKey::parse("a/scene.blend").expect("an upload");
        let id = RenderId::of_event("b", "k", "v", "s");
        let frame = key.file("frame_0001.png");
        for own in [key.report(), key.frames_zip(), frame, keys::plan(&id), keys::task(&id, 3)] {
            assert!(!notifies(&own), "{own}");
        }
        assert!(!notifies(&keys::report_of_refused(".farm/x.blend")));
        assert!(notifies(key.as_str()) && notifies("project.blend.zip"));
    }
}
