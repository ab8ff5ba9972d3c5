//! Which file of a project is rendered.

use farm_contract::Fault;

/// Files that are listed for a choice.
const LISTED: usize = 20;

/// The file of a project that is rendered: the one that was `asked` for, by its path or the end of it; the
/// only one that there is; the one that is named like the project; the only one that lies in no folder.
///
/// `name` is the project's: `scene` of `scene.blend.zip`. `files` are paths with `/` between the parts.
///
/// # Errors
/// It cannot be told; the hint lists the choice.
pub fn main_file<'a>(
    name: &str,
    asked: Option<&str>,
    files: impl IntoIterator<Item = &'a str>,
) -> Result<&'a str, Fault> {
    let scenes: Vec<&str> = files.into_iter().filter(|path| path.ends_with(".blend")).collect();
    let only = |wanted: &dyn Fn(&str) -> bool| {
        let mut found = scenes.iter().filter(|path| wanted(path));
        found.next().copied().filter(|_| found.next().is_none())
    };
    let file_name = |path: &str| path.rsplit('/').next() == Some(&format!("{name}.blend"));
    let chosen = match asked {
        Some(asked) => {
            let end = format!("/{asked}");
            only(&|path| path == asked).or_else(|| only(&|path| path.ends_with(&end)))
        }
        None => only(&|_| true).or_else(|| only(&file_name)).or_else(|| only(&|path| !path.contains('/'))),
    };
    if let Some(chosen) = chosen {
        return Ok(chosen);
    }
    let message = match (asked, scenes.is_empty()) {
        (_, true) => "There is no .blend file in the project.".to_owned(),
        (Some(asked), _) => format!("The project has no single file `{asked}`, which main={asked} asks for."),
        (None, _) => {
            format!("The project has {} .blend files, and none is named `{name}.blend`.", scenes.len())
        }
    };
    let hint = match scenes.as_slice() {
        [] => "Put the .blend that is rendered into it, under its own name.".to_owned(),
        [first, ..] => {
            let shown: Vec<String> = scenes.iter().take(LISTED).map(|path| format!("`{path}`")).collect();
            format!("Say which one is rendered, such as main={first}. There are {}.", shown.join(", "))
        }
    };
    Err(Fault::new(message, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_that_is_rendered_is_found_or_the_choice_told() {
        let several =
            ["lib/a.blend", "lib/tree.blend", "shots/a.blend", "tex/a.png", "main.blend", "b.blend1"];
        for (name, asked, files, found) in [
            ("x", None, &["a/b.blend", "a/b.png"][..], Some("a/b.blend")),
            ("main", None, &several, Some("main.blend")),
            ("tree", None, &several, Some("lib/tree.blend")),
            ("a", None, &several, Some("main.blend")),
            ("x", Some("shots/a.blend"), &several, Some("shots/a.blend")),
            ("x", Some("tree.blend"), &several, Some("lib/tree.blend")),
            ("x", Some("a.blend"), &several, None),
            ("x", Some("b.blend"), &several, None),
            ("x", Some("tex/a.png"), &several, None),
            ("x", None, &["a.blend", "b.blend"], None),
            ("x", None, &["a.blend1", "a.png"], None),
        ] {
            let answer = main_file(name, asked, files.iter().copied());
            assert_eq!(answer.as_ref().ok().copied(), found, "{name} {asked:?} {files:?}");
        }
        let fault = main_file("x", None, ["a.blend", "b.blend"]).expect_err("two");
        assert!(fault.hint.contains("main=a.blend") && fault.hint.contains("`b.blend`"), "{fault:?}");
    }
}
