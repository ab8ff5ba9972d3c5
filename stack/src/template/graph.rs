//! What must stand before what. Nothing here recurses, so a long chain is only long.

use std::collections::{BTreeMap, BTreeSet};

/// For each name, the names that must come first.
pub(super) type Needs = BTreeMap<String, BTreeSet<String>>;

/// The names so that each comes after what it needs; otherwise in the order of the alphabet.
/// What is needed and not itself listed is passed over.
///
/// # Errors
/// Names that need each other in a circle: each needs the next, and the last is the first again.
pub(super) fn order(needs: &Needs) -> Result<Vec<String>, Vec<String>> {
    let mut open: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wanted_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, needed) in needs {
        let listed = needed.iter().filter(|other| needs.contains_key(*other));
        open.insert(name, listed.clone().count());
        for other in listed {
            wanted_by.entry(other).or_default().push(name);
        }
    }
    let mut ready: BTreeSet<&str> = open.iter().filter(|(_, n)| **n == 0).map(|(name, _)| *name).collect();
    let mut ordered = Vec::new();
    while let Some(name) = ready.pop_first() {
        open.remove(name);
        ordered.push(name.to_owned());
        for waiting in wanted_by.get(name).into_iter().flatten() {
            if let Some(left) = open.get_mut(waiting) {
                *left -= 1;
                if *left == 0 {
                    ready.insert(waiting);
                }
            }
        }
    }
    match open.keys().next() {
        None => Ok(ordered),
        Some(start) => Err(circle(needs, start, |name| open.contains_key(name))),
    }
}

/// Follows what is needed until a name comes up again. Every name that is left needs one that is
/// left, so it does.
fn circle(needs: &Needs, start: &str, left: impl Fn(&str) -> bool) -> Vec<String> {
    let mut path = vec![start.to_owned()];
    let mut name = start;
    while let Some(next) = needs.get(name).into_iter().flatten().find(|next| left(next)) {
        if let Some(first) = path.iter().position(|seen| seen == next) {
            path.drain(..first);
            let smallest = path.iter().enumerate().min_by_key(|(_, name)| *name).map_or(0, |(at, _)| at);
            path.rotate_left(smallest);
            path.extend(path.first().cloned());
            return path;
        }
        path.push(next.clone());
        name = next;
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needs(pairs: &[(&str, &[&str])]) -> Needs {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        pairs.iter().map(|(name, needed)| ((*name).to_owned(), owned(needed))).collect()
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let order = order(&needs(&[("a", &["c", "elsewhere"]), ("b", &[]), ("c", &["d"]), ("d", &["b"])]));
        assert_eq!(order, Ok(["b", "d", "c", "a"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn a_circle_is_walked_once_from_its_first_name() {
        let circle = order(&needs(&[("a", &["c"]), ("b", &["d"]), ("c", &["d"]), ("d", &["b"])]));
        assert_eq!(circle, Err(["b", "d", "b"].map(str::to_owned).to_vec()));
        assert_eq!(order(&needs(&[("a", &["a"])])), Err(vec!["a".to_owned(), "a".to_owned()]));
    }

    #[test]
    fn a_long_chain_is_only_long() {
        let name = |n: usize| format!("n{n:06}");
        let chain: Needs = (0..20_000).map(|n| (name(n), BTreeSet::from([name(n + 1)]))).collect();
        assert_eq!(order(&chain).map(|order| order.len()), Ok(20_000));
    }
}
