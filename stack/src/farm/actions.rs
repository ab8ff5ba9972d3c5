//! What the roles are granted: actions by what they are for, and the keys that they are granted
//! on.

/// S3 answers whether an object is missing only to who may list the bucket.
pub(super) const LIST_BUCKET: &[&str] = &["s3:ListBucket"];
/// Finds the parts of an archive that a killed task left.
pub(super) const LIST_UPLOADS: &[&str] = &["s3:ListBucketMultipartUploads"];
/// Reads objects and what is said of them. The farm reads the newest version, save of uploads.
pub(super) const READ: &[&str] = &["s3:GetObject"];
/// An upload is read in the version that its render was planned for.
pub(super) const READ_UPLOAD: &[&str] = &["s3:GetObject", "s3:GetObjectVersion"];
/// The tags say what to render.
pub(super) const READ_TAGGED_UPLOAD: &[&str] =
    &["s3:GetObject", "s3:GetObjectTagging", "s3:GetObjectVersion", "s3:GetObjectVersionTagging"];
/// Writes an object in one call.
pub(super) const WRITE: &[&str] = &["s3:PutObject"];
/// Reads an object that it writes.
pub(super) const READ_AND_WRITE: &[&str] = &["s3:GetObject", "s3:PutObject"];
/// Writes an object with the tag that the bucket's lifecycle goes by.
pub(super) const WRITE_TAGGED: &[&str] = &["s3:PutObject", "s3:PutObjectTagging"];
/// Writes an archive or a film in parts, and clears them away where it fails.
pub(super) const WRITE_LARGE: &[&str] = &["s3:AbortMultipartUpload", "s3:PutObject", "s3:PutObjectTagging"];
/// A key of the owner's: to read, and to write in one call or in parts.
pub(super) const USE_KEY: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];
/// A token for the registry.
pub(super) const LOG_INTO_REGISTRY: &[&str] = &["ecr:GetAuthorizationToken"];
/// An image and its layers.
pub(super) const PULL_IMAGE: &[&str] =
    &["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];
/// A stream of its own in a log group that stands.
pub(super) const WRITE_LOG: &[&str] = &["logs:CreateLogStream", "logs:PutLogEvents"];
/// Submits; nothing is passed but what the job definition names, and no tag is set.
pub(super) const SUBMIT: &[&str] = &["batch:SubmitJob"];
/// Finds a job whose submission went unanswered, and sees how jobs stand.
pub(super) const LOOK_AT_JOBS: &[&str] = &["batch:DescribeJobs", "batch:ListJobs"];
/// Stops the jobs of an upload that was replaced, or of a render that somebody ends.
pub(super) const STOP_JOB: &[&str] = &["batch:TerminateJob"];
/// An event that no attempt brought to an end.
pub(super) const KEEP_LOST_EVENTS: &[&str] = &["sqs:SendMessage"];
/// Tells whoever subscribes how an upload ended.
pub(super) const TELL: &[&str] = &["sns:Publish"];
/// All that any task does with S3.
pub(super) const PASS_ENDPOINT: &[&str] = &[
    "s3:AbortMultipartUpload",
    "s3:GetObject",
    "s3:GetObjectVersion",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:PutObject",
    "s3:PutObjectTagging",
];

/// Keys that start a render.
pub(super) const UPLOADS: &[&str] = &["*.blend", "*.blend.zip"];
/// The files of projects, and their lists.
pub(super) const PROJECTS: &[&str] = &[".farm/files/*", ".farm/projects/*"];
/// The lists of projects' files.
pub(super) const PROJECT_LISTS: &[&str] = &[".farm/projects/*"];
/// What lies below an upload: frames, and whatever else the scene writes with a frame.
pub(super) const MADE: &[&str] = &["*.blend/*", "*.blend.zip/*"];
/// What each child of a render says at its end.
pub(super) const TASK_RECORDS: &[&str] = &[".farm/renders/*/tasks/*"];
/// All that zip-task looks at: what lies below uploads, plans and records.
pub(super) const RENDERS: &[&str] = &["*.blend/*", "*.blend.zip/*", ".farm/renders/*"];
/// What zip-task alone writes.
pub(super) const VERDICTS: &[&str] =
    &["*/frames.zip", "*/preview.mp4", "*/contact-sheet.gif", "*/report.json"];
/// What is made of the frames: archive, film and contact sheet.
pub(super) const ARCHIVES: &[&str] = &[
    "*.blend/frames.zip",
    "*.blend.zip/frames.zip",
    "*.blend/preview.mp4",
    "*.blend.zip/preview.mp4",
    "*.blend/contact-sheet.gif",
    "*.blend.zip/contact-sheet.gif",
];
/// What became of an upload.
pub(super) const REPORTS: &[&str] = &["*.blend/report.json", "*.blend.zip/report.json"];
/// Plans, and the reports that go with them; some uploads cannot have theirs beside them.
pub(super) const PLANS: &[&str] = &[
    ".farm/renders/*/plan.json",
    "*.blend/report.json",
    "*.blend.zip/report.json",
    ".farm/rejected/*/report.json",
];
/// What the tasks of a render note of its cost, and the request to stop it.
pub(super) const SPENDING: &[&str] = &[".farm/renders/*/spending/*", ".farm/renders/*/stop.json"];
/// Requests to stop a render.
pub(super) const STOPS: &[&str] = &[".farm/renders/*/stop.json"];
/// Who tells of an end, and whether it is told.
pub(super) const NOTICES: &[&str] = &[".farm/renders/*/notices/*"];

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::keys::{self, BlendKey, TRIGGER_SUFFIXES};
    use farm_contract::plan::RenderId;
    use farm_contract::project::ContentHash;
    use farm_contract::report::State;

    /// As IAM matches a resource.
    fn matches(pattern: &str, key: &str) -> bool {
        match pattern.split_once('*') {
            None => pattern == key,
            Some((start, rest)) => key.strip_prefix(start).is_some_and(|tail| {
                (0..=tail.len()).filter(|at| tail.is_char_boundary(*at)).any(|at| matches(rest, &tail[at..]))
            }),
        }
    }

    #[test]
    fn the_patterns_are_those_of_the_contract() {
        let any = |patterns: &[&str], key: &str| patterns.iter().any(|pattern| matches(pattern, key));
        let id = RenderId::of_event("b", "k", "v", "s");
        for suffix in TRIGGER_SUFFIXES {
            let upload = BlendKey::parse(&format!("a/b c{suffix}")).expect("an upload");
            assert!(any(UPLOADS, upload.as_str()));
            for made in ["frame_0001.png", "masks/mask_0001.exr"] {
                assert!(any(MADE, &upload.file(made)) && any(RENDERS, &upload.file(made)));
                assert!(!any(VERDICTS, &upload.file(made)) && !any(UPLOADS, &upload.file(made)));
            }
            for made in [upload.frames_zip(), upload.preview(), upload.contact_sheet()] {
                assert!(any(ARCHIVES, &made) && any(RENDERS, &made) && any(VERDICTS, &made), "{made}");
            }
            assert!(any(REPORTS, &upload.report()) && any(PLANS, &upload.report()));
            assert!(any(VERDICTS, &upload.report()));
            assert!(!any(ARCHIVES, &upload.report()) && !any(MADE, upload.as_str()));
        }
        assert!(any(PLANS, &keys::plan(&id)) && any(RENDERS, &keys::plan(&id)));
        let note = format!("{}1.a.ended.5", keys::spending_prefix(&id));
        assert!(any(SPENDING, &note) && any(SPENDING, &keys::stop(&id)) && !any(SPENDING, &keys::plan(&id)));
        assert!(
            any(STOPS, &keys::stop(&id)) && !any(PLANS, &keys::stop(&id)) && !any(STOPS, &keys::plan(&id))
        );
        assert!(any(TASK_RECORDS, &keys::task(&id, 3)) && any(RENDERS, &keys::task(&id, 3)));
        let notice = keys::notice(&id, State::Partial);
        assert!(any(NOTICES, &notice) && !any(PLANS, &notice) && !any(TASK_RECORDS, &notice));
        assert!(!any(NOTICES, &keys::plan(&id)) && !any(NOTICES, &keys::task(&id, 3)));
        let content = ContentHash::of(b"content");
        assert!(any(PROJECTS, &keys::project_file(&content)) && any(PROJECTS, &keys::project(&content)));
        assert!(any(PROJECT_LISTS, &keys::project(&content)));
        assert!(!any(PROJECT_LISTS, &keys::project_file(&content)) && !any(PROJECTS, &keys::plan(&id)));
        assert!(!any(TASK_RECORDS, &keys::plan(&id)) && !any(UPLOADS, "a.png"));
        assert!(any(PLANS, &keys::report_of_refused(".farm/x.blend")));
        for elsewhere in ["photos/report.json", "report.json", ".farm/lambda/report.json"] {
            assert!(!any(PLANS, elsewhere) && !any(REPORTS, elsewhere), "{elsewhere}");
        }
    }
}
