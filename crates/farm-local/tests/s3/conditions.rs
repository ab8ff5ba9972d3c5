//! Conditional requests.

use aws_sdk_s3::primitives::DateTime;

use super::{BUCKET, Server, assert_refused, refusal};

#[tokio::test]
async fn reads() {
    let server = Server::start().await;
    let etag = server.put("k", "x").await;
    let get = || server.client.get_object().bucket(BUCKET).key("k");
    let head = || server.client.head_object().bucket(BUCKET).key("k");
    get().if_match(&etag).send().await.unwrap();
    assert_eq!(refusal(get().if_match("\"0\"").send().await), ("PreconditionFailed".to_owned(), 412));
    assert_eq!(refusal(get().if_none_match(&etag).send().await).1, 304);
    assert_eq!(refusal(head().if_none_match(&etag).send().await).1, 304);
    assert_eq!(refusal(head().if_match("\"0\"").send().await).1, 412);
    get().if_none_match("\"0\"").send().await.unwrap();
    let long_ago = DateTime::from_secs(1_000_000_000);
    let far_off = DateTime::from_secs(4_000_000_000);
    get().if_modified_since(long_ago).send().await.unwrap();
    assert_eq!(refusal(get().if_modified_since(far_off).send().await).1, 304);
    assert_eq!(refusal(get().if_unmodified_since(long_ago).send().await).1, 412);
    get().if_unmodified_since(far_off).send().await.unwrap();
}

#[tokio::test]
async fn writes() {
    let server = Server::start().await;
    let put = |body: &str| {
        server.client.put_object().bucket(BUCKET).key("claim").body(body.as_bytes().to_vec().into())
    };
    assert_refused(put("x").if_match("\"0\"").send().await, "NoSuchKey");
    put("one").if_none_match("*").send().await.unwrap();
    let answer = put("two").if_none_match("*").send().await;
    assert_eq!(refusal(answer), ("PreconditionFailed".to_owned(), 412));
    assert_eq!(server.get("claim").await, b"one");

    let etag = format!("\"{}\"", server.store.head(BUCKET, "claim").unwrap().etag);
    put("three").if_match(&etag).send().await.unwrap();
    assert_refused(put("four").if_match(&etag).send().await, "PreconditionFailed");
    assert_eq!(server.get("claim").await, b"three");

    let delete = || server.client.delete_object().bucket(BUCKET).key("claim");
    assert_refused(delete().if_match(&etag).send().await, "PreconditionFailed");
    let etag = format!("\"{}\"", server.store.head(BUCKET, "claim").unwrap().etag);
    delete().if_match(etag).send().await.unwrap();
    assert!(server.store.head(BUCKET, "claim").is_err());
    server.assert_clean();
}

/// Eight at once, over and over: each time exactly one wins, and its bytes are what stands there.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_one_of_eight_racers_wins() {
    let server = Server::start().await;
    for round in 0..25 {
        let key = format!("claim-{round}");
        let winners = race(&server, &key, None).await;
        assert_eq!(winners.len(), 1, "If-None-Match, round {round}");
        assert_eq!(server.get(&key).await, winners[0].as_bytes());

        let etag = format!("\"{}\"", server.store.head(BUCKET, &key).unwrap().etag);
        let winners = race(&server, &key, Some(etag)).await;
        assert_eq!(winners.len(), 1, "If-Match, round {round}");
        assert_eq!(server.get(&key).await, winners[0].as_bytes());
    }
    server.assert_clean();
}

async fn race(server: &Server, key: &str, if_match: Option<String>) -> Vec<String> {
    let start = std::sync::Arc::new(tokio::sync::Barrier::new(8));
    let racers: Vec<_> = (0..8)
        .map(|racer| {
            let body = format!("{racer} takes {key} for {if_match:?}");
            let put =
                server.client.put_object().bucket(BUCKET).key(key).body(body.clone().into_bytes().into());
            let put = match &if_match {
                Some(etag) => put.if_match(etag),
                None => put.if_none_match("*"),
            };
            let start = start.clone();
            tokio::spawn(async move {
                start.wait().await;
                match put.send().await {
                    Ok(_) => Some(body),
                    refused => {
                        assert_refused(refused, "PreconditionFailed");
                        None
                    }
                }
            })
        })
        .collect();
    let mut winners = Vec::new();
    for racer in racers {
        winners.extend(racer.await.unwrap());
    }
    winners
}
