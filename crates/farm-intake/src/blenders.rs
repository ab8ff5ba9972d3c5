//! Which of the farm's Blenders renders a file.

use blend_file::Version;
use farm_contract::Fault;

/// The oldest of `blenders` that is not older than the one that saved the file; or the one that was
/// `asked` for, as `4.5`.
///
/// A newer Blender reads what an older one saved; an older one loses what it does not know. Of the newer
/// ones, the oldest makes the picture that is nearest to the artist's own.
///
/// # Errors
/// There is none. The hint has the command that adds one.
pub fn choose(saved_by: Version, asked: Option<&str>, blenders: &[Version]) -> Result<Version, Fault> {
    let have = listed(blenders);
    if let Some(text) = asked {
        let version = text.parse::<Version>().map_err(|error| {
            Fault::new(format!("blender={text} cannot be read: {error}."), "Write blender=4.5, for one.")
        })?;
        if !blenders.contains(&version) {
            return Err(Fault::new(
                format!("The tag blender={text} asks for Blender {version}; the farm has {have}."),
                format!("Leave the tag `blender` out, or add it to the farm: {}.", deploy(blenders, version)),
            ));
        }
        if version < saved_by {
            return Err(Fault::new(
                format!(
                    "The file was saved by Blender {saved_by}; Blender {version} cannot be trusted to read it."
                ),
                format!("Leave the tag `blender` out, or save the file with Blender {version}."),
            ));
        }
        return Ok(version);
    }
    blenders.iter().copied().filter(|version| *version >= saved_by).min().ok_or_else(|| {
        let newest = blenders.iter().max().map_or_else(String::new, ToString::to_string);
        Fault::new(
            format!(
                "The file was saved by Blender {saved_by}; the farm has {have}, which cannot be trusted to read it."
            ),
            format!(
                "Add that Blender to the farm: {}. Or save the file with Blender {newest}, and upload it again.",
                deploy(blenders, saved_by)
            ),
        )
    })
}

fn listed(blenders: &[Version]) -> String {
    let names: Vec<String> = blenders.iter().map(|version| format!("Blender {version}")).collect();
    match names.as_slice() {
        [] => "none".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// The command by which the farm has one more; what it is not told, it takes away.
fn deploy(blenders: &[Version], another: Version) -> String {
    let all = blenders.iter().chain([&another]);
    let options: Vec<String> = all.map(|version| format!("--blender {version}")).collect();
    format!("cargo xtask deploy {}", options.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn versions(texts: &[&str]) -> Vec<Version> {
        texts.iter().map(|text| text.parse().expect("a version")).collect()
    }

    #[test]
    fn the_oldest_that_is_new_enough_renders() {
        let farm = versions(&["4.5", "4.1", "5.0"]);
        for (saved, chosen) in
            [("2.80", "4.1"), ("4.1", "4.1"), ("4.2", "4.5"), ("4.5", "4.5"), ("4.6", "5.0"), ("5.0", "5.0")]
        {
            let chosen: Version = chosen.parse().expect("a version");
            assert_eq!(choose(saved.parse().expect("a version"), None, &farm), Ok(chosen), "{saved}");
        }
    }

    #[test]
    fn one_that_is_asked_for_renders_if_it_can() {
        let farm = versions(&["4.5", "5.0"]);
        let saved = |text: &str| text.parse::<Version>().expect("a version");
        assert_eq!(choose(saved("4.2"), Some("5.0"), &farm), Ok(saved("5.0")));
        let fault = choose(saved("5.0"), Some("4.5"), &farm).expect_err("older");
        assert!(fault.message.contains("5.0") && fault.message.contains("4.5"), "{fault:?}");
        let fault = choose(saved("4.2"), Some("4.2"), &farm).expect_err("not there");
        assert!(
            fault.hint.contains("cargo xtask deploy --blender 4.5 --blender 5.0 --blender 4.2"),
            "{fault:?}"
        );
        assert!(choose(saved("4.2"), Some("new"), &farm).is_err());
    }

    #[test]
    fn where_none_is_new_enough_the_command_that_adds_one_is_told() {
        let fault =
            choose("5.1".parse().expect("a version"), None, &versions(&["4.5", "4.1"])).expect_err("none");
        assert!(fault.message.contains("Blender 4.5 and Blender 4.1"), "{fault:?}");
        assert!(
            fault.hint.contains("cargo xtask deploy --blender 4.5 --blender 4.1 --blender 5.1"),
            "{fault:?}"
        );
        assert!(fault.hint.contains("with Blender 4.5"), "{fault:?}");
    }
}
