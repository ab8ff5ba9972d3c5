//! Multipart uploads.

use aws_sdk_s3::types::{
    ChecksumAlgorithm, ChecksumMode, ChecksumType, CompletedMultipartUpload, CompletedPart, ObjectAttributes,
};

use super::{BUCKET, MIB, Server, assert_refused, noise, refusal};

/// One upload to `KEY`, by the SDK's own defaults unless told otherwise.
struct Upload<'a> {
    server: &'a Server,
    id: String,
}

const KEY: &str = "dir/scene.blend";

impl<'a> Upload<'a> {
    async fn begin(server: &'a Server) -> Self {
        let answer = server.client.create_multipart_upload().bucket(BUCKET).key(KEY).send().await.unwrap();
        Self { server, id: answer.upload_id.unwrap() }
    }

    fn part(
        &self,
        number: i32,
        bytes: &[u8],
    ) -> aws_sdk_s3::operation::upload_part::builders::UploadPartFluentBuilder {
        let part = self.server.client.upload_part().bucket(BUCKET).key(KEY).upload_id(&self.id);
        part.part_number(number).body(bytes.to_vec().into())
    }

    /// Uploads a part; the answer names it for the completion.
    async fn add(&self, number: i32, bytes: &[u8]) -> CompletedPart {
        let answer = self.part(number, bytes).send().await.unwrap();
        CompletedPart::builder()
            .part_number(number)
            .set_e_tag(answer.e_tag)
            .set_checksum_crc32(answer.checksum_crc32)
            .build()
    }

    fn complete(
        &self,
        parts: &[&CompletedPart],
    ) -> aws_sdk_s3::operation::complete_multipart_upload::builders::CompleteMultipartUploadFluentBuilder
    {
        let parts = parts.iter().map(|part| (*part).clone()).collect();
        let list = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let complete = self.server.client.complete_multipart_upload().bucket(BUCKET).key(KEY);
        complete.upload_id(&self.id).multipart_upload(list)
    }

    async fn abort(&self) {
        let abort = self.server.client.abort_multipart_upload().bucket(BUCKET).key(KEY);
        abort.upload_id(&self.id).send().await.unwrap();
    }
}

#[tokio::test]
async fn parts_in_any_order_with_gaps_make_one_object() {
    let server = Server::start().await;
    let bytes = noise(11 * MIB);
    let create = server.client.create_multipart_upload().bucket(BUCKET).key(KEY);
    let create = create.tagging("frames=1-3").content_type("x/y").metadata("m", "1").send().await.unwrap();
    let upload = Upload { server: &server, id: create.upload_id.unwrap() };
    let last = upload.add(10_000, &bytes[10 * MIB..]).await;
    let first = upload.add(3, &noise(5 * MIB + 1)).await;
    let middle = upload.add(7, &bytes[5 * MIB..10 * MIB]).await;
    let again = upload.add(3, &bytes[..5 * MIB]).await;
    assert_refused(upload.complete(&[&first, &middle, &last]).send().await, "InvalidPart");
    assert!(server.store.head(BUCKET, KEY).is_err(), "not there before it is complete");

    let done = upload.complete(&[&again, &middle, &last]).send().await.unwrap();
    assert_eq!(server.get(KEY).await, bytes);
    let etag = done.e_tag().unwrap();
    assert!(etag.ends_with("-3\""), "{etag}");
    let info = server.store.head(BUCKET, KEY).unwrap();
    assert_eq!(info.tags, [("frames".to_owned(), "1-3".to_owned())].into());
    assert_eq!((info.content_type.as_deref(), info.metadata["m"].as_str()), (Some("x/y"), "1"));
    assert_refused(upload.complete(&[&again, &middle, &last]).send().await, "NoSuchUpload");
    server.assert_clean();

    let part = server.client.get_object().bucket(BUCKET).key(KEY).part_number(3).send().await.unwrap();
    assert_eq!(part.parts_count(), Some(3));
    assert_eq!(part.body.collect().await.unwrap().to_vec(), bytes[10 * MIB..]);
    let answer = server.client.get_object().bucket(BUCKET).key(KEY).part_number(4).send().await;
    assert_eq!(refusal(answer).1, 416);
}

