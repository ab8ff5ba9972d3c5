//! The page as one document.

const HTML: &str = include_str!("../../page/index.html");
const STYLE: &str = include_str!("../../page/page.css");
/// In the order in which they become one.
const SCRIPTS: [&str; 7] = [
    include_str!("../../page/state.js"),
    include_str!("../../page/pictures.js"),
    include_str!("../../page/sheet.js"),
    include_str!("../../page/player.js"),
    include_str!("../../page/detail.js"),
    include_str!("../../page/header.js"),
    include_str!("../../page/page.js"),
];

/// What the page may do: nothing with anybody but who served it.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; \
                                 img-src 'self' data: blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
                                 frame-ancestors 'none'";

/// The page, whose state is at this address.
pub fn document(state: &str) -> String {
    // Inside of a script's element, an angle bracket could end it.
    let source = serde_json::json!({"state": state}).to_string().replace('<', "\\u003c");
    HTML.replace("<!-- style -->", &format!("<style>\n{STYLE}</style>"))
        .replace(
            "<!-- source -->",
            &format!("<script type=\"application/json\" id=\"source\">{source}</script>"),
        )
        .replace("<!-- script -->", &format!("<script>\n{}</script>", SCRIPTS.join("\n")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::State;

    #[test]
    fn the_page_is_whole_and_an_address_cannot_end_its_script() {
        let page = document("https://b/state.json?a=1&b=</script><b>");
        assert!(page.contains("\\u003c/script>\\u003cb>") && !page.contains("=</script><b>"));
        assert!(!page.contains("<!-- style -->") && !page.contains("<!-- script -->"));
        assert!(!page.contains("<!-- source -->") && page.contains("</html>"));
        assert!(!page.contains("src=\"http"), "nothing comes from elsewhere");
    }

    #[test]
    fn the_page_and_the_program_agree_on_the_state() {
        let sample = include_str!("../../page/sample.json");
        let state: State = serde_json::from_str(sample).expect("a state");
        let written = serde_json::to_value(&state).expect("JSON");
        assert_eq!(written, serde_json::from_str::<serde_json::Value>(sample).expect("JSON"));
    }
}
