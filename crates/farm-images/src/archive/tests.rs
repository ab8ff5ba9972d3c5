use std::error::Error as _;

use serde_json::json;
use tempfile::TempDir;

use super::*;
use making::{Making, classic, config, empty, gzip, hex, layer, oci, podman};

#[path = "../../tests/making/mod.rs"]
mod making;

/// The image of an archive, and the folder that it lies in.
fn image(bytes: &[u8]) -> Result<(Image, TempDir), ArchiveError> {
    let folder = tempfile::tempdir().expect("a folder");
    let image = Archive::spool(bytes, folder.path(), |_| {})?.image()?;
    Ok((image, folder))
}

fn refused(bytes: &[u8]) -> ArchiveError {
    image(bytes).map(|_| ()).expect_err("it is no image")
}

fn layers() -> Vec<Vec<u8>> {
    vec![layer("a", &vec![7; 300_000]), empty(), layer("b", b"one"), empty()]
}

#[test]
fn an_image_is_the_same_however_an_engine_writes_it() {
    let layers = layers();
    let same = |bytes: &[u8]| bytes.to_vec();
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).expect("it packs");
    let forms = [
        ("docker", classic(&layers)),
        ("docker 25", oci(&layers, same)),
        ("docker 25 with gzip", oci(&layers, gzip)),
        ("docker 25 with zstd", oci(&layers, zstd)),
        ("podman", podman(&layers)),
    ];
    for (form, bytes) in forms {
        let (image, _folder) = image(&bytes).unwrap_or_else(|error| panic!("{form}: {error}"));
        assert_eq!(image.config, config(&layers), "{form}");
        assert_eq!(image.layers.len(), layers.len(), "{form}");
        for (layer, wanted) in image.layers.iter().zip(&layers) {
            assert_eq!(layer.diff_id.hex(), hex(wanted), "{form}");
            assert_eq!(layer.size, wanted.len() as u64, "{form}");
            let mut tar = Vec::new();
            layer.open().expect("a layer").read_to_end(&mut tar).expect("a layer");
            assert_eq!(&tar, wanted, "{form}");
        }
    }
}

#[test]
fn files_come_in_any_order_and_links_before_what_they_stand_for() {
    let layers = [layer("a", b"one")];
    let config = config(&layers);
    for kind in [EntryType::Symlink, EntryType::Link] {
        let target = if kind == EntryType::Symlink { "../deep/./real.tar" } else { "deep/real.tar" };
        let mut making = Making::new();
        making.json("manifest.json", &json!([{"Config": "c", "Layers": ["x/layer.tar"]}]));
        making.link(kind, "x/layer.tar", target);
        making.file("c", &config);
        making.file("deep/real.tar", &layers[0]);
        assert_eq!(image(&making.bytes()).expect("an image").0.layers.len(), 1);
    }
}

#[test]
fn an_archive_that_is_cut_off_anywhere_is_no_image() {
    for whole in [classic(&layers()), podman(&layers()), oci(&layers(), gzip)] {
        // The end of a tar is two empty blocks, which nobody misses.
        for part in (1..whole.len() - 4096).step_by(7_919) {
            let error = refused(&whole[..part]);
            let clear = matches!(
                error,
                ArchiveError::CutOff
                    | ArchiveError::Missing(_)
                    | ArchiveError::NotAnArchive
                    | ArchiveError::Oci
            );
            assert!(clear, "{part}: {error}");
        }
    }
}

#[test]
fn what_is_no_archive_is_told() {
    assert!(matches!(refused(b""), ArchiveError::Empty));
    for bytes in [b"Error: no such image".to_vec(), vec![b'x'; 100_000], gzip(&classic(&layers()))] {
        assert!(matches!(refused(&bytes), ArchiveError::NotAnArchive));
    }
    // An archive of something else, or of nothing.
    assert!(matches!(refused(&layer("a", b"b")), ArchiveError::Missing(name) if name == "manifest.json"));
    assert!(matches!(refused(&vec![0; 10_240]), ArchiveError::Missing(_)));
    let mut making = Making::new();
    making.json("oci-layout", &json!({}));
    assert!(matches!(refused(&making.bytes()), ArchiveError::Oci));
}

