//! Whose folder it is.
//!
//! A newer upload of the same name takes the folder over, and says so in `report.json`. From
//! then on an older render writes nothing there, however late it ends.

use std::collections::HashMap;

use bytes::Bytes;
use farm_contract::keys::BlendKey;
use farm_contract::plan::Plan;
use farm_contract::report::{Report, State};
use farm_contract::{Fault, command};
use serde_json::Value;

use crate::failure::Failure;
use crate::options::Options;
use crate::store::{Condition, Kind, Label, Store};

/// Attempts to write a report that others write at the same time.
const REPORT_ATTEMPTS: u32 = 5;

/// The folder of one upload, as its render `plan` sees it.
#[derive(Debug, Clone, Copy)]
pub struct Folder<'a> {
    store: &'a Store,
    key: &'a BlendKey,
    plan: &'a Plan,
}

/// What the report in the folder says of its owner.
#[derive(Debug, PartialEq, Eq)]
enum Owner {
    Ours,
    /// Another render's, or that of a rejected upload.
    Theirs(Option<String>),
    /// Nobody's: not a report.
    Unreadable,
}

impl<'a> Folder<'a> {
    /// The folder of the upload `key`.
    pub fn new(store: &'a Store, key: &'a BlendKey, plan: &'a Plan) -> Self {
        Self { store, key, plan }
    }

    /// Checks that the folder is ours, and gives the condition under which it still is.
    ///
    /// # Errors
    /// [`Failure::Superseded`] where it is not.
    pub async fn ours(&self) -> Result<Condition, Failure> {
        Ok(self.standing().await?.0)
    }

    /// Writes the report, as long as the folder is ours. Where the tasks have measured nothing, or little, what the
    /// report that stands there has of an earlier render is kept.
    ///
    /// # Errors
    /// [`Failure::Superseded`] where it is not, or the bucket did not take it.
    pub async fn report(&self, report: &Report) -> Result<(), Failure> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let (condition, old) = self.standing().await?;
            let mut report = report.clone();
            let earlier = old.and_then(|body| Report::from_json(&body).ok()?.measured);
            report.measured = match report.measured {
                Some(measured) => Some(measured.or_earlier(earlier)),
                None => earlier,
            };
            match put_report(self.store, &self.key.report(), &report, &condition).await {
                Err(Failure::Storage(error)) if error.kind == Kind::Conflict && attempt < REPORT_ATTEMPTS => {
                }
                result => return result,
            }
        }
    }

    /// The report that stands there, and the condition under which it still does: the folder must be ours.
    async fn standing(&self) -> Result<(Condition, Option<Bytes>), Failure> {
        let Some((body, etag)) = self.store.get(&self.key.report()).await? else {
            return Ok((Condition::Absent, None));
        };
        match owner(&body, self.plan) {
            Owner::Ours => {}
            Owner::Theirs(by) => return Err(Failure::Superseded { folder: self.key.folder(), by }),
            Owner::Unreadable => tracing::warn!(key = self.key.report(), "not a report; it is written anew"),
        }
        Ok((Condition::Unchanged(etag), Some(body)))
    }
}

/// Writes the last report of a render whose plan is of no use: nobody else will. A report that says more
/// than that the render was accepted stays, and so does another render's.
///
/// # Errors
/// The bucket did not tell, or did not take it.
pub async fn end_without_plan(
    store: &Store,
    options: &Options,
    fault: &Fault,
    now: u64,
) -> Result<(), Failure> {
    let key = options.folder.report();
    let Some((body, etag)) = store.get(&key).await? else { return Ok(()) };
    let Ok(mut report) = Report::from_json(&body) else { return Ok(()) };
    if report.state != State::Accepted || report.render.as_ref() != Some(&options.render) {
        return Ok(());
    }
    report.state = State::Failed;
    report.message = format!("frames.zip could not be made. {}", fault.message);
    report.hint = Some(fault.hint.clone());
    report.resume = Some(command::resume(&options.bucket, options.folder.as_str()));
    report.written_at = now;
    match put_report(store, &key, &report, &Condition::Unchanged(etag)).await {
        // Whoever wrote in between says more.
        Err(Failure::Storage(error)) if error.kind == Kind::Conflict => Ok(()),
        written => written,
    }
}

async fn put_report(store: &Store, key: &str, report: &Report, condition: &Condition) -> Result<(), Failure> {
    let mut json = serde_json::to_vec_pretty(report).map_err(Failure::Json)?;
    json.push(b'\n');
    let body = Bytes::from(json);
    let crc32 = crc32fast::hash(&body);
    let label = Label {
        key: key.to_owned(),
        content_type: "application/json",
        metadata: HashMap::new(),
        // It stays when the render is removed.
        tagging: None,
    };
    Ok(store.put(&label, body, crc32, condition).await?)
}

/// Reads no more of a report than whose it is, so that one of a later version of the farm is
/// respected too.
fn owner(body: &[u8], plan: &Plan) -> Owner {
    let Ok(Value::Object(report)) = serde_json::from_slice(body) else { return Owner::Unreadable };
    let text = |name: &str| report.get(name).and_then(Value::as_str);
    match text("render") {
        Some(render) if render == plan.render.as_str() => Owner::Ours,
        Some(render) => Owner::Theirs(Some(render.to_owned())),
        None if text("state").is_none() => Owner::Unreadable,
        // A rejected upload. Of the very bytes that we render, the rejection was about tags,
        // and the frames are what those bytes give.
        None if text("etag") == Some(&plan.source.etag) => Owner::Ours,
        None => Owner::Theirs(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::plan::{RenderId, Source};

    fn plan() -> Plan {
        let source = Source::of("a.blend", "\"e\"", 1, "4.5");
        Plan::draft(RenderId::of_event("b", "a.blend", "v", "s"), "b", "a.blend", source, "1")
    }

    #[test]
    fn a_folder_belongs_to_the_render_that_its_report_names() {
        let plan = plan();
        let mut report = Report::new(State::Accepted, "", "b", "a.blend", 0);
        let judge = |report: &Report| owner(&serde_json::to_vec(report).expect("JSON"), &plan);
        report.render = Some(plan.render.clone());
        assert_eq!(judge(&report), Owner::Ours);
        let other = RenderId::of_event("b", "a.blend", "v2", "s");
        report.render = Some(other.clone());
        assert_eq!(judge(&report), Owner::Theirs(Some(other.to_string())));
        report.render = None;
        assert_eq!(judge(&report), Owner::Theirs(None));
        report.etag = Some("\"e\"".into());
        assert_eq!(judge(&report), Owner::Ours);
        let later = br#"{"version": 9, "render": "ffffffffffffffffffff", "colour": {}}"#;
        assert_eq!(owner(later, &plan), Owner::Theirs(Some("f".repeat(20))));
        for rubbish in ["", "{", "[]", "{}", "null"] {
            assert_eq!(owner(rubbish.as_bytes(), &plan), Owner::Unreadable);
        }
    }
}
