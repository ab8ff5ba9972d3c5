//! Every farm that a person may ask for, and everything that its parameters may be turned to: the
//! template is written, nothing is wrong with it, and it comes to what was asked.
#![expect(clippy::expect_used, reason = "a failing test panics")]

mod support;

use proptest::prelude::*;
use serde_yaml::Value as Yaml;
use stack::cfn::{Attempts, FargateSize, Vcpus};
use stack::farm::{BlenderVersion, FarmConfig, Spot};
use stack::template::document::Node;
use stack::template::{
    AwsNames, Document, Inputs, ParameterSpec, ParameterType, ResolveError, check, resolve,
};
use support::{cfn_lint, document, farm_text, foundation_text, inputs, lines, standard};

/// Every pair of vCPUs and memory that Fargate has.
fn sizes() -> Vec<FargateSize> {
    let memory = || (1..=240).map(|halves| halves * 512);
    let pairs = Vcpus::ALL.into_iter().flat_map(|vcpus| memory().map(move |mib| (vcpus, mib)));
    pairs.filter_map(|(vcpus, mib)| FargateSize::new(vcpus, mib).ok()).collect()
}

/// Every Blender that the farm may have, of the generations that there are.
fn versions() -> Vec<BlenderVersion> {
    let known = |text: String| text.parse().ok();
    (4..=5).flat_map(|major| (0..=9).filter_map(move |minor| known(format!("{major}.{minor}")))).collect()
}

prop_compose! {
    fn configs()(
        blenders in prop::sample::subsequence(versions(), 1..=4).prop_shuffle(),
        render in prop::sample::select(sizes()),
        large in prop::sample::select(sizes()),
        zip in prop::sample::select(sizes()),
        attempts in 1..=10_u8,
        dashboard in any::<bool>(),
        spot in prop::sample::select(vec![Spot::First, Spot::Only, Spot::Never]),
    ) -> FarmConfig {
        let farm = FarmConfig::new(blenders).expect("versions that are known, each once");
        let attempts = Attempts::new(attempts).expect("what Batch takes");
        FarmConfig { render, large, zip, attempts, dashboard, spot, ..farm }
    }
}

/// Turns every parameter to what its declaration takes: to its bounds, to one of what it may be,
/// to nothing where it may be left empty.
fn turned(document: &Document, turns: &[u32]) -> Inputs {
    let mut inputs = inputs(document);
    let own_network = turns.first().is_some_and(|turn| turn % 2 == 0);
    for ((name, spec), turn) in document.parameters.iter().zip(turns.iter().cycle().skip(1)) {
        if let Some(value) = value(name, spec, *turn, own_network) {
            inputs = inputs.with(name, &value);
        }
    }
    inputs
}

/// A value for a parameter; none leaves it as it is.
fn value(name: &str, spec: &ParameterSpec, turn: u32, own_network: bool) -> Option<String> {
    if !spec.allowed_values.is_empty() {
        return spec.allowed_values.get(turn as usize % spec.allowed_values.len()).map(typed);
    }
    if let (Some(least), Some(most)) = (spec.min_value, spec.max_value) {
        let between = least + i64::from(turn) % (most - least + 1);
        return [Some(least), Some(most), Some(between), None][turn as usize % 4]
            .map(|number| number.to_string());
    }
    let given = turn.is_multiple_of(2);
    match name {
        "KmsKeyArn" => given.then(|| format!("arn:aws:kms:eu-west-1:123456789012:key/{turn:08x}")),
        "Email" => given.then(|| format!("artist{turn}@example.org")),
        "Webhook" => turn.is_multiple_of(3).then(|| format!("https://example.org/farm?at={turn}")),
        "VpcId" => (!own_network).then(|| format!("vpc-{turn:017x}")),
        "SubnetIds" => (!own_network)
            .then(|| (0..2 + turn % 3).map(|n| format!("subnet-{n:017x}")).collect::<Vec<_>>().join(",")),
        // What deploy fills in is there already.
        _ => None,
    }
}

/// As a person types it.
fn typed(value: &Yaml) -> String {
    value
        .as_str()
        .map_or_else(|| value.as_i64().expect("a text or a whole number").to_string(), str::to_owned)
}

