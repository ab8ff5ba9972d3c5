//! What a farm is to be: given on the command line, and kept in `farm.toml`, which can be committed.
//!
//! What is given wins, and is written into the file; what stands there and is not given stays.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value, value};

use crate::folders;
use crate::output::{self, Advice};

const FILE: &str = "farm.toml";
const STACK: &str = "render-farm";
const BLENDERS: [&str; 2] = ["4.5", "4.1"];
const MAX_VCPUS: i64 = 256;
/// The most that Fargate is used at the full price where Spot is full and nobody says otherwise.
const MAX_ON_DEMAND: i64 = 64;

/// The settings that `max-vcpus` decides on.
const CEILINGS: [&str; 2] = ["MaxSpotVcpus", "MaxOnDemandVcpus"];
/// What is a setting by another name: who is told, and of what.
const TOLD: [(&str, &str); 3] = [("email", "Email"), ("webhook", "Webhook"), ("notify", "Notify")];

/// The beginning of a file that is written anew.
const HEAD: &str = "\
# The farm that `cargo xtask deploy` deploys. Commit it, and everybody deploys the same.
# Options of the command are written here; `cargo xtask deploy --help` tells of each.

";

/// What can be given. Everything may be left out.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Given {
    /// Name of the stack: lower-case letters, digits and hyphens [default: render-farm].
    #[arg(long)]
    pub stack: Option<String>,
    /// Region, such as eu-west-1 [default: that of the environment or the profile].
    #[arg(long)]
    pub region: Option<String>,
    /// A Blender of the farm, such as 4.5; give it once for each. A file is rendered by the oldest that
    /// is not older than the one that saved it [default: 4.5 and 4.1].
    #[arg(long, value_name = "VERSION")]
    pub blender: Vec<String>,
    /// vCPUs that render at once on Fargate Spot; where it is full, up to 64 more render on Fargate at the
    /// full price [default: 256].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i64).range(1..=100_000))]
    pub max_vcpus: Option<i64>,
    /// Fargate Spot first (and Fargate where it is full), only, or never [default: first].
    #[arg(long, value_name = "first|only|never", value_parser = ["first", "only", "never"])]
    pub spot: Option<String>,
    /// Who is mailed how each render ended, and when the farm lost an event. Amazon first mails a link; before it is
    /// followed nothing else comes.
    #[arg(long, value_name = "ADDRESS")]
    pub email: Option<String>,
    /// Address that SNS posts the same to. It first posts a SubscriptionConfirmation, and nothing else before the
    /// receiver has opened its SubscribeURL. What cannot do that, such as an incoming webhook of Slack's, needs a
    /// program of yours in between.
    #[arg(long, value_name = "https://...")]
    pub webhook: Option<String>,
    /// What both are told of: the end of each of the renders, or problems alone, which is what was refused, lacks
    /// frames or failed. Lost events are told in any case [default: renders].
    #[arg(long, value_name = "renders|problems", value_parser = ["renders", "problems"])]
    pub notify: Option<String>,
    /// vCPUs of a render task: 0.25, 0.5, 1, 2, 4, 8 or 16 [default: 4].
    #[arg(long, value_name = "N")]
    pub vcpus: Option<f64>,
    /// Memory of a render task, in GiB [default: 8].
    #[arg(long, value_name = "GIB")]
    pub memory: Option<f64>,
    /// Another setting by its name, such as FrameSeconds=1800; `cargo xtask diff --help` lists them.
    #[arg(long = "set", value_name = "NAME=VALUE")]
    pub set: Vec<String>,
}

/// The farm that is to be deployed.
#[derive(Debug)]
pub struct Settings {
    file: DocumentMut,
    path: PathBuf,
    /// The file as it was; none where there is none.
    before: Option<String>,
}

