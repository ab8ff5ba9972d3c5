//! One run: from the plan of a render to its archive and its report.

use std::collections::BTreeSet;
use std::time::{SystemTime, UNIX_EPOCH};

use farm_contract::exit::TaskExit;
use farm_contract::keys;
use farm_contract::plan::Plan;
use farm_contract::report::{Report, State};
use farm_contract::{Fault, metadata};

use crate::census::Census;
use crate::contents::Contents;
use crate::failure::Failure;
use crate::folder::{self, Folder};
use crate::label::Maker;
use crate::options::Options;
use crate::preview::{self, Shot, Trouble};
use crate::store::{Condition, Kind, Store};
use crate::upload::{self, Stop, unless};
use crate::{frames, records, verdict};

/// Times that everything is looked at anew where something changed meanwhile.
const PASSES: u32 = 3;

/// What became of the render, as its report now says.
#[derive(Debug)]
pub struct Outcome {
    /// How the task ends.
    pub exit: TaskExit,
    /// The report that was written.
    pub report: Report,
}

/// Makes the archive and writes the report.
///
/// The task is [`TaskExit::Done`] when every frame is in the archive. Where frames are missing
/// it is [`TaskExit::Incomplete`], or, if `options` say that this was known, also done: the
/// archive and the report say in either case what is missing.
///
/// # Errors
/// There is no new archive. The report says why, unless it is not ours to write or the task was
/// only stopped.
pub async fn run(store: &Store, options: &Options, stop: &Stop) -> Result<Outcome, Failure> {
    let (plan, planned) = match unless(stop, read_plan(store, options)).await {
        Ok(read) => read,
        Err(failure) => {
            if let Failure::Plan(fault) = &failure {
                folder::end_without_plan(store, options, fault, now()).await?;
            }
            return Err(failure);
        }
    };
    let mut run = Run { store, options, stop, plan: &plan, planned: &planned, census: None };
    let failure = match run.passes().await {
        Ok(report) => {
            let done = report.state == State::Complete || options.partial;
            let exit = if done { TaskExit::Done } else { TaskExit::Incomplete };
            return Ok(Outcome { exit, report });
        }
        Err(failure) => failure,
    };
    if !matches!(failure, Failure::Superseded { .. } | Failure::Stopped) {
        let report = verdict::failed(&plan, run.census.as_ref(), &failure, now());
        if let Err(error) = run.folder().report(&report).await {
            tracing::warn!(%error, "the report could not be written");
        }
    }
    Err(failure)
}

async fn read_plan(store: &Store, options: &Options) -> Result<(Plan, Vec<i32>), Failure> {
    let Some((body, _)) = store.get(&keys::plan(&options.render)).await? else {
        return Err(unusable(
            options,
            Fault::new("There is no such plan.", "Upload the file again; nothing was overwritten."),
        ));
    };
    let plan = Plan::from_json(&body).map_err(|fault| unusable(options, fault))?;
    let ours = (&plan.render, plan.bucket.as_str(), plan.key.as_str())
        == (&options.render, options.bucket.as_str(), options.folder.as_str());
    if !ours {
        let message = format!("It is not a plan of render {} for `{}`.", options.render, options.folder);
        return Err(unusable(
            options,
            Fault::new(message, "Upload the file again; nothing was overwritten."),
        ));
    }
    let planned = plan.frame_list().map_err(|fault| unusable(options, fault))?;
    Ok((plan, planned))
}

fn unusable(options: &Options, fault: Fault) -> Failure {
    let key = keys::plan(&options.render);
    Failure::Plan(Fault::new(format!("The plan `{key}` cannot be used. {}", fault.message), fault.hint))
}

struct Run<'a> {
    store: &'a Store,
    options: &'a Options,
    stop: &'a Stop,
    plan: &'a Plan,
    planned: &'a [i32],
    /// What the last pass found.
    census: Option<Census>,
}

