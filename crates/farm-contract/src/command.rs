//! The command lines that trigger-lambda sends to the tasks.
//!
//! A job definition names the program; these are its arguments. The tasks declare the same
//! flags to their parser, and a test of each parses what is built here.

use crate::allowances::ALLOW;
use crate::children::Children;
use crate::keys::BlendKey;
use crate::order::ORDER;
use crate::plan::{Plan, RenderId};
use crate::project::{MAIN, PROJECT};

/// Name of the one container in each job definition, by which a job's arguments find it.
pub const CONTAINER: &str = "task";

/// Arguments of render-task for the children of one array, the first of which is
/// `first_child` in the whole render.
pub fn render(plan: &Plan, first_child: u32) -> Vec<String> {
    render_children(plan, "--first-child", &first_child.to_string())
}

/// Arguments of render-task for the children of one job that tries `children` once more.
pub fn render_again(plan: &Plan, children: &Children) -> Vec<String> {
    render_children(plan, "--children", &children.to_string())
}

fn render_children(plan: &Plan, which: &str, children: &str) -> Vec<String> {
    let mut arguments = flags([
        ("--bucket", plan.bucket.as_str()),
        ("--blend", &plan.key),
        ("--render", plan.render.as_str()),
        ("--source", plan.source.id.as_str()),
        ("--etag", &plan.source.etag),
        ("--frames", &plan.frames),
        ("--chunk", &plan.chunk.to_string()),
        (which, children),
    ]);
    if !plan.order.is_linear() {
        arguments.push(format!("--{ORDER}={}", plan.order));
    }
    if let Some(most) = &plan.max_cost {
        arguments.push(format!("--max-cost={most}"));
    }
    if let Some(version) = &plan.source.version_id {
        arguments.push(format!("--version-id={version}"));
    }
    if let Some(main) = &plan.source.main {
        arguments.push(format!("--{MAIN}={main}"));
    }
    if let Some(list) = &plan.source.project {
        arguments.push(format!("--{PROJECT}={list}"));
    }
    arguments.extend(plan.allowed.names().map(|name| format!("--{name}={ALLOW}")));
    let settings = plan.settings.pairs().into_iter();
    arguments.extend(settings.map(|(name, value)| format!("--{}={value}", name.replace('_', "-"))));
    arguments
}

/// Arguments of zip-task. `partial` makes an archive of what is there though frames are
/// missing.
pub fn zip(bucket: &str, key: &BlendKey, render: &RenderId, partial: bool) -> Vec<String> {
    let mut arguments =
        flags([("--bucket", bucket), ("--folder", &key.folder()), ("--render", render.as_str())]);
    if partial {
        arguments.push("--partial".to_owned());
    }
    arguments
}

/// The command by which a person has the missing frames of an upload rendered, as a shell reads it.
pub fn resume(bucket: &str, key: &str) -> String {
    farm("resume", bucket, key)
}

/// The command by which a person does something with the render of an upload, as a shell reads it.
pub fn farm(verb: &str, bucket: &str, key: &str) -> String {
    format!("farm {verb} {}", quoted(&format!("s3://{bucket}/{key}")))
}

/// A word as a shell reads it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/:._-+=@%".contains(c);
    if word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// `--flag=value` in one argument: a value that begins with a dash, such as frame -5, is then
/// never read as a flag, and no argument is ever empty, which Batch refuses.
fn flags<const N: usize>(pairs: [(&str, &str); N]) -> Vec<String> {
    pairs.into_iter().map(|(flag, value)| format!("{flag}={value}")).collect()
}

/// The name of a render job: `farm-ID-render-FIRST`. Names are how a job is found again whose
/// submission was never answered.
pub fn render_job_name(render: &RenderId, first_child: u32) -> String {
    format!("farm-{render}-render-{first_child}")
}

/// The name of the job that tries children of a render job once more, with more memory:
/// `farm-ID-large-FIRST`, where `FIRST` is that of the render job.
pub fn large_job_name(render: &RenderId, first_child: u32) -> String {
    format!("farm-{render}-large-{first_child}")
}

/// The name of the zip job: `farm-ID-zip`, or `farm-ID-finish` for the partial one.
pub fn zip_job_name(render: &RenderId, partial: bool) -> String {
    format!("farm-{render}-{}", if partial { "finish" } else { "zip" })
}

/// The render that a render job's name belongs to, be it the first or the one with more memory. `None`
/// for the names of other jobs.
pub fn render_of_job_name(name: &str) -> Option<RenderId> {
    let (id, rest) = name.strip_prefix("farm-")?.split_once('-')?;
    let first_child = rest.strip_prefix("render-").or_else(|| rest.strip_prefix("large-"))?;
    let number = !first_child.is_empty() && first_child.bytes().all(|b| b.is_ascii_digit());
    number.then(|| RenderId::parse(id).ok()).flatten()
}

/// The render that a zip job's or a finisher's name belongs to. `None` for the names of other jobs.
pub fn render_of_zip_job_name(name: &str) -> Option<RenderId> {
    let (id, rest) = name.strip_prefix("farm-")?.split_once('-')?;
    matches!(rest, "zip" | "finish").then(|| RenderId::parse(id).ok()).flatten()
}

/// The fair-share identifier of an upload: letters and digits only, as Batch wants it.
pub fn share_identifier(render: &RenderId) -> String {
    format!("render{render}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_for_a_person_is_one_that_a_shell_reads() {
        assert_eq!(resume("farm", "a/b-1.blend"), "farm resume s3://farm/a/b-1.blend");
        assert_eq!(resume("farm", "my shot.blend"), "farm resume 's3://farm/my shot.blend'");
        assert_eq!(resume("farm", "it's $HOME.blend"), r"farm resume 's3://farm/it'\''s $HOME.blend'");
    }

    #[test]
    fn job_names_lead_back_to_their_render() {
        let id = RenderId::of_event("b", "k", "v", "s");
        for name in [render_job_name(&id, 0), large_job_name(&id, 10_000)] {
            assert_eq!(render_of_job_name(&name), Some(id.clone()));
            assert_eq!(render_of_zip_job_name(&name), None);
        }
        for other in [zip_job_name(&id, false), zip_job_name(&id, true), "farm-x-render-0".into(), "x".into()]
        {
            assert_eq!(render_of_job_name(&other), None, "{other}");
        }
        for partial in [true, false] {
            assert_eq!(render_of_zip_job_name(&zip_job_name(&id, partial)), Some(id.clone()));
        }
    }
}
