//! The events that invoke the function, and the keys in them.
#![no_main]

#[path = "../../trigger-lambda/src/event.rs"]
mod event;

use event::Event;
use farm_contract::keys::{self, BlendKey, MAX_KEY_BYTES};
use libfuzzer_sys::fuzz_target;

/// JSON in memory is up to some thirty times its text.
const MEBIBYTES: usize = 8;

fuzz_target!(|json: &[u8]| farm_fuzz::within(MEBIBYTES, || check(json)));

fn check(json: &[u8]) {
    let Ok(json) = serde_json::from_slice(json) else { return };
    match event::parse(&json) {
        Ok(Event::Uploads(uploads)) => {
            assert!(!uploads.is_empty(), "an event of no uploads is none");
            for upload in uploads.iter().flatten() {
                if let Ok(key) = BlendKey::parse(&upload.key) {
                    assert_eq!(BlendKey::from_folder(&key.folder()), Ok(key));
                }
                assert!(keys::report_of_refused(&upload.key).len() <= MAX_KEY_BYTES);
            }
        }
        Ok(Event::TestNotification | Event::JobChange(_)) => {}
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
