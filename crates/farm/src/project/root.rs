//! The folder that a project is rooted in.

/// The nearest folder that all of these places lie in; empty for the whole disk.
pub(crate) fn common_folder<'a>(places: impl IntoIterator<Item = &'a str>) -> String {
    let mut places = places.into_iter().map(folder);
    let Some(first) = places.next() else { return String::new() };
    let mut common: Vec<&str> = first.split('/').filter(|part| !part.is_empty()).collect();
    for folder in places {
        let same = common.iter().zip(folder.split('/')).take_while(|(one, other)| *one == other).count();
        common.truncate(same);
    }
    common.join("/")
}

/// A place as it is written in a project that is rooted in `root`.
pub(crate) fn within<'a>(root: &str, place: &'a str) -> &'a str {
    place.strip_prefix(root).map_or(place, |rest| rest.trim_start_matches('/'))
}

/// The folder that a place lies in; empty for the top of the disk.
pub(crate) fn folder(place: &str) -> &str {
    place.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_root_is_the_nearest_folder_of_all() {
        for (places, root) in [
            (vec!["home/ana/a.blend"], "home/ana"),
            (vec!["home/ana/shots/a.blend", "home/ana/tex/a.png"], "home/ana"),
            (vec!["home/ana/shots/a.blend", "home/ana/shots2/a.png"], "home/ana"),
            (vec!["home/ana/a.blend", "home/ana/deep/er/a.png"], "home/ana"),
            (vec!["a.blend", "home/x.png"], ""),
            (vec!["home/a.blend", "mnt/x.png"], ""),
            (vec![], ""),
        ] {
            assert_eq!(common_folder(places.iter().copied()), root, "{places:?}");
        }
        assert_eq!(within("home/ana", "home/ana/tex/a.png"), "tex/a.png");
        assert_eq!(within("", "home/x.png"), "home/x.png");
    }

    proptest! {
        #[test]
        fn every_place_lies_in_the_root(places in proptest::collection::vec("([ab]{1,2}/){0,3}[ab]\\.x", 1..6)) {
            let root = common_folder(places.iter().map(String::as_str));
            for place in &places {
                let inside = within(&root, place);
                let whole = if root.is_empty() { inside.to_owned() } else { format!("{root}/{inside}") };
                prop_assert_eq!(&whole, place);
            }
        }
    }
}
