//! `farm rm`.

use farm_contract::keys::OFFER;
use farm_contract::report::State;
use farm_testing::{Reply, Request};
use serde_json::json;

use crate::bench::Bench;
use crate::shot::{Shot, task};

/// S3 deletes a thousand objects with one call, moto any number.
fn refused(request: &Request) -> Option<Reply> {
    let deletes = request.line().starts_with("POST ") && request.line().contains("?delete");
    let objects = String::from_utf8_lossy(&request.body).matches("<Key>").count();
    let malformed = "<Error><Code>MalformedXML</Code><Message>Too many objects</Message></Error>";
    (deletes && objects > 1000).then(|| Reply::Say(400, String::new(), malformed.to_owned()))
}

#[tokio::test]
async fn what_is_uploaded_while_somebody_is_asked_stays() {
    let bench = Bench::stand("il-central-1");
    let shot = Shot::planned(&bench, "a.blend", "1", 1).await;
    shot.frames(&[1]).await;
    shot.report(State::Complete, &[1]).await;
    let bucket = farm::Bucket::new(bench.client.clone(), &bench.bucket);
    let found = farm::render::find::at(&bucket, &shot.key).await.unwrap();
    let removal = farm::remove::Removal::of(&bucket, &found).await.unwrap();
    assert!(removal.confirmed(&bucket, &shot.key).await.is_ok());
    bench.put("a.blend", "BLENDER of somebody else").await;
    let error = removal.confirmed(&bucket, &shot.key).await.unwrap_err();
    assert!(error.to_string().contains("uploaded anew"), "{error}");
}

#[tokio::test]
async fn all_of_a_render_is_deleted_and_nothing_else() {
    let bench = Bench::answering("ca-central-1", refused);
    bench.keep_versions();
    let other = Shot::planned(&bench, "film/shot.blend1.blend", "1", 1).await;
    other.frames(&[1]).await;
    let shot = Shot::planned(&bench, "film/shot.blend", "1-1100", 1100).await;
    let numbers: Vec<i32> = (1..=1100).collect();
    let records = shot.frames(&numbers).await;
    shot.record(task(0, records)).await;
    let under_way = bench.farm(&["rm", "film/shot.blend", "--yes"]).await;
    assert_eq!(under_way.code, 1, "{}", under_way.told);
    shot.report(State::Complete, &numbers).await;
    let ran = bench.farm(&["rm", "film/shot.blend", "--yes", "--json"]).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    // Upload, plan, record, report and the frames.
    assert_eq!(ran.json()["deleted"], json!(1104), "{}", ran.told);
    let mut left = bench.keys("").await;
    left.sort();
    let mut wanted = vec![
        farm_contract::keys::plan(&other.plan.render),
        OFFER.to_owned(),
        other.key.to_string(),
        other.file(1),
        other.key.report(),
    ];
    wanted.sort();
    assert_eq!(left, wanted);
    // What was deleted, its lifecycle ends: until then it is there under its version.
    let versions = bench.client.list_object_versions().bucket(&bench.bucket).prefix(shot.key.as_str());
    let versions = versions.send().await.unwrap();
    assert!(versions.delete_markers().iter().any(|marker| marker.key() == Some(shot.key.as_str())));
    assert_eq!(bench.farm(&["status", "film/shot.blend"]).await.code, 1);
}