impl Settings {
    /// What is given, and else what the file says: this one, or that at the root of the repository.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn read(file: Option<&Path>, given: &Given) -> Result<Self> {
        Self::at(file.map_or_else(|| folders::workspace().join(FILE), Path::to_owned), given)
    }

    fn at(path: PathBuf, given: &Given) -> Result<Self> {
        let before = match fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let file = before.as_deref().unwrap_or_default().parse().map_err(|error: toml_edit::TomlError| {
            Advice::error(
                format!("{} cannot be read: {}.", path.display(), error.message()),
                "Mend it, or remove it: the next deploy writes it anew with what is given.",
            )
        })?;
        let mut settings = Self { file, path, before };
        settings.know_all()?;
        settings.take(given)?;
        Ok(settings)
    }

    /// A name that is misspelt must not pass for a setting that is not given.
    fn know_all(&self) -> Result<()> {
        const KNOWN: [&str; 12] = [
            "stack",
            "account",
            "region",
            "blenders",
            "max-vcpus",
            "spot",
            "email",
            "webhook",
            "notify",
            "vcpus",
            "memory",
            "settings",
        ];
        if let Some((name, _)) = self.file.iter().find(|(name, _)| !KNOWN.contains(name)) {
            return Err(Advice::error(
                format!("{} has a `{name}`, which is nothing of a farm's.", self.path.display()),
                format!("Known are {}.", KNOWN.join(", ")),
            ));
        }
        match self.file.get("settings") {
            Some(settings) if !settings.is_table_like() => Err(self.wrong("settings", "a table: [settings]")),
            _ => Ok(()),
        }
    }

    fn take(&mut self, given: &Given) -> Result<()> {
        let file = &mut self.file;
        if self.before.is_none() {
            // Written out, so that a person sees what there is to turn.
            file["stack"] = value(STACK);
            file["blenders"] = value(BLENDERS.into_iter().collect::<Array>());
            file["max-vcpus"] = value(MAX_VCPUS);
            file["spot"] = value("first");
        }
        for (name, text) in [
            ("stack", &given.stack),
            ("region", &given.region),
            ("spot", &given.spot),
            ("email", &given.email),
            ("webhook", &given.webhook),
            ("notify", &given.notify),
        ] {
            if let Some(text) = text {
                set(file.as_table_mut(), name, text.as_str().into());
            }
        }
        if !given.blender.is_empty() {
            set(file.as_table_mut(), "blenders", given.blender.iter().collect::<Array>().into());
        }
        if let Some(most) = given.max_vcpus {
            set(file.as_table_mut(), "max-vcpus", most.into());
        }
        for (name, number) in [("vcpus", given.vcpus), ("memory", given.memory)] {
            if let Some(number) = number {
                set(file.as_table_mut(), name, number.into());
            }
        }
        for text in &given.set {
            let (name, text) = text.split_once('=').ok_or_else(|| {
                Advice::error(format!("`{text}` cannot be read."), "Write --set NAME=VALUE.")
            })?;
            let others = file.entry("settings").or_insert(Item::Table(Table::new()));
            if let Some(others) = others.as_table_like_mut() {
                set(others, name, text.into());
            }
        }
        // What is given last is meant, though the setting that it decides on was given once.
        let decided = CEILINGS.into_iter().filter(|_| given.max_vcpus.is_some());
        let told = TOLD.into_iter().zip([&given.email, &given.webhook, &given.notify]);
        let told = told.filter(|(_, given)| given.is_some()).map(|((_, setting), _)| setting);
        for name in decided.chain(told) {
            let named = given.set.iter().any(|text| text.split_once('=').is_some_and(|(set, _)| set == name));
            if let (false, Some(others)) = (named, file.get_mut("settings").and_then(Item::as_table_like_mut))
            {
                others.remove(name);
            }
        }
        Ok(())
    }

    /// Keeps where the farm stands, where the file does not say it: the next deploy, by whomever, must not
    /// make a second farm elsewhere.
    ///
    /// # Errors
    /// The farm of this file is another account's.
    pub fn stay_in(&mut self, account: &str, region: &str) -> Result<()> {
        match self.text("account")? {
            Some(of) if of != account => {
                return Err(Advice::error(
                    format!(
                        "{} is of the farm in the account {of}, and you are logged in to {account}.",
                        self.path.display()
                    ),
                    "Log in to that account, or give another farm a file of its own with --file.",
                ));
            }
            _ => set(self.file.as_table_mut(), "account", account.into()),
        }
        if self.file.get("region").is_none() {
            set(self.file.as_table_mut(), "region", region.into());
        }
        Ok(())
    }

    /// Whether there is no such file yet.
    pub fn is_new(&self) -> bool {
        self.before.is_none()
    }

    /// Writes the file, where it would say something else than it does.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn write(&mut self) -> Result<()> {
        let text = match &self.before {
            Some(_) => self.file.to_string(),
            None => format!("{HEAD}{}", self.file),
        };
        if self.before.as_ref() == Some(&text) {
            return Ok(());
        }
        fs::write(&self.path, &text).with_context(|| format!("cannot write {}", self.path.display()))?;
        let shown = self.path.file_name().unwrap_or_default().display();
        output::note(format_args!("{shown} says what farm this is; commit it"));
        self.before = Some(text);
        Ok(())
    }

    /// Name of the stack.
    ///
    /// # Errors
    /// The file has something else than a text there.
    pub fn stack(&self) -> Result<&str> {
        Ok(self.text("stack")?.unwrap_or(STACK))
    }

    /// The region, where it is named.
    ///
    /// # Errors
    /// As for [`Settings::stack`].
    pub fn region(&self) -> Result<Option<&str>> {
        self.text("region")
    }

    /// The Blenders, the first of which renders.
    ///
    /// # Errors
    /// As for [`Settings::stack`].
    pub fn blenders(&self) -> Result<Vec<String>> {
        let Some(item) = self.file.get("blenders") else {
            return Ok(BLENDERS.map(str::to_owned).to_vec());
        };
        let texts = item.as_array().map(|array| array.iter().map(|item| Some(item.as_str()?.to_owned())));
        let texts: Option<Vec<String>> = texts.and_then(Iterator::collect);
        texts
            .filter(|texts| !texts.is_empty())
            .ok_or_else(|| self.wrong("blenders", "a list of versions, such as [\"4.5\", \"4.1\"]"))
    }

    /// Arguments of `stack deploy --foundation`, which takes these settings alone.
    ///
    /// # Errors
    /// As for [`Settings::stack`].
    pub fn foundation(&self, takes: &[String]) -> Result<Vec<String>> {
        let mut arguments = vec!["--foundation".to_owned()];
        let all = self.arguments()?;
        let taken = |set: &str| takes.iter().any(|name| set.starts_with(&format!("{name}=")));
        for pair in all.chunks(2) {
            if !matches!(pair, [option, set] if option == "--set" && !taken(set)) {
                arguments.extend_from_slice(pair);
            }
        }
        Ok(arguments)
    }

    /// Arguments of `stack deploy` and `stack diff` that say the same: an option and its value each.
    ///
    /// # Errors
    /// As for [`Settings::stack`].
    pub fn arguments(&self) -> Result<Vec<String>> {
        let mut arguments = vec!["--stack".to_owned(), self.stack()?.to_owned()];
        let mut give = |option: &str, value: String| arguments.extend([option.to_owned(), value]);
        if let Some(region) = self.region()? {
            give("--region", region.to_owned());
        }
        for blender in self.blenders()? {
            give("--blender", blender);
        }
        let spot = self.text("spot")?.unwrap_or("first");
        give("--spot", spot.to_owned());
        for name in ["vcpus", "memory"] {
            if let Some(item) = self.file.get(name) {
                let number = item.as_float().or_else(|| item.as_integer().map(|number| number as f64));
                let number = number.ok_or_else(|| self.wrong(name, "a number"))?;
                give(&format!("--{name}"), number.to_string());
            }
        }
        if let Some(item) = self.file.get("max-vcpus") {
            let most = item.as_integer().ok_or_else(|| self.wrong("max-vcpus", "a whole number"))?;
            let [on_spot, on_demand] = CEILINGS;
            let ceilings: &[(&str, i64)] = match spot {
                "never" => &[(on_demand, most)],
                "only" => &[(on_spot, most)],
                _ => &[(on_spot, most), (on_demand, most.min(MAX_ON_DEMAND))],
            };
            for (name, most) in ceilings.iter().filter(|(name, _)| self.other(name).is_none()) {
                give("--set", format!("{name}={most}"));
            }
        }
        for (name, setting) in TOLD {
            let Some(text) = self.text(name)? else { continue };
            if self.other(setting).is_some() {
                return Err(Advice::error(
                    format!("{} has both `{name}` and the setting `{setting}`.", self.path.display()),
                    "Keep one of them.",
                ));
            }
            give("--set", format!("{setting}={text}"));
        }
        for (name, item) in self.others() {
            let text = item.as_value().and_then(plain);
            give("--set", format!("{name}={}", text.ok_or_else(|| self.wrong(name, "one value"))?));
        }
        Ok(arguments)
    }

    fn others(&self) -> impl Iterator<Item = (&str, &Item)> {
        self.file.get("settings").and_then(Item::as_table_like).into_iter().flat_map(|table| table.iter())
    }

    fn other(&self, name: &str) -> Option<&Item> {
        self.others().find(|(other, _)| *other == name).map(|(_, item)| item)
    }

    fn text(&self, name: &str) -> Result<Option<&str>> {
        let Some(item) = self.file.get(name) else { return Ok(None) };
        item.as_str().map(Some).ok_or_else(|| self.wrong(name, "a text in quotes"))
    }

    fn wrong(&self, name: &str, what: &str) -> anyhow::Error {
        let shown = self.path.display();
        Advice::error(format!("`{name}` in {shown} cannot be read."), format!("It has to be {what}."))
    }
}

/// One value as `stack` reads it; none for what is none, such as a list.
fn plain(value: &Value) -> Option<String> {
    let number = || value.as_integer().map(|number| number.to_string());
    let number = || number().or_else(|| value.as_float().map(|number| number.to_string()));
    let number = || number().or_else(|| value.as_bool().map(|yes| yes.to_string()));
    value.as_str().map(str::to_owned).or_else(number)
}

/// Sets a value where it is another one, and leaves the file as it is written where it is not.
fn set(table: &mut dyn TableLike, name: &str, mut new: Value) {
    let bare = |value: &Value| value.clone().decorated("", "").to_string();
    let same = |old: &Value, new: &Value| {
        plain(old).is_some_and(|old| plain(new).as_ref() == Some(&old)) || bare(old) == bare(new)
    };
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) if same(old, &new) => {}
        Some(old) => {
            // A remark behind it stays.
            *new.decor_mut() = old.decor().clone();
            *old = new;
        }
        None => drop(table.insert(name, Item::Value(new))),
    }
}

#[cfg(test)]
mod tests;