impl<'a> Run<'a> {
    fn folder(&self) -> Folder<'a> {
        Folder::new(self.store, &self.options.folder, self.plan)
    }

    async fn passes(&mut self) -> Result<Report, Failure> {
        let mut pass = 0;
        loop {
            pass += 1;
            match self.pass(pass == PASSES).await {
                // A frame or the archive is no longer what was just looked at.
                Err(Failure::Storage(error)) if matches!(error.kind, Kind::Conflict | Kind::Missing) => {
                    tracing::info!(key = error.key, "changed meanwhile; looking again");
                    if pass == PASSES {
                        return Err(Failure::Restless { key: error.key });
                    }
                }
                result => return result,
            }
        }
    }

    /// `last` says that nothing is looked at anew after this.
    async fn pass(&mut self, last: bool) -> Result<Report, Failure> {
        let key = &self.options.folder;
        let zip = key.frames_zip();
        // In this order: a newer upload that takes the folder over after the second line has
        // not yet written an archive at the first, so ours is never put in place of its.
        let before = unless(self.stop, self.store.head(&zip)).await?;
        unless(self.stop, self.folder().ours()).await?;
        let stop = self.stop;
        let census = self
            .census
            .insert(unless(stop, take_census(self.store, self.options, self.plan, self.planned)).await?);
        let (done, planned) = (census.done(), census.planned);
        tracing::info!(done, planned, files = census.files.len(), "looked for frames");
        let mut maker = None;
        if done > 0 {
            let contents = Contents::of(self.plan, key, census)?;
            let maker = maker.insert(Maker::new(self.plan, &contents));
            let label = maker.label(zip, "application/zip");
            if before.as_ref().is_some_and(|head| label.is_of(head)) {
                tracing::info!("{} is there from an earlier attempt", label.key);
                unless(stop, self.store.clear_unfinished(&label.key)).await?;
            } else {
                tracing::info!(bytes = contents.layout.len(), "writing {}", label.key);
                let condition = before.map_or(Condition::Absent, |head| Condition::Unchanged(head.etag));
                upload::write(self.store, &label, &contents, &condition, stop).await?;
            }
        } else if before.is_some_and(|head| {
            head.metadata.get(metadata::RENDER).map(String::as_str) != Some(self.plan.render.as_str())
        }) {
            census.warnings.push(format!("`{zip}` is from an earlier render."));
        }
        let pictures = preview::pictures(&census.files);
        let moving = maker.zip(self.plan.preview).filter(|_| pictures.len() > 1);
        let mut report = verdict::made(self.plan, key, census, now());
        if moving.is_none() {
            report.warnings.extend(self.leftovers().await);
        }
        self.folder().report(&report).await?;
        let Some((maker, preview)) = moving else { return Ok(report) };
        tracing::info!(frames = pictures.len(), "making {} and {}", key.preview(), key.contact_sheet());
        let shot = Shot { store: self.store, folder: key, preview, pictures, maker };
        self.moving_pictures(report, &shot, last).await
    }

    /// Makes moving pictures, and gives the `report` that says so. What goes wrong there is a warning: the archive stands.
    async fn moving_pictures(
        &self,
        mut report: Report,
        shot: &Shot<'_>,
        last: bool,
    ) -> Result<Report, Failure> {
        match preview::make(shot, self.stop, self.folder().ours()).await {
            Ok(()) => {
                report.preview = Some(shot.folder.preview());
                report.contact_sheet = Some(shot.folder.contact_sheet());
            }
            Err(Trouble::Failure(failure)) if ends(&failure, last) => return Err(failure),
            Err(trouble) => {
                report.warnings.push(trouble.warning());
                report.warnings.extend(self.leftovers().await);
            }
        }
        report.written_at = now();
        match self.folder().report(&report).await {
            Err(Failure::Superseded { folder, by }) => return Err(Failure::Superseded { folder, by }),
            Err(error) => tracing::warn!(%error, "the report does not tell of the moving pictures"),
            Ok(()) => {}
        }
        Ok(report)
    }

    /// Moving pictures of an earlier render, in words. Where the bucket does not tell, nothing is said.
    async fn leftovers(&self) -> Vec<String> {
        preview::leftovers(self.store, &self.options.folder).await.unwrap_or_default()
    }
}

/// Whether what befell the moving pictures befalls all of it: the task is to end, the folder is another's, or a frame is
/// no longer what it was and all is looked at anew.
fn ends(failure: &Failure, last: bool) -> bool {
    match failure {
        Failure::Stopped | Failure::Superseded { .. } => true,
        Failure::Storage(error) => !last && matches!(error.kind, Kind::Conflict | Kind::Missing),
        _ => false,
    }
}

async fn take_census(
    store: &Store,
    options: &Options,
    plan: &Plan,
    planned: &[i32],
) -> Result<Census, Failure> {
    let wanted: BTreeSet<i32> = planned.iter().copied().collect();
    let records = records::read(store, &plan.render).await?;
    let found = frames::find(store, &options.folder, &plan.source.id, &wanted, &records).await?;
    let mut census = Census::take(plan, planned, found, &records);
    frames::learn_checksums(store, &options.folder, &mut census.files).await?;
    Ok(census)
}

/// Milliseconds since 1970.
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
