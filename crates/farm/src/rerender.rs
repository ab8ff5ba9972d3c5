//! Having frames rendered once more though they are there.
//!
//! They are marked as frames of something else, and the upload is written again: then they count as missing, and stay
//! where they are until the new ones take their place.

use aws_sdk_s3::types::{MetadataDirective, TaggingDirective};
use farm_aws::AwsError;
use farm_contract::Fault;
use farm_contract::frames::FrameSpec;
use farm_contract::keys::FrameName;
use farm_contract::metadata;
use farm_contract::plan::Plan;
use farm_contract::report::State;
use futures::{StreamExt, TryStreamExt, stream};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::bucket::Bucket;
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
    let listed = bucket.list(&found.key.frames_prefix()).await?;
    let folder = found.key.folder();
    let names = listed.iter().filter_map(|listed| {
        let name = FrameName::parse(listed.key.strip_prefix(&folder)?)?;
        wanted.binary_search(&name.frame).is_ok().then_some(listed)
    });
    let marks = stream::iter(names).map(|listed| async move {
        let Some(head) = bucket.head(&listed.key).await? else { return Ok(()) };
        let mut said = head.metadata;
        // Of this render's frames alone: those of an older upload count for nothing anyway.
        if said.get(metadata::SOURCE).map(String::as_str) != Some(plan.source.id.as_str()) {
            return Ok(());
        }
        said.insert(metadata::SOURCE.to_owned(), format!("again{}", plan.source.id));
        let source = format!("{}/{}", bucket.name, utf8_percent_encode(&listed.key, NON_ALPHANUMERIC));
        let call = bucket.client.copy_object().bucket(&bucket.name).key(&listed.key).copy_source(source);
        let call = call.copy_source_if_match(&listed.etag).set_metadata(Some(said));
        let call = call.metadata_directive(MetadataDirective::Replace).set_content_type(head.content_type);
        let copied = call.tagging_directive(TaggingDirective::Copy).send().await;
        copied
            .map(drop)
            .map_err(|error| FarmError::from(AwsError::new(format!("mark `{}`", listed.key), error)))
    });
    marks.buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let at = Location { bucket: bucket.name.clone(), key: found.key.clone() };
    write_again(&bucket.client, &at, &[]).await.map(drop)
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
