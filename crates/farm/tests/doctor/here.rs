//! This machine, and when it alone is looked at.

use std::net::TcpListener;

use crate::farm::{Farm, Ran, doctor, machine, program};

fn local(change: impl FnOnce(&std::path::Path, &mut std::process::Command)) -> Ran {
    let folder = machine();
    let mut command = doctor(&folder);
    change(folder.path(), command.arg("--json"));
    Ran::of(&mut command)
}

#[test]
fn a_machine_that_has_all_is_good() {
    let folder = machine();
    let ran = Ran::of(doctor(&folder).arg("--local"));
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.told);
    assert!(!ran.out.contains("AWS\n"), "{}", ran.out);
    for line in [
        "This machine\n",
        "  ✓ good          Blender          4.5, blender\n",
        "  ✓ good          Python           3.11, python3.11\n",
        "  ✓ good          ffmpeg           7.1\n",
    ] {
        assert!(ran.out.contains(line), "{line}{}", ran.out);
    }
}

#[test]
fn a_machine_that_lacks_all_is_told_what_to_install() {
    let ran = local(|folder, command| {
        for name in ["blender", "python3.11", "ffmpeg"] {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        command.arg("--local");
    });
    assert_eq!(ran.code, 1);
    for (check, verdict) in [("blender", "bad"), ("python", "bad"), ("ffmpeg", "warning")] {
        let finding = ran.finding(check);
        assert_eq!(finding["verdict"], verdict, "{finding:#}");
        assert!(finding["mends"][0]["do"].as_str().unwrap().starts_with("Install "), "{finding:#}");
    }
}

#[test]
fn an_old_blender_and_one_that_is_named() {
    let old = local(|folder, command| {
        program(folder, "blender", "echo 'Blender 3.6.2'");
        command.arg("--local");
    });
    assert_eq!(
        old.finding("blender")["says"],
        "3.6 is older than 4.1, so `cargo xtask local` fetches Blender 4.5 once"
    );
    let named = local(|folder, command| {
        // A Python with bpy knows no --version of Blender's.
        program(folder, "with-bpy", "case $1 in -c) echo 'Blender 5.0.0';; *) echo 'Python 3.11';; esac");
        command.arg("--local").env("BLENDER", folder.join("with-bpy"));
    });
    assert!(named.finding("blender")["says"].as_str().unwrap().starts_with("5.0, "), "{}", named.out);
    let wrong = local(|folder, command| {
        command.arg("--local").env("BLENDER", folder.join("ffmpeg"));
    });
    assert_eq!(wrong.finding("blender")["verdict"], "bad");
}

#[test]
fn who_is_not_logged_in_and_names_no_farm_hears_of_this_machine() {
    let nowhere = local(|_, _| {});
    assert_eq!(nowhere.code, 0, "{}", nowhere.out);
    assert!(nowhere.finding("region")["says"].as_str().unwrap().ends_with("only this machine is looked at"));
    let nobody = local(|_, command| {
        command.env("AWS_REGION", "eu-west-1");
    });
    let finding = nobody.finding("credentials");
    assert_eq!(finding["says"], "nobody is logged in to AWS here; so only this machine is looked at");
    assert_eq!((nobody.code, finding["verdict"].as_str()), (0, Some("not-looked-at")));
}

#[test]
fn a_farm_on_one_machine_needs_no_account() {
    let snippet = r#"
here = {"vcpus": 1.0, "memory_mib": 4096, "vcpus_allowed": 2.0, "runs": "here"}
put_offer(aws, farm, stack=None, queue=None, logs=None, tasks=here)
"#;
    let farm = Farm::broken("il-central-1", snippet);
    let ran = farm.doctor(&["--json"]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    assert_eq!(ran.finding("offer")["says"], "a farm on one machine, with Blender 4.5: AWS is not asked");
    let of_aws = ran.json()["findings"].as_array().unwrap().iter().filter(|it| it["place"] == "aws").count();
    assert_eq!(of_aws, 1);
}

#[test]
fn a_farm_that_the_environment_names_must_be_up() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let address = format!("http://{free}");
    let ran = local(|_, command| {
        command
            .env("AWS_ENDPOINT_URL_S3", &address)
            .env("AWS_ACCESS_KEY_ID", "FARM")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", "us-east-1");
    });
    let ports = ran.finding("ports");
    assert_eq!(ports["says"], format!("AWS_ENDPOINT_URL_S3 is {address}, and no farm answers there"));
    assert_eq!(ports["mends"][0]["run"], "cargo xtask local --serve");
    assert_eq!(ran.code, 1);
    // The key pair of a farm on one machine is not shown to AWS.
    assert_eq!(
        ran.json()["findings"].as_array().unwrap().iter().filter(|it| it["place"] == "aws").count(),
        1
    );
}
