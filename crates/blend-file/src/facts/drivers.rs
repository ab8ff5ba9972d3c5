//! Scripted expressions that drive values.

use super::expression::is_simple;
use super::types::Driver;
use crate::blend::Blend;
use crate::record::Record;

pub(super) fn drivers(blend: &Blend<'_>) -> Vec<Driver> {
    let mut found = Vec::new();
    for animation in blend.all("AnimData") {
        let drivers = animation.list("drivers");
        if drivers.is_empty() {
            continue;
        }
        let owner = animation.owner().map(|owner| owner.full_name()).unwrap_or_default();
        for curve in &drivers {
            blend.charge(owner.len());
            blend.charge_for::<Driver>();
            found.extend(driver(curve, &owner));
        }
    }
    found
}

fn driver(curve: &Record<'_, '_>, owner: &str) -> Option<Driver> {
    const SCRIPTED: i32 = 1;
    let driver = curve.follow("driver")?;
    if driver.int("type") != Some(SCRIPTED) {
        return None;
    }
    let expression = driver.text("expression")?;
    let names: Vec<String> =
        driver.list("variables").iter().filter_map(|variable| variable.text("name")).collect();
    Some(Driver {
        owner: owner.to_owned(),
        data_path: curve.text("rna_path").unwrap_or_default(),
        array_index: curve.int("array_index").unwrap_or_default(),
        simple: is_simple(&expression, &names),
        expression,
    })
}
