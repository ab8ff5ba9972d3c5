//! `farm watch --publish` with a login that ends.

use farm_contract::report::State;

use crate::bench::{Bench, Ran};
use crate::shot::{Shot, task};

/// A role, as somebody has it who is logged in by way of his company: for an hour, unless it is asked for longer.
const ROLE: &str = "arn:aws:iam::123456789012:role/artist";

#[tokio::test]
async fn a_published_page_ends_with_the_login_that_signs_it() {
    let bench = Bench::stand("ap-east-1");
    let shot = Shot::planned(&bench, "a.blend", "1-2", 2).await;
    let records = shot.frames(&[1, 2]).await;
    shot.record(task(0, records)).await;
    shot.report(State::Complete, &[1, 2]).await;
    let for_ever = bench.farm(&["watch", "a", "--publish", "--for", "3d"]).await;
    assert_eq!(for_ever.code, 0, "{}", for_ever.told);
    assert!(for_ever.told.contains(", for 3 d."), "{}", for_ever.told);

    let token = bench.home.path().join("token");
    std::fs::write(&token, "a token of the company").unwrap();
    let mut command = bench.command(&["watch", "a", "--publish", "--for", "3d"]);
    command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    command.env("AWS_ROLE_ARN", ROLE).env("AWS_WEB_IDENTITY_TOKEN_FILE", &token);
    let ran = Ran::of(command.output().await.unwrap());
    assert_eq!(ran.code, 0, "{}", ran.told);
    assert!(ran.told.contains("your login to AWS, which signs it, ends then"), "{}", ran.told);
    let (_, seconds) = ran.out.split_once("X-Amz-Expires=").unwrap();
    let seconds: u64 = seconds.split('&').next().unwrap().parse().unwrap();
    assert!((3400..=3600).contains(&seconds), "{seconds}");
    let page = format!(".farm/renders/{}/page/state.json", shot.plan.render);
    let state: serde_json::Value = serde_json::from_slice(&bench.read(&page).await).unwrap();
    let left = state["expires_at"].as_u64().unwrap() - state["written_at"].as_u64().unwrap();
    assert!((3_400_000..=3_600_000).contains(&left), "{left}");
}