/// What a parameter comes to: what was given, or the default.
fn asked(document: &Document, inputs: &Inputs, name: &str) -> String {
    let default = || document.parameters[name].default.as_ref().map(typed);
    inputs.parameters.get(name).cloned().or_else(default).expect("a value")
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn every_farm_can_be_written_and_comes_to_what_was_asked(
        config in configs(),
        turns in prop::collection::vec(any::<u32>(), 24),
    ) {
        let written = farm_text(&config);
        prop_assert_eq!(&farm_text(&config), &written, "the same farm, the same bytes");
        let document = document(&written);
        let found = check(&document);
        prop_assert!(found.is_empty(), "{}", lines(&found));

        let inputs = turned(&document, &turns);
        let resolved = resolve(&document, &inputs, &AwsNames::new(&inputs));
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
        };
        let stands = |id: &str| resolved.resources.contains_key(id);
        let asked = |name: &str| asked(&document, &inputs, name);
        prop_assert_eq!(stands("Vpc"), asked("VpcId").is_empty());
        let (mailed, called) = (!asked("Email").is_empty(), !asked("Webhook").is_empty());
        prop_assert_eq!((stands("NoticesByEmail"), stands("NoticesByWebhook")), (mailed, called));
        let variables = &resolved.resources["TriggerFunction"].properties["Environment"]["Variables"];
        prop_assert_eq!(variables.get("FARM_TOPIC_ARN").is_some(), mailed || called);
        prop_assert_eq!(&variables["FARM_NOTIFY"], &asked("Notify"));
        let heard = &resolved.resources["JobEvents"].properties["EventPattern"]["detail"]["status"];
        prop_assert_eq!(heard.as_array().map(Vec::len), Some(if mailed || called { 2 } else { 1 }));
        prop_assert_eq!(stands("Dashboard"), config.dashboard);
        let queued = &resolved.resources["Queue"].properties["ComputeEnvironmentOrder"];
        let alone = config.spot != Spot::First;
        prop_assert_eq!(queued.as_array().map(Vec::len), Some(if alone { 1 } else { 2 }));
        let ceiling = if config.spot == Spot::Never { "MaxOnDemandVcpus" } else { "MaxSpotVcpus" };
        let told = &resolved.resources["TriggerFunction"].properties["Environment"]["Variables"]["FARM_MAX_VCPUS"];
        prop_assert_eq!(told, &asked(ceiling));
        for (environment, ceiling) in [("SpotCompute", "MaxSpotVcpus"), ("OnDemandCompute", "MaxOnDemandVcpus")] {
            let resources = &resolved.resources[environment].properties["ComputeResources"];
            prop_assert_eq!(&resources["MaxvCpus"], &asked(ceiling));
            prop_assert!(resources["Subnets"].as_array().is_some_and(|subnets| !subnets.is_empty()));
        }
        let rules = &resolved.resources["Bucket"].properties["LifecycleConfiguration"]["Rules"];
        let expected = if asked("RenderExpiryDays") == "0" { 1 } else { 5 };
        let rules = rules.as_array().map(Vec::as_slice).unwrap_or_default();
        prop_assert_eq!(rules.len(), expected);
        // The function's code is in use for as long as the farm stands; it has no tag.
        for rule in rules.iter().filter(|rule| rule.get("ExpirationInDays").is_some()) {
            let prefix = rule["Prefix"].as_str().unwrap_or_default();
            prop_assert!(rule.get("TagFilters").is_some() || !".farm/lambda/".starts_with(prefix), "{}", rule);
        }

        let jobs = resolved.resources.values().filter(|it| it.kind == "AWS::Batch::JobDefinition");
        prop_assert_eq!(jobs.count(), 2 * config.blenders.len() + 1);
        for version in &config.blenders {
            for (size, large) in [(config.render, ""), (config.large, "Large")] {
                let id = format!("RenderJob{}{large}", version.to_string().replace('.', ""));
                let job = &resolved.resources[&id].properties;
                prop_assert_eq!(&job["Timeout"]["AttemptDurationSeconds"], &asked("FrameSeconds"));
                prop_assert_eq!(&job["RetryStrategy"]["Attempts"], config.attempts.get());
                let wanted = &job["EcsProperties"]["TaskProperties"][0]["Containers"][0]["ResourceRequirements"];
                prop_assert_eq!(&wanted[0]["Value"], &size.vcpu_requirement());
                prop_assert_eq!(&wanted[1]["Value"], &size.memory_requirement());
            }
        }
        // The dashboard's queries have braces of their own, and no dollar before them.
        for (id, resource) in &resolved.resources {
            prop_assert!(!resource.properties.to_string().contains("${"), "{} is not worked out", id);
        }
    }
}

