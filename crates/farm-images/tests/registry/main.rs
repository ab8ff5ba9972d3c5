//! The real `images` against a registry that we did not write, and against ones that misbehave.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a failing test panics")]

#[path = "../making/mod.rs"]
mod making;
mod program;
mod refusals;
mod servers;

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::Value;

use making::{classic, empty, gzip, hex, layer, oci, podman};
use program::Program;
use servers::{ACCOUNT, PASSWORD, Registry, aws};

/// Three layers: one that is large enough to come in pieces, an empty one, and a last one that changes.
fn layers(last: &[u8]) -> Vec<Vec<u8>> {
    let large: Vec<u8> = (0..700_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    vec![layer("large", &large), empty(), layer("last", last)]
}

fn pushed(answer: &Value) -> Vec<bool> {
    let layers = answer["layers"].as_array().expect("layers");
    layers.iter().map(|layer| layer["pushed"].as_bool().expect("a bool")).collect()
}

#[test]
fn what_the_registry_has_is_not_sent_again() {
    let Some(registry) = Registry::start() else { return };
    let program = Program::new(&aws(&format!("http://{}", registry.address), PASSWORD));

    let nothing = program.find(&["one", "two"]).json();
    let repository = format!("{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/farm");
    assert_eq!(nothing["account"], ACCOUNT);
    assert_eq!(nothing["region"], "eu-west-1");
    assert_eq!(nothing["repository"], repository.as_str());
    assert_eq!(nothing["images"], serde_json::json!({"one": null, "two": null}));

    let ran = program.push("one", &classic(&layers(b"first")));
    let first = ran.json();
    assert_eq!(pushed(&first), [true; 3]);
    assert!(ran.told.contains("layer 1/3: ") && ran.told.contains(", pushed"), "{}", ran.told);

    // The same image, by another engine's archive, under the same tag and under another.
    for tag in ["one", "two"] {
        let again = program.push(tag, &podman(&layers(b"first"))).json();
        assert_eq!(again["digest"], first["digest"]);
        assert_eq!(again["pushed_bytes"], 0);
        assert_eq!(pushed(&again), [false; 3]);
    }

    let changed = program.push("three", &oci(&layers(b"second"), gzip)).json();
    assert_eq!(pushed(&changed), [false, false, true]);
    assert_ne!(changed["digest"], first["digest"]);

    let found = program.find(&["one", "two", "three", "four"]).json();
    let digest = |tag: &str| found["images"][tag].clone();
    assert_eq!([digest("one"), digest("two")], [first["digest"].clone(), first["digest"].clone()]);
    assert_eq!(digest("three"), changed["digest"]);
    assert_eq!(digest("four"), Value::Null);

    // A tag keeps its image.
    let ran = program.push("one", &classic(&layers(b"second")));
    let error = ran.error();
    assert!(error.contains("the tag `one` is taken: it is the image sha256:"), "{error}");
    assert!(error.contains("under another tag"), "{error}");
    assert_eq!(program.find(&["one"]).json()["images"]["one"], first["digest"]);
}

#[test]
fn the_registry_serves_layers_in_zstd_that_unpack_to_what_the_image_is_made_of() {
    let Some(registry) = Registry::start() else { return };
    let program = Program::new(&aws(&format!("http://{}", registry.address), PASSWORD));
    // One layer twice.
    let mut layers = layers(b"x");
    layers.push(empty());
    let answer = program.push("one", &classic(&layers)).json();

    let manifest = registry.get("/v2/farm/manifests/one");
    assert_eq!(answer["digest"], format!("sha256:{}", hex(&manifest)));
    let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
    assert_eq!(manifest["schemaVersion"], 2);
    assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
    assert_eq!(manifest["config"]["mediaType"], "application/vnd.oci.image.config.v1+json");
    let blob = |descriptor: &Value| {
        let digest = descriptor["digest"].as_str().expect("a digest");
        let bytes = registry.get(&format!("/v2/farm/blobs/{digest}"));
        assert_eq!(digest, format!("sha256:{}", hex(&bytes)));
        assert_eq!(descriptor["size"], bytes.len());
        bytes
    };
    assert_eq!(blob(&manifest["config"]), making::config(&layers));
    let served = manifest["layers"].as_array().expect("layers");
    assert_eq!(served.len(), layers.len());
    let mut sizes = std::collections::BTreeMap::new();
    for ((descriptor, wanted), told) in
        served.iter().zip(&layers).zip(answer["layers"].as_array().expect("layers"))
    {
        assert_eq!(descriptor["mediaType"], "application/vnd.oci.image.layer.v1.tar+zstd");
        assert_eq!(told["digest"], descriptor["digest"]);
        assert_eq!(told["diff_id"], format!("sha256:{}", hex(wanted)));
        let packed = blob(descriptor);
        // A decoder as it comes, with its own limit for the window.
        let mut tar = Vec::new();
        zstd::Decoder::new(packed.as_slice()).expect("zstd").read_to_end(&mut tar).expect("zstd");
        assert_eq!(&tar, wanted);
        sizes.insert(hex(&packed), packed.len());
    }
    let sent = sizes.values().sum::<usize>() + making::config(&layers).len();
    assert_eq!(answer["pushed_bytes"], sent);
}

#[test]
fn the_cache_spares_work_and_a_damaged_one_is_noticed() {
    let Some(registry) = Registry::start() else { return };
    let program = Program::new(&aws(&format!("http://{}", registry.address), PASSWORD));
    let archive = classic(&layers(b"x"));
    let first = program.push("one", &archive).json();
    let kept = program.kept();
    assert_eq!(kept.len(), 3, "{kept:?}");

    std::fs::write(&kept[0], b"something else").expect("a file");
    std::fs::write(&kept[1], b"").expect("a file");
    let ran = program.push("two", &archive);
    assert_eq!(ran.json()["digest"], first["digest"]);
    assert_eq!(ran.told.matches("the copy in the cache is damaged").count(), 2, "{}", ran.told);
    assert_eq!(program.kept(), kept);
    assert!(!program.push("three", &archive).told.contains("damaged"));
}

#[test]
fn a_layer_that_no_push_wants_for_long_leaves_the_cache() {
    let Some(registry) = Registry::start() else { return };
    let program = Program::new(&aws(&format!("http://{}", registry.address), PASSWORD));
    let archive = classic(&layers(b"x"));
    assert!(program.push("one", &archive).good);
    let old = program.kept();
    let days_ago = |days: u64| SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
    let age = |path: &PathBuf, days| {
        let file = File::options().append(true).open(path).expect("a file");
        file.set_modified(days_ago(days)).expect("a time");
    };
    old.iter().for_each(|path| age(path, 59));
    assert!(program.push("two", &archive).good);
    let wanted = |path: &PathBuf| path.metadata().and_then(|data| data.modified()).expect("a time");
    assert!(old.iter().all(|path| wanted(path) > days_ago(1)), "they were wanted just now");

    age(&old[0], 61);
    assert!(program.push("three", &classic(&[layer("other", b"x")])).good);
    assert_eq!(old.iter().map(|path| path.exists()).collect::<Vec<_>>(), [false, true, true]);
}
