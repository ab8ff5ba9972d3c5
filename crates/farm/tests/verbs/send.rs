//! `farm submit` of a file that goes in parts.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use farm_contract::keys;
use farm_contract::project::ContentHash;
use farm_testing::{Reply, Request, exchange};

use crate::bench::Bench;
use crate::engine::Engine;

const MIB: usize = 1 << 20;
/// Parts of the file: of 16 MiB each, the last one shorter.
const PARTS: usize = 5;

/// The parts of the one upload that is begun.
const PARTS_THERE: &str = r#"
s3, bucket, farm["parts"] = aws("s3"), farm["bucket"], []
for upload in s3.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
    listed = s3.list_parts(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    farm["parts"] += [part["PartNumber"] for part in listed.get("Parts", [])]
"#;

/// A file that Blender might have saved, as far as its head tells: the rest of it is one large block.
fn scene(bench: &Bench) -> (PathBuf, Vec<u8>) {
    let block = |code: &[u8; 4], length: usize| {
        let mut head = code.to_vec();
        head.extend(u32::try_from(length).unwrap().to_le_bytes());
        head.extend([0; 16]);
        head
    };
    let mut bytes = b"BLENDER-v405".to_vec();
    bytes.extend(block(b"REND", 72));
    bytes.extend(1i32.to_le_bytes());
    bytes.extend(24i32.to_le_bytes());
    let mut name = b"Scene".to_vec();
    name.resize(64, 0);
    bytes.extend(name);
    let large = 65 * MIB;
    bytes.extend(block(b"DATA", large));
    // No two parts are the same.
    bytes.extend((0..large / 8).flat_map(|at| (at as u64).to_le_bytes()));
    bytes.extend(block(b"ENDB", 0));
    let path = bench.home.path().join("big.blend");
    std::fs::write(&path, &bytes).unwrap();
    (path, bytes)
}

/// What went by on the way to moto.
#[derive(Default)]
struct Line {
    /// Parts that were sent, by their numbers, each time.
    sent: Vec<usize>,
    /// Checksum of each part that the bucket took.
    sums: HashMap<usize, String>,
    /// Whether parts after the second are held up; they are lost when that ends.
    cut: bool,
}

fn part_number(request: &Request) -> Option<usize> {
    let line = request.line();
    let number =
        line.strip_prefix("PUT ")?.split(['?', '&']).find_map(|it| it.strip_prefix("partNumber="))?;
    number.parse().ok()
}

/// Lets the parts by. Lists of parts become what S3 says: moto calls them otherwise than any client of AWS's reads, and
/// leaves out the checksum of each part.
fn by_way_of(line: &Mutex<Line>, request: &Request) -> Option<Reply> {
    let moto = &Engine::get().address;
    if let Some(number) = part_number(request) {
        let head = request.head.to_lowercase();
        let sum = request.head.lines().zip(head.lines()).find_map(|(line, lower)| {
            let length = lower.strip_prefix("x-amz-checksum-crc64nvme:")?.len();
            Some(line[line.len() - length..].trim().to_owned())
        });
        line.lock().unwrap().sent.push(number);
        if number > 2 && line.lock().unwrap().cut {
            while line.lock().unwrap().cut {
                std::thread::sleep(Duration::from_millis(50));
            }
            return Some(Reply::HangUp);
        }
        line.lock().unwrap().sums.insert(number, sum.expect("each part has its checksum"));
        return None;
    }
    let lists = request.line().starts_with("GET ") && request.line().contains("uploadId=");
    lists.then(|| {
        let answer = String::from_utf8(exchange(moto, request)).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let line = line.lock().unwrap();
        let body = body.replace("ListPartsResponse", "ListPartsResult");
        let body = line.sums.iter().fold(body, |body, (number, sum)| {
            let part = format!("<PartNumber>{number}</PartNumber>");
            body.replace(&part, &format!("{part}<ChecksumCRC64NVME>{sum}</ChecksumCRC64NVME>"))
        });
        Reply::Say(200, "Content-Type: application/xml\r\n".to_owned(), body)
    })
}

/// Submits a file and kills that when two parts are there; submits it again. Gives which parts were sent then.
/// `left`: uploads in parts that nobody goes on with.
async fn broken_off(bench: &Bench, line: &Mutex<Line>, left: usize) -> Vec<usize> {
    let (path, bytes) = scene(bench);
    let content = keys::project_file(&ContentHash::of(&bytes));
    let arguments = ["submit", path.to_str().unwrap(), "--frames", "1-24", "--name", "take 2"];
    line.lock().unwrap().cut = true;
    let mut farm = bench.command(&arguments).spawn().unwrap();
    for _ in 0..600 {
        if line.lock().unwrap().sums.len() == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let mut there = 0;
    for _ in 0..300 {
        there = bench.with(PARTS_THERE)["parts"].as_array().unwrap().len();
        if there == 2 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(there, 2, "two parts came through");
    farm.kill().await.unwrap();
    assert!(bench.head(&content).await.is_none() && bench.head("take 2.blend").await.is_none());
    {
        let mut line = line.lock().unwrap();
        line.cut = false;
        line.sent.clear();
    }
    let ran = bench.farm(&arguments).await;
    assert_eq!(ran.code, 0, "{}", ran.told);
    let begun = bench.client.list_multipart_uploads().bucket(&bench.bucket).send().await.unwrap();
    assert_eq!(begun.uploads().len(), left, "whether it went on with the one that was begun");
    assert!(bench.read(&content).await == bytes, "the content is whole");
    assert!(bench.read("take 2.blend").await == bytes, "and so is the upload");
    let tags = bench.tags("take 2.blend").await;
    assert_eq!(tags.get("frames").map(String::as_str), Some("1-24"), "{tags:?}");
    let sent = line.lock().unwrap().sent.clone();
    // What is there is not sent again.
    let again = bench.farm(&arguments).await;
    assert_eq!((again.code, line.lock().unwrap().sent.len()), (0, sent.len()), "{}", again.told);
    sent
}

#[tokio::test]
async fn a_submission_that_was_killed_goes_on_with_the_parts_that_are_there() {
    let line = Arc::new(Mutex::new(Line::default()));
    let heard = Arc::clone(&line);
    let bench = Bench::answering("me-south-1", move |request| by_way_of(&heard, request));
    let sent: HashSet<usize> = broken_off(&bench, &line, 0).await.into_iter().collect();
    assert_eq!(sent, HashSet::from([3, 4, 5]));
}

/// As moto is: its lists of parts cannot be read, and have no checksums. Nothing in them is believed then.
#[tokio::test]
async fn parts_that_cannot_be_told_are_sent_again_in_an_upload_of_their_own() {
    let line = Arc::new(Mutex::new(Line::default()));
    let heard = Arc::clone(&line);
    let bench = Bench::answering("af-south-1", move |request| {
        part_number(request).and_then(|_| by_way_of(&heard, request))
    });
    let sent: HashSet<usize> = broken_off(&bench, &line, 1).await.into_iter().collect();
    assert_eq!(sent, (1..=PARTS).collect());
}