#[test]
fn every_size_that_fargate_has_can_render() {
    let sizes = sizes();
    assert_eq!(sizes.len(), 74, "AWS's table");
    for size in sizes {
        let (vcpus, gib) = (f64::from(size.vcpus().units()) / 1024.0, f64::from(size.memory_mib()) / 1024.0);
        let config = standard().with_render_size(vcpus, gib).expect("a pair of the table");
        assert_eq!((config.render, config.large.vcpus()), (size, size.vcpus()));
        assert!(config.large.memory_mib() >= size.memory_mib());
        let found = check(&document(&farm_text(&config)));
        assert!(found.is_empty(), "{vcpus} vCPUs, {gib} GiB: {}", lines(&found));
    }
}

#[test]
fn the_foundation_is_a_part_of_the_farm() {
    for config in corners() {
        let (whole, part) = (document(&farm_text(&config)), document(&foundation_text(&config)));
        assert_eq!(check(&part), []);
        let stack = inputs(&part);
        resolve(&part, &stack, &AwsNames::new(&stack)).expect("a foundation");
        for (name, spec) in &part.parameters {
            assert_eq!(whole.parameters.get(name), Some(spec), "{name}");
        }
        for (id, declared) in &part.resources {
            let same = &whole.resources[id];
            assert_eq!(
                (&same.kind, &same.condition, &same.deletion_policy, &same.update_replace_policy),
                (
                    &declared.kind,
                    &declared.condition,
                    &declared.deletion_policy,
                    &declared.update_replace_policy
                ),
                "{id}"
            );
            // The farm's bucket notifies, which is a property more; all others are the same.
            let Node::Map(properties) = &declared.properties else { continue };
            for (key, value) in properties {
                assert_eq!(same.properties.get(key), Some(value), "{id}.{key}");
            }
        }
    }
}

/// A value that is just outside is refused, with the name of the parameter.
#[test]
fn what_is_out_of_bounds_is_refused() {
    let document = document(&farm_text(&standard()));
    let mut refused = 0;
    for (name, spec) in &document.parameters {
        let bounds = [spec.min_value.map(|least| least - 1), spec.max_value.map(|most| most + 1)];
        let mut wrong: Vec<String> = bounds.into_iter().flatten().map(|number| number.to_string()).collect();
        if spec.kind == ParameterType::Number {
            wrong.extend(["".to_owned(), "many".to_owned()]);
        }
        if !spec.allowed_values.is_empty() {
            wrong.push("2".to_owned());
        }
        if spec.allowed_pattern.is_some() {
            wrong.push("no such thing".to_owned());
        }
        for value in wrong {
            let inputs = inputs(&document).with(name, &value);
            let error = resolve(&document, &inputs, &AwsNames::new(&inputs)).expect_err(name);
            assert!(
                matches!(&error, ResolveError::Parameter { name: of, .. } if of == name),
                "{name}: {error}"
            );
            refused += 1;
        }
    }
    assert!(refused > 20, "hardly any parameter has bounds: {refused}");
}

/// Farms at the edges of what can be asked for.
fn corners() -> Vec<FarmConfig> {
    let blenders = |texts: &[&str]| {
        let versions = texts.iter().map(|text| text.parse().expect("a version")).collect();
        FarmConfig::new(versions).expect("a farm")
    };
    let sized = |size: FargateSize| FarmConfig { render: size, large: size, zip: size, ..standard() };
    let size = |vcpus, gib: u32| FargateSize::new(vcpus, gib * 1024).expect("a pair of the table");
    let attempts = |attempts| FarmConfig { attempts: Attempts::new(attempts).expect("few"), ..standard() };
    vec![
        blenders(&["4.5"]),
        blenders(&["5.9", "4.1", "5.0", "4.5"]),
        sized(FargateSize::new(Vcpus::Quarter, 512).expect("the smallest")),
        sized(size(Vcpus::Sixteen, 120)),
        FarmConfig { zip: size(Vcpus::Half, 3), ..standard().with_render_size(8.0, 44.0).expect("a pair") },
        attempts(1),
        attempts(10),
        FarmConfig { dashboard: false, spot: Spot::Never, ..blenders(&["5.0"]) },
        FarmConfig { spot: Spot::Only, ..blenders(&["4.5"]) },
    ]
}

#[test]
fn cfn_lint_finds_nothing_at_the_edges() {
    let texts: Vec<(String, String)> = corners()
        .iter()
        .enumerate()
        .map(|(at, config)| (format!("corner-{at}.yaml"), farm_text(config)))
        .collect();
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let found = cfn_lint(&texts);
    assert!(found.is_empty(), "{}", lines(&found));
}