#[tokio::test]
async fn the_etag_is_the_md5_of_the_md5s() {
    let server = Server::start().await;
    let upload = Upload::begin(&server).await;
    let part = upload.add(1, b"hello").await;
    let done = upload.complete(&[&part]).send().await.unwrap();
    // printf 5d41402abc4b2a76b9719d911017c592 | xxd -r -p | md5sum
    assert_eq!(done.e_tag(), Some("\"62109206880d38a4010a98e11243924a-1\""));
    assert_eq!(server.get(KEY).await, b"hello");
    server.assert_clean();
}

#[tokio::test]
async fn what_aws_refuses() {
    let server = Server::start().await;
    let upload = Upload::begin(&server).await;
    for number in [0, 10_001, -1] {
        assert_refused(upload.part(number, b"x").send().await, "InvalidArgument");
    }
    let small = upload.add(1, b"small").await;
    let last = upload.add(2, b"last").await;
    assert_refused(upload.complete(&[&small, &last]).send().await, "EntityTooSmall");
    assert_refused(upload.complete(&[&last, &small]).send().await, "InvalidPartOrder");
    assert_refused(upload.complete(&[&small, &small]).send().await, "InvalidPartOrder");
    assert_refused(upload.complete(&[]).send().await, "MalformedXML");
    let missing = CompletedPart::builder().part_number(9).e_tag("\"0\"").build();
    assert_refused(upload.complete(&[&missing]).send().await, "InvalidPart");
    assert_refused(upload.complete(&[&last]).mpu_object_size(5).send().await, "InvalidRequest");
    assert_refused(upload.part(1, b"x").checksum_crc32("AAAAAA==").send().await, "BadDigest");
    let elsewhere = server.client.upload_part().bucket(BUCKET).key("other").upload_id(&upload.id);
    assert_refused(elsewhere.part_number(1).body(b"x".to_vec().into()).send().await, "NoSuchUpload");
    upload.complete(&[&last]).mpu_object_size(4).send().await.unwrap();
    assert_eq!(server.get(KEY).await, b"last", "parts that are not named do not count");
    server.assert_clean();
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let server = Server::start().await;
    let upload = Upload::begin(&server).await;
    let part = upload.add(1, &noise(6 * MIB)).await;
    upload.abort().await;
    server.assert_clean();
    assert_refused(upload.complete(&[&part]).send().await, "NoSuchUpload");
    assert_refused(upload.part(2, b"x").send().await, "NoSuchUpload");
    let list = server.client.list_parts().bucket(BUCKET).key(KEY).upload_id(&upload.id);
    assert_refused(list.send().await, "NoSuchUpload");
    server.assert_clean();
}

#[tokio::test]
async fn parts_and_uploads_are_listed_in_pages() {
    let server = Server::start().await;
    let upload = Upload::begin(&server).await;
    for number in [2, 5, 9] {
        upload.add(number, format!("part {number}").as_bytes()).await;
    }
    let list = || server.client.list_parts().bucket(BUCKET).key(KEY).upload_id(&upload.id);
    let first = list().max_parts(2).send().await.unwrap();
    let numbers: Vec<_> = first.parts().iter().filter_map(|part| part.part_number()).collect();
    assert_eq!((numbers, first.is_truncated()), (vec![2, 5], Some(true)));
    assert_eq!(first.parts()[0].size(), Some(6));
    assert!(first.parts()[0].e_tag().is_some());
    let second = list().part_number_marker(first.next_part_number_marker().unwrap()).send().await.unwrap();
    let numbers: Vec<_> = second.parts().iter().filter_map(|part| part.part_number()).collect();
    assert_eq!((numbers, second.is_truncated()), (vec![9], Some(false)));

    for key in ["a", "dir/z"] {
        server.client.create_multipart_upload().bucket(BUCKET).key(key).send().await.unwrap();
    }
    let uploads = || server.client.list_multipart_uploads().bucket(BUCKET);
    let all = uploads().send().await.unwrap();
    let keys: Vec<_> = all.uploads().iter().filter_map(|upload| upload.key()).collect();
    assert_eq!(keys, ["a", KEY, "dir/z"]);
    let page = uploads().max_uploads(2).send().await.unwrap();
    assert_eq!((page.uploads().len(), page.is_truncated()), (2, Some(true)));
    let rest = uploads()
        .key_marker(page.next_key_marker().unwrap())
        .upload_id_marker(page.next_upload_id_marker().unwrap());
    let rest = rest.send().await.unwrap();
    assert_eq!(rest.uploads()[0].key(), Some("dir/z"));
    let dir = uploads().prefix("dir/").send().await.unwrap();
    assert_eq!(dir.uploads().len(), 2);
    assert_eq!(dir.uploads()[0].upload_id(), Some(upload.id.as_str()));
}

