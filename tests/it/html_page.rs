//! `--format html`: a run as one page, and a word to whoever asks for it where there is none.

use crate::harness::Shop;

const HOST: &str = "policies: [policies/]\ntargets:\n  here: { type: host }\n";
const POLICY: &str = "target: { type: host }\nobserve: { file: { probe: file.stat, with: { path: @SHOP@/x } } }\neach: file\nfail: exists == false\nmessage: \"<b>gone</b>\"\n";

#[test]
fn a_run_is_one_page_that_needs_nothing_else() {
    let shop = Shop::new();
    shop.project(HOST).policy("files", POLICY);
    shop.run(&["check", "--format", "html=page.html"]).exits(1);
    let page = std::fs::read_to_string(shop.at("page.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"), "{page}");
    assert!(page.contains("&lt;b&gt;gone") && !page.contains("<b>gone"), "{page}");
    assert!(!page.contains("<script") && page.contains("default-src 'none'"), "{page}");
    assert!(page.contains("1 fail") && page.contains("files at here"), "{page}");
}

#[test]
fn who_has_no_page_says_so() {
    let shop = Shop::new();
    shop.project(HOST).policy("files", POLICY);
    for command in ["lint", "test", "diff"] {
        shop.run(&[command, "--format", "html"]).exits(2).says("html");
    }
}
