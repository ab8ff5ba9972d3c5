//! `stack synth` prints the template of the farm that is asked for, byte for byte.
#![expect(clippy::expect_used, reason = "a failing test panics")]

mod support;

use std::process::Command;

use stack::cfn::Attempts;
use stack::farm::{FarmConfig, Spot};
use support::{farm_text, foundation_text, standard};

fn synth(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_stack"))
        .arg("synth")
        .args(arguments)
        .env_clear()
        .output()
        .expect("stack starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{arguments:?}: {told}");
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn each_option_is_in_the_template() {
    let sized = |vcpus, gib| standard().with_render_size(vcpus, gib).expect("a size that Fargate has");
    let farms = [
        (&[][..], standard()),
        (&["--vcpus", "8", "--memory", "32"], sized(8.0, 32.0)),
        // What is not given stays as it is by default.
        (&["--memory", "16"], sized(4.0, 16.0)),
        (&["--vcpus", "2"], sized(2.0, 8.0)),
        (&["--attempts", "2"], FarmConfig { attempts: Attempts::new(2).expect("1 to 10"), ..standard() }),
        (&["--dashboard", "false"], FarmConfig { dashboard: false, ..standard() }),
        (&["--spot", "only"], FarmConfig { spot: Spot::Only, ..standard() }),
        (&["--spot", "never"], FarmConfig { spot: Spot::Never, ..standard() }),
        (
            &["--blender", "5.0", "--blender", "4.2"],
            FarmConfig::new(["5.0", "4.2"].map(|version| version.parse().expect("a version")).to_vec())
                .expect("a farm"),
        ),
    ];
    let mut texts: Vec<String> = Vec::new();
    for (arguments, config) in farms {
        let text = synth(arguments);
        assert_eq!(text, farm_text(&config), "{arguments:?}");
        assert!(!texts.contains(&text), "{arguments:?} changes nothing");
        texts.push(text);
    }
    assert_eq!(synth(&["--foundation"]), foundation_text(&standard()));
}
