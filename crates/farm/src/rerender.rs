//! Having frames rendered once more though they are there.
//!
//! They are marked as frames of something else, and the upload is written again: then they count as missing, and stay
//! where they are until the new ones take their place.

use farm_contract::Fault;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::{BlendKey, FrameName, OWN_NAMES};
use farm_contract::metadata;
use farm_contract::plan::Plan;
use farm_contract::report::State;
use futures::{StreamExt, TryStreamExt, stream};

use crate::bucket::{Bucket, Listed};
use crate::copying::{Copying, Description};
use crate::error::FarmError;
use crate::location::Location;
use crate::render::Found;
use crate::resume::write_again;

/// Calls at once.
const AT_ONCE: usize = 16;

/// Has `frames` rendered once more, and whatever else is missing.
///
/// # Errors
/// The render is under way or has no such frames, or a call does not come through.
pub async fn rerender(bucket: &Bucket, found: &Found, frames: &FrameSpec) -> Result<(), FarmError> {
    let plan = found.planned()?;
    if found.report.as_ref().is_some_and(|report| report.state == State::Accepted && report.hint.is_none()) {
        return Err(FarmError::UnderWay(found.key.to_string()));
    }
    let wanted = of_plan(plan, frames)?;
    let upload = bucket.head(found.key.as_str()).await?;
    let upload = upload.ok_or_else(|| FarmError::NoUpload(found.key.to_string()))?;
    if upload.own_key {
        return Err(Fault::new(
            "This bucket encrypts with a key of yours: there the same bytes written again are another upload, of which \
             every frame would be rendered.",
            "If that is meant: farm resume.",
        )
        .into());
    }
    let listed = bucket.list(&found.key.folder()).await?;
    let (pictures, beside) = files(&found.key, &listed, &wanted);
    // A frame counts as missing without its picture: those last, so that whatever is broken off begins anew.
    for files in [beside, pictures] {
        let marks = stream::iter(files).map(|listed| mark(bucket, listed, plan, &wanted));
        marks.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    }
    let at = Location { bucket: bucket.name.clone(), key: found.key.clone() };
    write_again(&bucket.client, &at, &plan.source.etag, &[]).await
}

/// Pictures of the frames that are wanted, and whatever lies beside pictures: a file of another output node does not tell
/// by its name of which frame it is.
fn files<'a>(key: &BlendKey, listed: &'a [Listed], wanted: &[i32]) -> (Vec<&'a Listed>, Vec<&'a Listed>) {
    let folder = key.folder();
    let (mut pictures, mut beside) = (Vec::new(), Vec::new());
    for listed in listed {
        let Some(name) = listed.key.strip_prefix(&folder) else { continue };
        match FrameName::parse(name) {
            Some(name) if wanted.binary_search(&name.frame).is_ok() => pictures.push(listed),
            None if !OWN_NAMES.contains(&name) => beside.push(listed),
            _ => {}
        }
    }
    (pictures, beside)
}

/// Marks a file as one of something else, if it is of these frames and of this render's source: those of an older upload
/// count for nothing anyway.
async fn mark(bucket: &Bucket, listed: &Listed, plan: &Plan, wanted: &[i32]) -> Result<(), FarmError> {
    let Some(head) = bucket.head(&listed.key).await? else { return Ok(()) };
    let frame = head.number(metadata::FRAME);
    let own = head.get(metadata::SOURCE) == Some(plan.source.id.as_str());
    if !own || frame.is_none_or(|frame| wanted.binary_search(&frame).is_err()) {
        return Ok(());
    }
    let mut said = head.metadata;
    said.insert(metadata::SOURCE.to_owned(), plan.source.id.again().to_string());
    let copying = Copying {
        client: &bucket.client,
        bucket: &bucket.name,
        from: &listed.key,
        source: Some(&listed.etag),
        to: &listed.key,
        replaced: None,
        described: Some(Description { metadata: Some(said), content_type: head.content_type }),
        tagging: None,
    };
    copying.whole().await.map(drop).map_err(|failed| failed.error.into())
}

/// The frames, ascending, if the render has all of them.
fn of_plan(plan: &Plan, frames: &FrameSpec) -> Result<Vec<i32>, FarmError> {
    let (planned, wanted) = (plan.frame_list()?, frames.frames());
    let strange: Vec<i32> =
        wanted.iter().filter(|frame| planned.binary_search(frame).is_err()).copied().collect();
    if strange.is_empty() {
        return Ok(wanted);
    }
    Err(Fault::new(
        format!("The render has no frame {}.", FrameSpec::describe(&strange)),
        format!("It has the frames {}. Others are rendered by another upload.", plan.frames),
    )
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use farm_contract::plan::{RenderId, Source};

    #[test]
    fn only_frames_of_the_render_can_be_rendered_again() {
        let source = Source::of("a.blend", "\"e\"", 1, "4.5");
        let plan = Plan::draft(RenderId::of_event("b", "k", "v", "s"), "b", "a.blend", source, "1-10x3");
        let ask = |text: &str| of_plan(&plan, &text.parse().expect("frames"));
        assert_eq!(ask("7,1").ok(), Some(vec![1, 7]));
        let error = ask("1-4").expect_err("2 and 3 are none");
        assert!(error.to_string().contains("no frame 2-3"), "{error}");
    }
}
