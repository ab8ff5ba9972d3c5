//! What an upload lets pass that the farm refuses otherwise.

use serde::{Deserialize, Serialize};

use crate::fault::Fault;

/// Tag and flag: files that the scene names and that are not with the upload.
pub const MISSING: &str = "missing";
/// Tag and flag: Python in the file.
pub const SCRIPTS: &str = "scripts";
/// The one value of both.
pub const ALLOW: &str = "allow";

/// What an upload lets pass. Each changes the picture, so frames that were rendered with one are
/// not those that are rendered without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowances {
    /// Files that are missing: the picture is what Blender makes of the scene without them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub missing: bool,
    /// Scripts and drivers in the file run.
    #[serde(default, skip_serializing_if = "is_false")]
    pub scripts: bool,
}

impl Allowances {
    /// Whether nothing is let pass.
    pub fn is_none(&self) -> bool {
        self.names().next().is_none()
    }

    /// Names of what is let pass.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        let all = [(MISSING, self.missing), (SCRIPTS, self.scripts)];
        all.into_iter().filter_map(|(name, allowed)| allowed.then_some(name))
    }

    /// Takes the tag or flag `name` with its `value`. Whether the name is one of ours.
    ///
    /// # Errors
    /// The value is not [`ALLOW`]: the hint shows how it is written.
    pub fn take(&mut self, name: &str, value: &str) -> Result<bool, Fault> {
        let allowed = match name {
            MISSING => &mut self.missing,
            SCRIPTS => &mut self.scripts,
            _ => return Ok(false),
        };
        if value.trim() != ALLOW {
            return Err(Fault::new(
                format!("{name}={value} is not understood."),
                format!("Write {name}={ALLOW}, or leave the tag `{name}` out."),
            ));
        }
        *allowed = true;
        Ok(true)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_allow_allows() {
        let mut allowed = Allowances::default();
        assert_eq!(allowed.take("missing", " allow "), Ok(true));
        assert_eq!(allowed.take("owner", "ana"), Ok(false));
        assert_eq!(allowed, Allowances { missing: true, scripts: false });
        assert_eq!(allowed.names().collect::<Vec<_>>(), [MISSING]);
        for value in ["", "yes", "deny", "Allow", "true"] {
            let fault = allowed.take("scripts", value).expect_err(value);
            assert!(fault.hint.contains("scripts=allow"), "{fault:?}");
        }
        assert!(!allowed.scripts && !allowed.is_none() && Allowances::default().is_none());
    }

    #[test]
    fn what_is_not_allowed_is_not_written() {
        let json = |allowed| serde_json::to_string(&allowed).expect("JSON");
        assert_eq!(json(Allowances::default()), "{}");
        assert_eq!(json(Allowances { missing: false, scripts: true }), r#"{"scripts":true}"#);
        assert_eq!(serde_json::from_str::<Allowances>("{}").expect("none"), Allowances::default());
    }
}
