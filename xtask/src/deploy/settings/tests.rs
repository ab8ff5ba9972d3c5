use super::*;

fn read(path: &Path, given: &Given) -> Result<Settings> {
    Settings::at(path.to_owned(), given)
}

#[test]
fn the_first_deploy_writes_down_what_farm_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let given = Given { region: Some("eu-west-1".into()), max_vcpus: Some(32), ..Given::default() };
    let mut settings = read(&path, &given).unwrap();
    assert!(!path.exists(), "nothing is written before it is asked for");
    settings.write().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(HEAD), "{text}");
    assert!(text.contains("blenders = [\"4.5\", \"4.1\"]") && text.contains("max-vcpus = 32"), "{text}");
    let mut again = read(&path, &Given::default()).unwrap();
    assert_eq!(again.arguments().unwrap(), settings.arguments().unwrap());
    again.write().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "byte for byte");
    let arguments = again.arguments().unwrap().join(" ");
    for part in [
        "--stack render-farm --region eu-west-1 --blender 4.5 --blender 4.1 --spot first",
        "--set MaxSpotVcpus=32 --set MaxOnDemandVcpus=32",
    ] {
        assert!(arguments.contains(part), "{arguments}");
    }
}

#[test]
fn a_farm_stays_in_the_account_and_the_region_of_its_first_deploy() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let mut settings = read(&path, &Given::default()).unwrap();
    assert!(settings.is_new());
    settings.stay_in("1", "eu-west-1").unwrap();
    settings.write().unwrap();
    assert!(!settings.is_new());
    let mut again = read(&path, &Given::default()).unwrap();
    again.stay_in("1", "us-east-1").unwrap();
    assert_eq!(again.region().unwrap(), Some("eu-west-1"));
    let error = again.stay_in("2", "eu-west-1").unwrap_err().to_string();
    assert!(error.contains("is of the farm in the account 1, and you are logged in to 2"), "{error}");
    let moved = Given { region: Some("us-east-1".into()), ..Given::default() };
    assert_eq!(read(&path, &moved).unwrap().region().unwrap(), Some("us-east-1"));
}

#[test]
fn what_is_given_goes_into_the_file_and_leaves_the_rest_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let text = "# ours\nstack = \"shots\" # the name\nmax-vcpus = 512\n\n[settings]\nFrameSeconds = 1800\n";
    fs::write(&path, text).unwrap();
    let given = Given {
        stack: Some("film".into()),
        spot: Some("never".into()),
        set: vec!["LogRetentionDays=7".into()],
        ..Given::default()
    };
    let mut settings = read(&path, &given).unwrap();
    let arguments = settings.arguments().unwrap().join(" ");
    let wanted = "--stack film --blender 4.5 --blender 4.1 --spot never --set MaxOnDemandVcpus=512 \
                  --set FrameSeconds=1800 --set LogRetentionDays=7";
    assert_eq!(arguments, wanted);
    let foundation = settings.foundation(&["KmsKeyArn".to_owned()]).unwrap().join(" ");
    assert_eq!(foundation, "--foundation --stack film --blender 4.5 --blender 4.1 --spot never");
    settings.write().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    for kept in ["# ours\n", "stack = \"film\" # the name\n", "FrameSeconds = 1800\n", "spot = \"never\"\n"] {
        assert!(text.contains(kept), "{kept} is not in {text}");
    }
}

#[test]
fn a_setting_by_its_name_comes_before_what_follows_from_another() {
    let folder = tempfile::tempdir().unwrap();
    let given = Given { set: vec!["MaxOnDemandVcpus=8".into()], ..Given::default() };
    let arguments = read(&folder.path().join(FILE), &given).unwrap().arguments().unwrap();
    let ceilings: Vec<&String> = arguments.iter().filter(|text| text.starts_with("MaxOnDemand")).collect();
    assert_eq!(ceilings, ["MaxOnDemandVcpus=8"]);
}

#[test]
fn what_cannot_be_read_is_told_with_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    for (text, words) in [
        ("stack = ", "cannot be read"),
        ("stak = \"x\"", "has a `stak`"),
        ("stack = 5", "`stack` in"),
        ("blenders = []", "`blenders` in"),
        ("settings = 5", "`settings` in"),
        ("[[settings]]\nA = 1", "`settings` in"),
        ("email = 'a@b.org'\n[settings]\nEmail = 'a@b.org'", "both `email` and the setting `Email`"),
        ("notify = 5", "`notify` in"),
        ("blenders = \"4.5\"", "`blenders` in"),
        ("max-vcpus = \"many\"", "`max-vcpus` in"),
        ("[settings]\nEmail = [1]\n", "`Email` in"),
    ] {
        fs::write(&path, text).unwrap();
        let error = read(&path, &Given::default()).and_then(|settings| settings.arguments());
        let error = error.map_err(|error| error.to_string()).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn values_are_read_as_toml_has_them_and_remarks_stay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let text = "[settings]\nFrameSeconds = 1_800 # half an hour\nDays = \"7\" # a week\nOn = true\n";
    fs::write(&path, text).unwrap();
    let given =
        |set: &[&str]| Given { set: set.iter().map(|text| (*text).to_owned()).collect(), ..Given::default() };
    let mut settings = read(&path, &given(&["FrameSeconds=1800"])).unwrap();
    let arguments = settings.arguments().unwrap().join(" ");
    assert!(arguments.ends_with("--set FrameSeconds=1800 --set Days=7 --set On=true"), "{arguments}");
    settings.write().unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "it says the same already");
    read(&path, &given(&["FrameSeconds=60"])).unwrap().write().unwrap();
    assert!(fs::read_to_string(&path).unwrap().contains("FrameSeconds = \"60\" # half an hour\n"));
}

#[test]
fn what_is_given_last_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    fs::write(&path, "[settings]\nMaxSpotVcpus = 8\nEmail = \"old@studio.example\"\n").unwrap();
    let given = Given { max_vcpus: Some(512), email: Some("new@studio.example".into()), ..Given::default() };
    let arguments = read(&path, &given).unwrap().arguments().unwrap().join(" ");
    assert!(arguments.contains("--set MaxSpotVcpus=512") && !arguments.contains("=8"), "{arguments}");
    assert!(arguments.contains("Email=new") && !arguments.contains("Email=old"), "{arguments}");
}

#[test]
fn who_is_told_and_of_what_stands_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(FILE);
    let given = Given {
        webhook: Some("https://studio.example/farm".into()),
        notify: Some("problems".into()),
        ..Given::default()
    };
    read(&path, &given).unwrap().write().unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("webhook = \"https://studio.example/farm\"\nnotify = \"problems\"\n"), "{text}");
    let again = read(&path, &Given { notify: Some("renders".into()), ..Given::default() }).unwrap();
    let arguments = again.arguments().unwrap().join(" ");
    assert!(
        arguments.ends_with("--set Webhook=https://studio.example/farm --set Notify=renders"),
        "{arguments}"
    );
}