#[test]
fn a_pipe_that_breaks_is_not_the_archive_s_fault() {
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("broken"))
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let whole = classic(&layers());
    let outcome = Archive::spool(whole[..5_000].chain(Broken), folder.path(), |_| {});
    let error = outcome.expect_err("it breaks");
    assert_eq!(error.to_string(), "cannot read standard input");
    assert_eq!(error.source().expect("why").to_string(), "broken");
}

/// An archive of one layer whose manifest and configuration say what is given.
fn made(manifest: &serde_json::Value, config: &[u8]) -> Vec<u8> {
    let mut making = Making::new();
    making.file("c", config);
    making.file("l", &layer("a", b"one"));
    making.json("manifest.json", manifest);
    making.bytes()
}

#[test]
fn a_layer_must_be_what_the_configuration_says() {
    let manifest = json!([{"Config": "c", "Layers": ["l"]}]);
    let other = config(&[layer("a", b"two")]);
    let told = refused(&made(&manifest, &other)).to_string();
    let (found, wanted) = (hex(&layer("a", b"one")), hex(&layer("a", b"two")));
    assert!(told.starts_with("layer 1 of the archive is not what"), "{told}");
    assert!(told.ends_with(&format!("it is sha256:{found}, and should be sha256:{wanted}")), "{told}");

    let told = refused(&made(&manifest, &config(&[]))).to_string();
    assert_eq!(told, "the archive does not have as many layers as its image is made of: 1 instead of 0");
}

#[test]
fn a_manifest_that_is_odd_is_told() {
    let good = config(&[layer("a", b"one")]);
    for (manifest, config, told) in [
        (json!([]), good.clone(), "the archive holds 0 images, and should hold one"),
        (
            json!([{"Config": "c", "Layers": ["l"]}, {"Config": "c", "Layers": ["l"]}]),
            good.clone(),
            "the archive holds 2 images, and should hold one",
        ),
        (
            json!([{"Config": "c", "Layers": ["gone"]}]),
            good.clone(),
            "the archive has no `gone`, and so is no image, or not all of one",
        ),
        (
            json!([{"Config": "../../etc/passwd", "Layers": ["l"]}]),
            good.clone(),
            "the archive has no `../../etc/passwd`, and so is no image, or not all of one",
        ),
        (json!({"x": 1}), good, "the archive's `manifest.json` is not laid out as an image's"),
        (
            json!([{"Config": "c", "Layers": ["l"]}]),
            b"{".to_vec(),
            "the archive's `c` is not laid out as an image's",
        ),
        (
            json!([{"Config": "c", "Layers": ["l"]}]),
            br#"{"rootfs": {"diff_ids": ["md5:1"]}}"#.to_vec(),
            "the archive's `c` is not laid out as an image's",
        ),
    ] {
        assert_eq!(refused(&made(&manifest, &config)).to_string(), told);
    }
}

#[test]
fn links_in_a_circle_end() {
    let mut making = Making::new();
    making.link(EntryType::Symlink, "manifest.json", "other");
    making.link(EntryType::Symlink, "other", "manifest.json");
    assert!(matches!(refused(&making.bytes()), ArchiveError::Missing(_)));
}

#[test]
fn a_file_that_is_named_by_its_digest_must_have_it() {
    let mut making = Making::new();
    let name = format!("{}.json", hex(b"another"));
    making.file(&name, &config(&[]));
    making.json("manifest.json", &json!([{"Config": name, "Layers": []}]));
    assert!(matches!(refused(&making.bytes()), ArchiveError::Damaged { .. }));
}

#[test]
fn a_packed_layer_that_is_damaged_is_told() {
    let mut packed = gzip(&layer("a", &[7; 10_000]));
    let middle = packed.len() / 2;
    packed.truncate(middle);
    let mut making = Making::new();
    making.file("c", &config(&[layer("a", &[7; 10_000])]));
    making.file("l", &packed);
    making.json("manifest.json", &json!([{"Config": "c", "Layers": ["l"]}]));
    assert!(matches!(refused(&making.bytes()), ArchiveError::Packed { number: 1, .. }));
}

#[test]
fn names_stay_in_the_archive() {
    for (beside, path, name) in [
        ("", "./a/b", "a/b"),
        ("x", "../y/layer.tar", "y/layer.tar"),
        ("x", "../../../etc/passwd", "etc/passwd"),
        ("x", "/etc/passwd", "etc/passwd"),
        ("", "a//b/.", "a/b"),
    ] {
        assert_eq!(normal(beside, path), name);
    }
}