#[tokio::test]
async fn parts_are_copied_from_ranges_of_objects() {
    let server = Server::start().await;
    let bytes = noise(8 * MIB);
    server.put("source ü", bytes.clone()).await;
    let upload = Upload::begin(&server).await;
    let copy = |number: i32| {
        let copy = server.client.upload_part_copy().bucket(BUCKET).key(KEY).upload_id(&upload.id);
        copy.part_number(number).copy_source(format!("{BUCKET}/source%20%C3%BC"))
    };
    let named = |number: i32, answer: aws_sdk_s3::operation::upload_part_copy::UploadPartCopyOutput| {
        let result = answer.copy_part_result.unwrap();
        CompletedPart::builder()
            .part_number(number)
            .set_e_tag(result.e_tag)
            .set_checksum_crc32(result.checksum_crc32)
            .build()
    };
    let range = format!("bytes=1-{}", 6 * MIB);
    let first = named(1, copy(1).copy_source_range(range).send().await.unwrap());
    let second = named(2, copy(2).send().await.unwrap());
    assert_refused(copy(3).copy_source_range("bytes=0-99999999").send().await, "InvalidArgument");
    assert_refused(copy(3).copy_source_range("bytes=0-").send().await, "InvalidArgument");
    assert_refused(copy(3).copy_source_if_match("\"0\"").send().await, "PreconditionFailed");
    upload.complete(&[&first, &second]).send().await.unwrap();
    let whole = server.get(KEY).await;
    assert_eq!(whole[..6 * MIB], bytes[1..=6 * MIB]);
    assert_eq!(whole[6 * MIB..], bytes);
    server.assert_clean();
}

