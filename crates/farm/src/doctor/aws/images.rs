//! The images of the tasks, which the registry must have by their digests.

use std::collections::BTreeSet;

use aws_sdk_ecr::Client;
use aws_sdk_ecr::types::ImageIdentifier;
use farm_aws::AwsError;
use farm_terminal::count;
use futures::{StreamExt, TryStreamExt, stream};

use super::call::{ask, unseen};
use super::definitions::{Definition, expected};
use super::farm::Farm;
use crate::doctor::check::Check;
use crate::doctor::finding::Finding;

/// Images that are asked for at once.
const AT_ONCE: usize = 4;

/// An image in ECR.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    account: &'a str,
    repository: &'a str,
    digest: Option<&'a str>,
    tag: Option<&'a str>,
}

/// Which of the definitions' images the registry lacks.
pub(super) async fn lacking(client: &Client, definitions: &[Definition]) -> Result<Vec<String>, AwsError> {
    let images: BTreeSet<&str> =
        definitions.iter().flat_map(|definition| &definition.images).map(String::as_str).collect();
    let asked = stream::iter(images).map(|image| async move {
        let Some(named) = in_ecr(image) else { return Ok(None) };
        Ok::<_, AwsError>((!is_there(client, &named).await?).then(|| image.to_owned()))
    });
    let lacking: Vec<_> = asked.buffered(AT_ONCE).try_collect().await?;
    Ok(lacking.into_iter().flatten().collect())
}

async fn is_there(client: &Client, image: &Named<'_>) -> Result<bool, AwsError> {
    let id = ImageIdentifier::builder()
        .set_image_digest(image.digest.map(str::to_owned))
        .set_image_tag(image.tag.map(str::to_owned))
        .build();
    let call = client.describe_images().registry_id(image.account).repository_name(image.repository);
    match ask("look for the images", call.image_ids(id).send()).await {
        Ok(answer) => Ok(!answer.image_details().is_empty()),
        Err(error) => match error.code.as_deref() {
            Some("ImageNotFoundException" | "RepositoryNotFoundException") => Ok(false),
            _ => Err(error),
        },
    }
}

/// `ACCOUNT.dkr.ecr.REGION.amazonaws.com/REPOSITORY@DIGEST`; none of another registry.
fn in_ecr(image: &str) -> Option<Named<'_>> {
    let (host, rest) = image.split_once('/')?;
    let (account, rest_of_host) = host.split_once('.')?;
    if !rest_of_host.starts_with("dkr.ecr") {
        return None;
    }
    let (repository, digest, tag) = match rest.split_once('@') {
        Some((repository, digest)) => (repository, Some(digest), None),
        None => {
            let (repository, tag) = rest.split_once(':').unwrap_or((rest, "latest"));
            (repository, None, Some(tag))
        }
    };
    Some(Named { account, repository, digest, tag })
}

/// What that means for a render.
pub(super) fn judge(
    stack: &str,
    definitions: &Result<Vec<Definition>, AwsError>,
    lacking: &Result<Vec<String>, AwsError>,
    farm: &Farm<'_>,
) -> Finding {
    let check = Check::Images;
    let definitions = match definitions {
        Ok(definitions) => definitions,
        Err(error) => return unseen(check, error, "batch:DescribeJobDefinitions", farm.who()),
    };
    let blenders = farm.offer.map(|offer| offer.blenders.as_slice()).unwrap_or_default();
    let absent: Vec<String> = expected(stack, blenders)
        .into_iter()
        .filter(|name| definitions.iter().all(|definition| definition.name != *name))
        .collect();
    if !absent.is_empty() {
        let says = format!("Batch has no job definition {}", absent.join(", "));
        return Finding::bad(check, says).run(farm.deploy());
    }
    let lacking = match lacking {
        Ok(lacking) => lacking,
        Err(error) => return unseen(check, error, "ecr:DescribeImages", farm.who()),
    };
    if lacking.is_empty() {
        let images: BTreeSet<_> = definitions.iter().flat_map(|definition| &definition.images).collect();
        let says = format!(
            "the {} of {} are in the registry",
            count(images.len() as u64, "image"),
            count(definitions.len() as u64, "job definition")
        );
        return Finding::good(check, says);
    }
    let of: Vec<String> = lacking.iter().map(|image| short(image, definitions)).collect();
    Finding::bad(check, format!("the registry lacks {}", of.join(", "))).run(farm.deploy())
}

/// An image as a person tells it from others: whose it is, and the beginning of its digest.
fn short(image: &str, definitions: &[Definition]) -> String {
    let owner = definitions.iter().find(|definition| definition.images.iter().any(|of| of == image));
    let digest = image.rsplit('@').next().unwrap_or(image).trim_start_matches("sha256:");
    let digest: String = digest.chars().take(12).collect();
    let owner = owner.map_or("?", |definition| definition.name.trim_end_matches("-large"));
    format!("the image of {owner} ({digest})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_image_is_read_as_its_registry_names_it() {
        let image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/render-farm@sha256:00ff";
        let named = in_ecr(image).expect("in ECR");
        assert_eq!(
            (named.account, named.repository, named.digest),
            ("123456789012", "render-farm", Some("sha256:00ff"))
        );
        let tagged = in_ecr("1.dkr.ecr.eu-west-1.amazonaws.com/a/b:c").expect("in ECR");
        assert_eq!((tagged.repository, tagged.tag), ("a/b", Some("c")));
        assert_eq!(in_ecr("docker.io/library/blender"), None);
        assert_eq!(in_ecr("blender"), None);
    }
}