#[tokio::test]
async fn a_conditional_completion() {
    let server = Server::start().await;
    server.put(KEY, "old").await;
    let upload = Upload::begin(&server).await;
    let part = upload.add(1, b"new").await;
    let answer = upload.complete(&[&part]).if_none_match("*").send().await;
    assert_eq!(refusal(answer), ("PreconditionFailed".to_owned(), 412));
    assert_eq!(server.get(KEY).await, b"old");
    let etag = format!("\"{}\"", server.store.head(BUCKET, KEY).unwrap().etag);
    assert_refused(upload.complete(&[&part]).if_match("\"0\"").send().await, "PreconditionFailed");
    upload.complete(&[&part]).if_match(etag).send().await.unwrap();
    assert_eq!(server.get(KEY).await, b"new");
    server.assert_clean();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn exactly_one_of_eight_completions_wins() {
    let server = Server::start().await;
    for round in 0..10 {
        server.store.delete(BUCKET, KEY).unwrap();
        let start = std::sync::Arc::new(tokio::sync::Barrier::new(8));
        let mut racers = Vec::new();
        for racer in 0..8 {
            let upload = Upload::begin(&server).await;
            let body = format!("racer {racer} of round {round}");
            let part = upload.add(1, body.as_bytes()).await;
            let complete = upload.complete(&[&part]).if_none_match("*");
            let start = start.clone();
            let racer = tokio::spawn(async move {
                start.wait().await;
                complete.send().await
            });
            racers.push((upload, body, racer));
        }
        let mut winners = Vec::new();
        for (upload, body, racer) in racers {
            match racer.await.unwrap() {
                Ok(_) => winners.push(body),
                refused => {
                    assert_refused(refused, "PreconditionFailed");
                    upload.abort().await;
                }
            }
        }
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(server.get(KEY).await, winners[0].as_bytes());
    }
    server.assert_clean();
}

/// The same upload, completed eight times at once: one object, one answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_upload_is_completed_once() {
    let server = Server::start().await;
    let mut events = server.store.subscribe();
    let upload = Upload::begin(&server).await;
    let (first, second) = (upload.add(1, &noise(5 * MIB)).await, upload.add(2, b"end").await);
    let racers: Vec<_> = (0..8).map(|_| tokio::spawn(upload.complete(&[&first, &second]).send())).collect();
    let mut won = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(_) => won += 1,
            refused => assert_refused(refused, "NoSuchUpload"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(events.try_recv().unwrap().event_name, "ObjectCreated:CompleteMultipartUpload");
    assert!(events.try_recv().is_err());
    server.assert_clean();
}

#[tokio::test]
async fn checksums_of_parts_and_of_the_whole() {
    let server = Server::start().await;
    let bytes = noise(5 * MIB + 9);
    let (one, two) = bytes.split_at(5 * MIB);
    let crc = |bytes: &[u8]| {
        let value = crc_fast::checksum(crc_fast::CrcAlgorithm::Crc32IsoHdlc, bytes);
        u32::try_from(value).unwrap().to_be_bytes()
    };
    let base64 = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD.encode(bytes)
    };
    let full = base64(&crc(&bytes));
    let composite = format!("{}-2", base64(&crc(&[crc(one), crc(two)].concat())));

    for (kind, expected) in [(ChecksumType::FullObject, &full), (ChecksumType::Composite, &composite)] {
        let create = server.client.create_multipart_upload().bucket(BUCKET).key(KEY);
        let create = create.checksum_algorithm(ChecksumAlgorithm::Crc32).checksum_type(kind.clone());
        let create = create.send().await.unwrap();
        assert_eq!(create.checksum_type(), Some(&kind));
        let upload = Upload { server: &server, id: create.upload_id.unwrap() };
        let wrong = upload.part(1, one).checksum_crc32_c("AAAAAA==").send().await;
        assert_refused(wrong, "InvalidRequest");
        let (one, two) = (upload.add(1, one).await, upload.add(2, two).await);
        let wrong = upload.complete(&[&one, &two]).checksum_crc32("AAAAAA==").send().await;
        assert_refused(wrong, "BadDigest");
        if kind == ChecksumType::Composite {
            let bare = CompletedPart::builder().part_number(1).set_e_tag(one.e_tag.clone()).build();
            assert_refused(upload.complete(&[&bare, &two]).send().await, "InvalidRequest");
        }
        let done = upload.complete(&[&one, &two]).checksum_crc32(expected).send().await.unwrap();
        assert_eq!(done.checksum_crc32(), Some(expected.as_str()));
        assert_eq!(done.checksum_type(), Some(&kind));

        let head = server.client.head_object().bucket(BUCKET).key(KEY).checksum_mode(ChecksumMode::Enabled);
        let head = head.send().await.unwrap();
        assert_eq!(head.checksum_crc32(), Some(expected.as_str()));
        assert_eq!(head.checksum_type(), Some(&kind));
        assert_eq!(server.get(KEY).await, bytes);

        let ask = server.client.get_object_attributes().bucket(BUCKET).key(KEY);
        let ask = ask.object_attributes(ObjectAttributes::ObjectParts);
        let got = ask.object_attributes(ObjectAttributes::Checksum).send().await.unwrap();
        assert_eq!(got.checksum().unwrap().checksum_type(), Some(&kind));
        let parts = got.object_parts().unwrap();
        assert_eq!(parts.total_parts_count(), Some(2));
        assert_eq!(parts.parts()[1].size(), Some(9));
        assert_eq!(parts.parts()[1].checksum_crc32(), two.checksum_crc32());
    }
    let impossible = server.client.create_multipart_upload().bucket(BUCKET).key(KEY);
    let impossible = impossible.checksum_algorithm(ChecksumAlgorithm::Sha256);
    assert_refused(impossible.checksum_type(ChecksumType::FullObject).send().await, "InvalidRequest");
}

/// What most programs do: nothing said about checksums but what the SDK says by itself.
#[tokio::test]
async fn the_defaults_of_the_sdk() {
    let server = Server::start().await;
    let upload = Upload::begin(&server).await;
    let (one, two) = (upload.add(1, &noise(5 * MIB)).await, upload.add(2, b"end").await);
    let etags = |part: &CompletedPart| {
        CompletedPart::builder().part_number(part.part_number.unwrap()).set_e_tag(part.e_tag.clone()).build()
    };
    upload.complete(&[&etags(&one), &etags(&two)]).send().await.unwrap();
    assert_eq!(server.get(KEY).await.len(), 5 * MIB + 3);
    server.assert_clean();
}
